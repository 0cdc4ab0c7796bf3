using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Octet.Analyzers;

/// <summary>
/// Finds sessions on quantized models whose options keep ONNX Runtime from its integer kernels (OCT0003): the model computes in
/// float, and converts to 8 bits and back around every node.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class FakeQuantizationAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(Rules.FakeQuantization);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            var types = new KnownTypes(start.Compilation);
            if (types.InferenceSession is null) return;
            var models = new ProjectModels(start.Options);
            var reader = new TailReader(types);
            start.RegisterOperationAction(
                operation => Analyze(operation, types, models, reader), OperationKind.ObjectCreation, OperationKind.Invocation);
        });
    }

    private static void Analyze(OperationAnalysisContext context, KnownTypes types, ProjectModels models, TailReader reader)
    {
        if (OpenedSession.Of(context.Operation, types, reader, context.CancellationToken) is not { Options: { } options } session
            || session.Path is { IsInteger: false }
            || models.IsShim(context.ContainingSymbol.ContainingType)
            || SessionSetting.Of(options, types, context.CancellationToken) is not { } setting)
            return;

        ImmutableDictionary<string, string?> properties = ImmutableDictionary<string, string?>.Empty;
        if (setting.IsLevel) properties = properties.Add(Rules.LevelProperty, "");
        LocalizableString remedy = Rules.Text(setting.IsLevel ? "OCT0003_RaiseLevel" : "OCT0003_OtherProvider", setting.Name);
        context.ReportDiagnostic(Diagnostic.Create(
            Rules.FakeQuantization,
            context.Operation.Syntax.GetLocation(),
            ImmutableArray.Create(setting.Syntax.GetLocation()),
            properties,
            session.Name(models),
            remedy));
    }
}
