using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>
/// Finds TorchSharp modules that are loaded and run (OCT0006): from a checkpoint that has no quantized counterpart, in training mode, or
/// with gradients recorded. A type that also trains is left alone.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class TorchInferenceAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(Rules.TorchInference);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            if (TorchTypes.Of(start.Compilation) is not { } torch) return;
            var models = new ProjectModels(start.Options);
            var reader = new TailReader(new KnownTypes(start.Compilation));
            start.RegisterSymbolStartAction(
                symbol =>
                {
                    // A module's own code runs the modules it is made of.
                    var type = (INamedTypeSymbol)symbol.Symbol;
                    if (torch.IsModule(type)) return;
                    var facts = new TorchFacts(torch);
                    symbol.RegisterOperationAction(
                        operation =>
                        {
                            if (!SymbolEqualityComparer.Default.Equals(operation.ContainingSymbol.ContainingType, type)) return;
                            if (operation.Operation is IInvocationOperation call) facts.Add(call, operation.ContainingSymbol);
                            else facts.Add((IArgumentOperation)operation.Operation);
                        },
                        OperationKind.Invocation,
                        OperationKind.Argument);
                    symbol.RegisterSymbolEndAction(end => Report(end, facts, torch, models, reader));
                },
                SymbolKind.NamedType);
        });
    }

    private static void Report(SymbolAnalysisContext context, TorchFacts facts, TorchTypes torch, ProjectModels models, TailReader reader)
    {
        foreach (IInvocationOperation load in facts.LoadsForInference)
        {
            // What TorchSharp itself declares, a Sequential say, has no type that an item could name.
            ITypeSymbol? module = torch.IsArchiveLoad(load.TargetMethod) ? null : load.Instance!.Type;
            if ((module is not null && torch.IsOwn(module))
                || load.Arguments.FirstOrDefault(argument => argument.Parameter is { Ordinal: 0, Type.SpecialType: SpecialType.System_String }) is not { Value: var file }
                || ModelPath.OfFile(reader.Read(file, context.CancellationToken)) is not { } path
                || models.TryFind(path.Exported, out _))
                continue;
            string text = models.IsQuantizing ? "OCT0006_AddItem" : "OCT0006_EnableAndAddItem";
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.TorchInference, load.Syntax.GetLocation(), Rules.Text(text, models.Name(path), models.ItemLine(path, module))));
        }

        foreach ((ISymbol module, IInvocationOperation run, ISymbol member, IInvocationOperation load) in facts.RunsForInference)
        {
            bool trains = facts.IsInTrainingMode(module, load);
            bool records = facts.RecordsGradients(run, member);
            if (!trains && !records) continue;

            ImmutableDictionary<string, string?> properties = ImmutableDictionary<string, string?>.Empty;
            if (trains) properties = properties.Add(Rules.TrainingModuleProperty, module.Name);
            if (records) properties = properties.Add(Rules.GradientsProperty, "");
            string text = trains && records ? "OCT0006_TrainingAndGradients" : trains ? "OCT0006_Training" : "OCT0006_Gradients";
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.TorchInference,
                run.Syntax.GetLocation(),
                ImmutableArray.Create(load.Syntax.GetLocation()),
                properties,
                Rules.Text(text, module.Name)));
        }
    }
}
