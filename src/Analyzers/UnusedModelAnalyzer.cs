using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>
/// Finds models that the build quantizes and nothing in the project loads (OCT0007). Whatever might load one without naming it, such as a
/// session on a path that is not known here, makes it say nothing.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class UnusedModelAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(Rules.ModelNotLoaded);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        // A generator's code may open a model too.
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.Analyze);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            var models = new ProjectModels(start.Options);
            if (!models.HasShims) return;
            var types = new KnownTypes(start.Compilation);
            if (types.InferenceSession is null) return;
            var search = new Search(models, types, TorchTypes.Of(start.Compilation));
            start.RegisterOperationAction(
                search.Visit,
                OperationKind.PropertyReference,
                OperationKind.MethodReference,
                OperationKind.Invocation,
                OperationKind.ObjectCreation,
                OperationKind.TypeOf,
                OperationKind.Literal);
            start.RegisterCompilationEndAction(search.Report);
        });
    }

    /// <summary>The models found so far, from several threads.</summary>
    private sealed class Search(ProjectModels models, KnownTypes types, TorchTypes? torch)
    {
        private readonly TailReader _reader = new(types);
        private readonly ConcurrentDictionary<string, bool> _loaded = new();
        private volatile bool _anyMayBeLoaded;

        public void Visit(OperationAnalysisContext context)
        {
            if (_anyMayBeLoaded || models.IsShim(context.ContainingSymbol.ContainingType)) return;
            switch (context.Operation)
            {
                case ILiteralOperation { ConstantValue: { HasValue: true, Value: string text } }:
                    // A loader of the project's own, or a name to look the model up by.
                    if (text.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase)) Load(ModelPath.OfFile(new KnownTail(text, true)));
                    else Load(models.ShimsNamed(text));
                    break;
                case IPropertyReferenceOperation { Property: { IsStatic: true } property } when models.IsShim(property.ContainingType):
                    Load([$"{property.ContainingType.ToDisplayString()}.{property.Name}"]);
                    break;
                case var operation when MayLoadAny(operation):
                    _anyMayBeLoaded = true;
                    break;
                case IInvocationOperation call when torch is not null && (torch.IsArchiveLoad(call.TargetMethod) || torch.IsCheckpointLoad(call)):
                    if (call.Arguments.FirstOrDefault()?.Value is { } checkpoint) Load(PathOf(checkpoint, context)?.Exported);
                    break;
                default:
                    if (SessionSource.Of(context.Operation, types, context.CancellationToken) is { } source) Load(PathOf(source.Path, context));
                    else if (context.Operation is IObjectCreationOperation session && types.IsSession(session.Type)) _anyMayBeLoaded = true;
                    break;
            }
        }

        public void Report(CompilationAnalysisContext context)
        {
            if (_anyMayBeLoaded) return;
            foreach ((string link, string shim) in models.Shims.Where(model => !_loaded.ContainsKey(Plain(model.Shim))))
                context.ReportDiagnostic(Diagnostic.Create(Rules.ModelNotLoaded, Location.None, link, shim));
        }

        // The generated class as a whole, or a member of Octet's that is made by hand.
        private bool MayLoadAny(IOperation operation) => operation switch
        {
            IMethodReferenceOperation reference => models.IsShim(reference.Method.ContainingType),
            IInvocationOperation call => call.TargetMethod.Name == "AddQuantizedModels" || models.IsShim(call.TargetMethod.ContainingType),
            ITypeOfOperation type => models.IsShim(type.TypeOperand as INamedTypeSymbol),
            IObjectCreationOperation creation => types.IsQuantizedModel(creation.Type),
            _ => false,
        };

        private ModelPath? PathOf(IOperation path, OperationAnalysisContext context) => ModelPath.OfFile(_reader.Read(path, context.CancellationToken));

        private void Load(ModelPath? path)
        {
            // Any of the models may lie behind a path that is not known.
            if (path is null) _anyMayBeLoaded = true;
            else Load(models.ShimsFitting(path));
        }

        private void Load(IEnumerable<string> shims)
        {
            foreach (string shim in shims) _loaded[Plain(shim)] = true;
        }

        // Symbols name themselves without the @ that the source may need.
        private static string Plain(string name) => name.Replace("@", "");
    }
}
