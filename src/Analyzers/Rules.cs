using System.Resources;
using Microsoft.CodeAnalysis;

namespace Octet.Analyzers;

/// <summary>The rules of this assembly: one descriptor, one id, one page of documentation each.</summary>
public static class Rules
{
    /// <summary>Id of <see cref="FloatModelLoaded"/>.</summary>
    public const string FloatModelLoadedId = "OCT0001";

    /// <summary>Id of <see cref="CounterpartNotUsed"/>.</summary>
    public const string CounterpartNotUsedId = "OCT0002";

    /// <summary>Id of <see cref="FakeQuantization"/>.</summary>
    public const string FakeQuantizationId = "OCT0003";

    /// <summary>Id of <see cref="LosingVariantLoaded"/>.</summary>
    public const string LosingVariantLoadedId = "OCT0004";

    /// <summary>Id of <see cref="SessionCreatedRepeatedly"/>.</summary>
    public const string SessionCreatedRepeatedlyId = "OCT0005";

    /// <summary>Id of <see cref="TorchInference"/>.</summary>
    public const string TorchInferenceId = "OCT0006";

    /// <summary>Id of <see cref="ModelNotLoaded"/>.</summary>
    public const string ModelNotLoadedId = "OCT0007";

    /// <summary>
    /// Property of an OCT0002 or OCT0004 diagnostic: the shim's member as the project file's root namespace spells it, such as
    /// <c>MyApp.QuantizedModels.Direction</c>. Absent where its <c>CreateSession</c> cannot stand in for the constructor.
    /// </summary>
    public const string ShimProperty = "Shim";

    /// <summary>Property of an OCT0003 diagnostic whose additional location assigns a graph optimization level that can be raised.</summary>
    public const string LevelProperty = "Level";

    /// <summary>Property of an OCT0005 diagnostic: a name for the field that can hold the session. Absent where a static field cannot.</summary>
    public const string FieldProperty = "Field";

    /// <summary>Property of an OCT0006 diagnostic: the module that lacks a call of <c>eval</c>; the additional location is where it is loaded.</summary>
    public const string TrainingModuleProperty = "TrainingModule";

    /// <summary>Property of an OCT0006 diagnostic: gradients are recorded.</summary>
    public const string GradientsProperty = "Gradients";

    private const string HelpLinkBase = "https://github.com/octet-net/octet/blob/main/docs/diagnostics/";
    private const string Category = "Performance";

    private static readonly ResourceManager Texts = new("Octet.Analyzers.Messages", typeof(Rules).Assembly);

    /// <summary>OCT0001: a float model without a quantized counterpart is loaded. Arguments: path, what to do.</summary>
    public static readonly DiagnosticDescriptor FloatModelLoaded = new(
        FloatModelLoadedId,
        Text("OCT0001_Title"),
        Text("OCT0001_Message"),
        Category,
        DiagnosticSeverity.Info,
        isEnabledByDefault: true,
        Text("OCT0001_Description"),
        HelpLinkBase + FloatModelLoadedId + ".md");

    /// <summary>OCT0002: a float model is loaded although it has a quantized counterpart. Arguments: path, shim member.</summary>
    public static readonly DiagnosticDescriptor CounterpartNotUsed = new(
        CounterpartNotUsedId,
        Text("OCT0002_Title"),
        Text("OCT0002_Message"),
        Category,
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        Text("OCT0002_Description"),
        HelpLinkBase + CounterpartNotUsedId + ".md");

    /// <summary>OCT0003: a quantized model runs without integer kernels. Arguments: model, why and what to do.</summary>
    public static readonly DiagnosticDescriptor FakeQuantization = new(
        FakeQuantizationId,
        Text("OCT0003_Title"),
        Text("OCT0003_Message"),
        Category,
        DiagnosticSeverity.Info,
        isEnabledByDefault: true,
        Text("OCT0003_Description"),
        HelpLinkBase + FakeQuantizationId + ".md");

    /// <summary>OCT0004: a variant is loaded by its path though the build found it slower or inaccurate. Arguments: path, verdict, shim member.</summary>
    public static readonly DiagnosticDescriptor LosingVariantLoaded = new(
        LosingVariantLoadedId,
        Text("OCT0004_Title"),
        Text("OCT0004_Message"),
        Category,
        DiagnosticSeverity.Info,
        isEnabledByDefault: true,
        Text("OCT0004_Description"),
        HelpLinkBase + LosingVariantLoadedId + ".md");

    /// <summary>OCT0005: a session is made for a single use, again and again. Arguments: model, when and what to do.</summary>
    public static readonly DiagnosticDescriptor SessionCreatedRepeatedly = new(
        SessionCreatedRepeatedlyId,
        Text("OCT0005_Title"),
        Text("OCT0005_Message"),
        Category,
        DiagnosticSeverity.Info,
        isEnabledByDefault: true,
        Text("OCT0005_Description"),
        HelpLinkBase + SessionCreatedRepeatedlyId + ".md");

    /// <summary>OCT0006: TorchSharp inference costs more than it need. Argument: why and what to do.</summary>
    public static readonly DiagnosticDescriptor TorchInference = new(
        TorchInferenceId,
        Text("OCT0006_Title"),
        Text("OCT0006_Message"),
        Category,
        DiagnosticSeverity.Info,
        isEnabledByDefault: true,
        Text("OCT0006_Description"),
        HelpLinkBase + TorchInferenceId + ".md");

    /// <summary>OCT0007: nothing in the project loads a model that the build quantizes. Arguments: path, shim member.</summary>
    public static readonly DiagnosticDescriptor ModelNotLoaded = new(
        ModelNotLoadedId,
        Text("OCT0007_Title"),
        Text("OCT0007_Message"),
        Category,
        DiagnosticSeverity.Info,
        isEnabledByDefault: true,
        Text("OCT0007_Description"),
        HelpLinkBase + ModelNotLoadedId + ".md",
        WellKnownDiagnosticTags.CompilationEnd);

    internal static LocalizableString Text(string name, params string[] arguments) =>
        new LocalizableResourceString(name, Texts, typeof(Rules), arguments);
}
