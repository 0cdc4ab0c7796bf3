using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>
/// Finds the code that opens a float ONNX model by its path: OCT0001 when the project does not quantize that model yet,
/// OCT0002 when it does and the generated member is not used.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class FloatModelAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        ImmutableArray.Create(Rules.FloatModelLoaded, Rules.CounterpartNotUsed);

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
            start.RegisterOperationAction(operation => Analyze(operation, types, models, reader), OperationKind.ObjectCreation);
        });
    }

    private static void Analyze(OperationAnalysisContext context, KnownTypes types, ProjectModels models, TailReader reader)
    {
        var creation = (IObjectCreationOperation)context.Operation;
        if (!types.IsSession(creation.Type) || models.IsShim(context.ContainingSymbol.ContainingType)) return;

        if (SessionSource.Of(creation, types) is not { } source
            || ModelPath.OfModel(reader.Read(source.Path, context.CancellationToken)) is not { } path)
            return;

        if (models.TryFind(path, out string? shim))
        {
            if (shim is null) return;
            ImmutableDictionary<string, string?> properties = ImmutableDictionary<string, string?>.Empty;
            if (source.IsReplaceable) properties = properties.Add(Rules.ShimProperty, shim);
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.CounterpartNotUsed, creation.Syntax.GetLocation(), properties, models.Name(path), shim));
        }
        else if (!path.IsVariant)
        {
            string name = models.IsQuantizing ? "OCT0001_AddItem" : "OCT0001_EnableAndAddItem";
            LocalizableString advice = Rules.Text(name, models.ItemLine(path));
            context.ReportDiagnostic(Diagnostic.Create(Rules.FloatModelLoaded, creation.Syntax.GetLocation(), models.Name(path), advice));
        }
    }
}
