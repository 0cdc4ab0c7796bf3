using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;
using Microsoft.CodeAnalysis.Formatting;
using Microsoft.CodeAnalysis.Simplification;

namespace Octet.Analyzers;

/// <summary>Fixes OCT0006: <c>eval</c> behind the load, <c>torch.no_grad</c> before the run.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(TorchInferenceCodeFixProvider)), Shared]
public sealed class TorchInferenceCodeFixProvider : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ImmutableArray.Create(Rules.TorchInferenceId);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() =>
        FixAllProvider.Create(static async (context, document, diagnostics) =>
            await Fix(document, diagnostics, context.CancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        if (await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false) is not { } root) return;
        foreach (Diagnostic diagnostic in context.Diagnostics)
        {
            if (Insertions(root, diagnostic).Length == 0) continue;
            context.RegisterCodeFix(
                CodeAction.Create(
                    FixTitles.Of("OCT0006_Fix"),
                    cancellation => Fix(context.Document, ImmutableArray.Create(diagnostic), cancellation),
                    equivalenceKey: Rules.TorchInferenceId),
                diagnostic);
        }
    }

    private static async Task<Document> Fix(Document document, ImmutableArray<Diagnostic> diagnostics, CancellationToken cancellationToken)
    {
        DocumentEditor editor = await DocumentEditor.CreateAsync(document, cancellationToken).ConfigureAwait(false);
        // Two runs of one module want one call of eval, two runs in one block one scope without gradients.
        IEnumerable<Insertion> insertions = diagnostics.OrderBy(diagnostic => diagnostic.Location.SourceSpan.Start)
            .SelectMany(diagnostic => Insertions(editor.OriginalRoot, diagnostic)).Distinct();
        List<SyntaxNode> scopes = [];
        foreach (Insertion insertion in insertions)
        {
            if (insertion.Module is { } module) editor.InsertAfter(insertion.Place, Parse($"{module}.eval();", insertion.Place));
            else if (!scopes.Any(scope => scope.Contains(insertion.Place)))
            {
                scopes.Add(insertion.Place.Parent!);
                string name = Free("noGradients", editor.SemanticModel, insertion.Place.SpanStart);
                editor.InsertBefore(insertion.Place, Parse($"using var {name} = global::TorchSharp.torch.no_grad();", insertion.Place));
            }
        }
        return editor.GetChangedDocument();
    }

    private static string Free(string name, SemanticModel model, int position)
    {
        string free = name;
        for (int number = 2; model.LookupSymbols(position, name: free).Any(); number++) free = name + number;
        return free;
    }

    // A statement as its place takes it: in a block, or among the top-level ones.
    private static SyntaxNode Parse(string text, SyntaxNode place)
    {
        SyntaxTrivia endOfLine = place.SyntaxTree.GetRoot().DescendantTrivia().FirstOrDefault(trivia => trivia.IsKind(SyntaxKind.EndOfLineTrivia));
        StatementSyntax statement = SyntaxFactory.ParseStatement(text).WithTrailingTrivia(endOfLine).WithAdditionalAnnotations(Formatter.Annotation);
        statement = statement.ReplaceNodes(
            statement.DescendantNodes().OfType<MemberAccessExpressionSyntax>().Where(access => access.Expression is AliasQualifiedNameSyntax || access.Parent is InvocationExpressionSyntax),
            (_, access) => access.WithAdditionalAnnotations(Simplifier.Annotation));
        return place is GlobalStatementSyntax ? SyntaxFactory.GlobalStatement(statement) : statement;
    }

    private static Insertion[] Insertions(SyntaxNode root, Diagnostic diagnostic)
    {
        List<Insertion> insertions = [];
        if (diagnostic.Properties.TryGetValue(Rules.TrainingModuleProperty, out string? module) && module is not null)
        {
            if (diagnostic.AdditionalLocations is not [{ SourceTree: { } tree } load, ..] || tree != root.SyntaxTree || Statement(root, load) is not { } place) return [];
            insertions.Add(new Insertion(place, module));
        }
        if (diagnostic.Properties.ContainsKey(Rules.GradientsProperty))
        {
            if (Statement(root, diagnostic.Location) is not { } place) return [];
            insertions.Add(new Insertion(place, null));
        }
        return [.. insertions];
    }

    // The statement around an expression, where others can stand beside it; null in expression bodies and initializers.
    private static SyntaxNode? Statement(SyntaxNode root, Location location)
    {
        SyntaxNode? node = root.FindNode(location.SourceSpan, getInnermostNodeForTie: true);
        while (node is not null and not (StatementSyntax or MemberDeclarationSyntax or AnonymousFunctionExpressionSyntax)) node = node.Parent;
        return node is StatementSyntax { Parent: BlockSyntax } ? node : node?.Parent as GlobalStatementSyntax;
    }

    /// <summary>What goes in: behind <paramref name="Place"/> a call of the module's <c>eval</c>, or before it a scope without gradients.</summary>
    private sealed record Insertion(SyntaxNode Place, string? Module);
}
