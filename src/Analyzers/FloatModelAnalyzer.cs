using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Octet.Analyzers;

/// <summary>
/// Finds the code that opens a float ONNX model by its path: OCT0001 when the project does not quantize that model yet,
/// OCT0002 when it does and the generated member is not used; and the code that opens a variant by its path although the build found
/// it slower or inaccurate: OCT0004.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class FloatModelAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        ImmutableArray.Create(Rules.FloatModelLoaded, Rules.CounterpartNotUsed, Rules.LosingVariantLoaded);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            var types = new KnownTypes(start.Compilation);
            if (!types.CanOpenModels) return;
            var models = new ProjectModels(start.Options);
            var reader = new TailReader(types);
            start.RegisterOperationAction(
                operation => Analyze(operation, types, models, reader), OperationKind.ObjectCreation, OperationKind.Invocation);
        });
    }

    private static void Analyze(OperationAnalysisContext context, KnownTypes types, ProjectModels models, TailReader reader)
    {
        IOperation opening = context.Operation;
        if (SessionSource.Of(opening, types, context.CancellationToken) is not { } source
            || models.IsShim(context.ContainingSymbol.ContainingType)
            || ModelPath.OfModel(reader.Read(source.Path, context.CancellationToken)) is not { } path)
            return;

        if (models.TryFind(path, out string? shim))
        {
            if (shim is null) return;
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.CounterpartNotUsed, opening.Syntax.GetLocation(), Properties(shim), models.Name(path), shim));
        }
        else if (path.IsVariant)
        {
            if (models.VerdictOn(path) is not ("slower" or "inaccurate") || !models.TryFind(path.Source, out shim) || shim is null) return;
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.LosingVariantLoaded, opening.Syntax.GetLocation(), Properties(shim), models.Name(path), models.VerdictOn(path), shim));
        }
        else
        {
            string name = models.IsQuantizing ? "OCT0001_AddItem" : "OCT0001_EnableAndAddItem";
            LocalizableString advice = Rules.Text(name, models.ItemLine(path));
            context.ReportDiagnostic(Diagnostic.Create(Rules.FloatModelLoaded, opening.Syntax.GetLocation(), models.Name(path), advice));
        }

        ImmutableDictionary<string, string?> Properties(string member) => source.IsReplaceable
            ? ImmutableDictionary<string, string?>.Empty.Add(Rules.ShimProperty, member)
            : ImmutableDictionary<string, string?>.Empty;
    }
}
