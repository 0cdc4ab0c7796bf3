using Microsoft.CodeAnalysis;

namespace Octet.Analyzers;

/// <summary>The types the analysis looks for, resolved once a compilation. What is absent is null and equals nothing.</summary>
internal sealed class KnownTypes
{
    private readonly INamedTypeSymbol? _appContext;
    private readonly INamedTypeSymbol? _appDomain;
    private readonly INamedTypeSymbol? _file;
    private readonly INamedTypeSymbol? _path;
    private readonly INamedTypeSymbol? _sessionOptions;

    public KnownTypes(Compilation compilation)
    {
        InferenceSession = compilation.GetTypeByMetadataName("Microsoft.ML.OnnxRuntime.InferenceSession");
        _sessionOptions = compilation.GetTypeByMetadataName("Microsoft.ML.OnnxRuntime.SessionOptions");
        _appContext = compilation.GetTypeByMetadataName("System.AppContext");
        _appDomain = compilation.GetTypeByMetadataName("System.AppDomain");
        _file = compilation.GetTypeByMetadataName("System.IO.File");
        _path = compilation.GetTypeByMetadataName("System.IO.Path");
    }

    public INamedTypeSymbol? InferenceSession { get; }

    public bool IsSession(ITypeSymbol? type) => Same(type, InferenceSession);

    public bool IsSessionOptions(ITypeSymbol type) => Same(type, _sessionOptions);

    public bool IsFile(ITypeSymbol type) => Same(type, _file);

    public bool IsPath(ITypeSymbol type) => Same(type, _path);

    /// <summary>True for <c>AppContext.BaseDirectory</c> and its older sister, which end with a separator.</summary>
    public bool IsBaseDirectory(IPropertySymbol property) =>
        property.Name == "BaseDirectory" && (Same(property.ContainingType, _appContext) || Same(property.ContainingType, _appDomain));

    /// <summary>True for <c>Path.DirectorySeparatorChar</c> and the alternative one.</summary>
    public bool IsDirectorySeparator(IFieldSymbol field) =>
        field.Name is "DirectorySeparatorChar" or "AltDirectorySeparatorChar" && IsPath(field.ContainingType);

    private static bool Same(ITypeSymbol? type, INamedTypeSymbol? known) =>
        known is not null && SymbolEqualityComparer.Default.Equals(type, known);
}
