using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>The types of TorchSharp that the analysis looks for.</summary>
internal sealed class TorchTypes
{
    private readonly INamedTypeSymbol _torch;
    private readonly INamedTypeSymbol _module;
    private readonly INamedTypeSymbol? _jit;

    private TorchTypes(INamedTypeSymbol torch, INamedTypeSymbol module, INamedTypeSymbol? jit) => (_torch, _module, _jit) = (torch, module, jit);

    /// <summary>Looks the types up; null when the compilation does not use TorchSharp.</summary>
    public static TorchTypes? Of(Compilation compilation) =>
        compilation.GetTypeByMetadataName("TorchSharp.torch") is { } torch && compilation.GetTypeByMetadataName("TorchSharp.torch+nn+Module") is { } module
            ? new TorchTypes(torch, module, compilation.GetTypeByMetadataName("TorchSharp.torch+jit")) : null;

    /// <summary>True for a module's type.</summary>
    public bool IsModule(ITypeSymbol? type)
    {
        for (; type is not null; type = type.BaseType)
            if (SymbolEqualityComparer.Default.Equals(type, _module)) return true;
        return false;
    }

    /// <summary>True for a type that TorchSharp itself declares.</summary>
    public bool IsOwn(ITypeSymbol? type) =>
        type is not null && (SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, _torch.ContainingAssembly)
            && type.ContainingNamespace?.ToDisplayString().StartsWith("TorchSharp", StringComparison.Ordinal) == true);

    /// <summary>True for <c>torch.jit.load</c>.</summary>
    public bool IsArchiveLoad(IMethodSymbol method) =>
        method.Name == "load" && _jit is not null && SymbolEqualityComparer.Default.Equals(method.ContainingType, _jit);

    /// <summary>True for <c>module.load</c>.</summary>
    public bool IsCheckpointLoad(IInvocationOperation call) => call is { TargetMethod.Name: "load", Instance.Type: var type } && IsModule(type);

    /// <summary>True for <c>module.forward</c> and <c>module.call</c>.</summary>
    public bool IsRun(IInvocationOperation call) => call is { TargetMethod.Name: "forward" or "call", Instance.Type: var type } && IsModule(type);

    /// <summary>True for what turns the recording of gradients on or off.</summary>
    public bool IsGradientSwitch(IMethodSymbol method) =>
        method.Name is "no_grad" or "inference_mode" or "set_grad_enabled" or "enable_grad"
        && SymbolEqualityComparer.Default.Equals(method.ContainingType, _torch);

    /// <summary>The variable, field or property that holds the module a call is made on, also where the call stands in what is assigned to it.</summary>
    public ISymbol? Holder(IInvocationOperation call)
    {
        for (IOperation? receiver = Receiver(call); receiver is not null; receiver = receiver is IInvocationOperation inner ? Receiver(inner) : null)
            if (Named(receiver) is { } symbol) return symbol;
        IOperation value = call;
        while (value.Parent is IConversionOperation or IArgumentOperation or IInvocationOperation)
        {
            if (value.Parent is IInvocationOperation outer && Receiver(outer) is null) return null;
            value = value.Parent;
        }
        return value.Parent switch
        {
            IVariableInitializerOperation { Parent: IVariableDeclaratorOperation variable } => variable.Symbol,
            ISimpleAssignmentOperation assignment when assignment.Value == value => Named(assignment.Target),
            IFieldInitializerOperation { InitializedFields: [var field, ..] } => field,
            IPropertyInitializerOperation { InitializedProperties: [var property, ..] } => property,
            _ => null,
        };
    }

    // A module's own methods and extension methods return the module.
    private IOperation? Receiver(IInvocationOperation call)
    {
        IOperation? receiver = call.Instance
            ?? (call.TargetMethod.IsExtensionMethod ? call.Arguments.FirstOrDefault(argument => argument.Parameter is { Ordinal: 0 })?.Value : null);
        while (receiver is IConversionOperation conversion) receiver = conversion.Operand;
        return IsModule(receiver?.Type) ? receiver : null;
    }

    /// <summary>What an expression names.</summary>
    public static ISymbol? Named(IOperation operation) => operation switch
    {
        ILocalReferenceOperation local => local.Local,
        IFieldReferenceOperation field => field.Field,
        IPropertyReferenceOperation property => property.Property,
        IParameterReferenceOperation parameter => parameter.Parameter,
        _ => null,
    };
}
