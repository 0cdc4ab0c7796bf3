using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>Finds sessions that are made for a single use, on each call or in a loop (OCT0005): loading the model takes longer than running it.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class SessionLifetimeAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(Rules.SessionCreatedRepeatedly);

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
            IMethodSymbol? entryPoint = start.Compilation.GetEntryPoint(start.CancellationToken);
            start.RegisterOperationAction(
                operation => Analyze(operation, types, models, reader, entryPoint), OperationKind.ObjectCreation, OperationKind.Invocation);
        });
    }

    private static void Analyze(
        OperationAnalysisContext context, KnownTypes types, ProjectModels models, TailReader reader, IMethodSymbol? entryPoint)
    {
        IOperation opening = context.Operation;
        if (OpenedSession.Of(opening, types, reader, context.CancellationToken) is not { } session
            || models.IsShim(context.ContainingSymbol.ContainingType)
            || !IsOneModel(opening)
            || !SessionUse.IsRunAndDropped(opening))
            return;

        bool isInLoop = SessionUse.LoopAround(opening) is not null;
        if (!isInLoop && !SessionUse.IsCalledOften(opening, context.ContainingSymbol, entryPoint)) return;

        ImmutableDictionary<string, string?> properties = ImmutableDictionary<string, string?>.Empty;
        if (SessionUse.CanBeStatic(opening)) properties = properties.Add(Rules.FieldProperty, FieldName(session));
        context.ReportDiagnostic(Diagnostic.Create(
            Rules.SessionCreatedRepeatedly,
            opening.Syntax.GetLocation(),
            properties,
            session.Name(models),
            Rules.Text(isInLoop ? "OCT0005_InLoop" : "OCT0005_PerCall")));
    }

    // The same model each time: not one that a parameter or a loop's variable decides.
    private static bool IsOneModel(IOperation opening) => opening switch
    {
        IObjectCreationOperation creation => creation.Arguments.Where(argument => argument.Parameter is { Ordinal: 0 }).All(argument => SessionUse.IsSameEachTime(argument.Value)),
        IInvocationOperation call => call.Instance is IPropertyReferenceOperation { Property.IsStatic: true },
        _ => false,
    };

    // models/text-line.onnx and QuantizedModels.TextLine: TextLineSession.
    private static string FieldName(OpenedSession session)
    {
        string model = session.Path is { Segments: [.., var file] } ? file.Substring(0, file.IndexOf('.')) : session.Member!.Substring(session.Member.LastIndexOf('.') + 1);
        IEnumerable<string> words = new string([.. model.Select(letter => char.IsLetterOrDigit(letter) ? letter : ' ')])
            .Split([' '], StringSplitOptions.RemoveEmptyEntries)
            .Select(word => char.ToUpperInvariant(word[0]) + word.Substring(1));
        string name = string.Concat(words);
        return (name.Length > 0 && char.IsLetter(name[0]) ? name : "Model" + name) + "Session";
    }
}
