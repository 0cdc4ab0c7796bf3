using Microsoft.CodeAnalysis;

namespace Octet.Analyzers;

/// <summary>A generated member that opens a model, such as <c>MyApp.QuantizedModels.Direction</c>.</summary>
/// <param name="Member">The static property.</param>
/// <param name="Factory">Its type's <c>CreateSession(SessionOptions? options = null)</c>.</param>
internal sealed record Shim(IPropertySymbol Member, IMethodSymbol Factory)
{
    /// <summary>Finds the member by its full name; null when the compilation does not have it as the fix needs it.</summary>
    public static Shim? Find(Compilation compilation, string name)
    {
        string[] parts = [.. name.Split('.').Select(part => part.TrimStart('@'))];
        INamedTypeSymbol? session = compilation.GetTypeByMetadataName("Microsoft.ML.OnnxRuntime.InferenceSession");
        INamedTypeSymbol? type = compilation.Assembly.GetTypeByMetadataName(string.Join(".", parts.Take(parts.Length - 1)));
        return (from member in type?.GetMembers(parts[^1]).OfType<IPropertySymbol>() ?? []
                where member.IsStatic
                from factory in member.Type.GetMembers("CreateSession").OfType<IMethodSymbol>()
                where factory.Parameters is [{ IsOptional: true, Type.Name: "SessionOptions" }]
                    && SymbolEqualityComparer.Default.Equals(factory.ReturnType, session)
                select new Shim(member, factory)).FirstOrDefault();
    }
}
