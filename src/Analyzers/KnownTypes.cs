using Microsoft.CodeAnalysis;

namespace Octet.Analyzers;

/// <summary>The types the analysis looks for, resolved once a compilation. What is absent is null and equals nothing.</summary>
internal sealed class KnownTypes
{
    private readonly INamedTypeSymbol? _appContext;
    private readonly INamedTypeSymbol? _appDomain;
    private readonly INamedTypeSymbol? _file;
    private readonly INamedTypeSymbol? _onnxCatalog;
    private readonly INamedTypeSymbol? _path;
    private readonly INamedTypeSymbol? _quantizedModel;
    private readonly INamedTypeSymbol? _sessionOptions;

    public KnownTypes(Compilation compilation)
    {
        InferenceSession = compilation.GetTypeByMetadataName("Microsoft.ML.OnnxRuntime.InferenceSession");
        _sessionOptions = compilation.GetTypeByMetadataName("Microsoft.ML.OnnxRuntime.SessionOptions");
        _onnxCatalog = compilation.GetTypeByMetadataName("Microsoft.ML.OnnxCatalog");
        _quantizedModel = compilation.GetTypeByMetadataName("Octet.QuantizedModel");
        _appContext = compilation.GetTypeByMetadataName("System.AppContext");
        _appDomain = compilation.GetTypeByMetadataName("System.AppDomain");
        _file = compilation.GetTypeByMetadataName("System.IO.File");
        _path = compilation.GetTypeByMetadataName("System.IO.Path");
    }

    public INamedTypeSymbol? InferenceSession { get; }

    /// <summary>True when the compilation can open an ONNX model at all.</summary>
    public bool CanOpenModels => InferenceSession is not null || _onnxCatalog is not null;

    public bool IsSession(ITypeSymbol? type) => Same(type, InferenceSession);

    public bool IsSessionOptions(ITypeSymbol? type) => Same(type, _sessionOptions);

    /// <summary>True for the type of the generated class's members, <c>Octet.QuantizedModel</c>.</summary>
    public bool IsQuantizedModel(ITypeSymbol? type) => Same(type, _quantizedModel);

    /// <summary>True for the class with ML.NET's <c>ApplyOnnxModel</c>.</summary>
    public bool IsOnnxCatalog(ITypeSymbol? type) => Same(type, _onnxCatalog);

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
