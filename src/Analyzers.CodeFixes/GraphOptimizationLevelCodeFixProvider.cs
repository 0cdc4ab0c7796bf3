using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;

namespace Octet.Analyzers;

/// <summary>Fixes OCT0003: raises the graph optimization level to the one that fuses quantized models into integer kernels.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(GraphOptimizationLevelCodeFixProvider)), Shared]
public sealed class GraphOptimizationLevelCodeFixProvider : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ImmutableArray.Create(Rules.FakeQuantizationId);

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
            if (LevelName(root, diagnostic) is null) continue;
            context.RegisterCodeFix(
                CodeAction.Create(
                    FixTitles.Of("OCT0003_Fix"),
                    cancellation => Fix(context.Document, ImmutableArray.Create(diagnostic), cancellation),
                    equivalenceKey: Rules.FakeQuantizationId),
                diagnostic);
        }
    }

    private static async Task<Document> Fix(Document document, ImmutableArray<Diagnostic> diagnostics, CancellationToken cancellationToken)
    {
        DocumentEditor editor = await DocumentEditor.CreateAsync(document, cancellationToken).ConfigureAwait(false);
        // Several sessions may share one options object.
        foreach (IdentifierNameSyntax level in diagnostics.Select(diagnostic => LevelName(editor.OriginalRoot, diagnostic)).OfType<IdentifierNameSyntax>().Distinct())
            editor.ReplaceNode(level, SyntaxFactory.IdentifierName("ORT_ENABLE_ALL").WithTriviaFrom(level));
        return editor.GetChangedDocument();
    }

    // The level's own name: what qualifies it stays as it is. Null where the value is a constant of another name.
    private static IdentifierNameSyntax? LevelName(SyntaxNode root, Diagnostic diagnostic)
    {
        if (!diagnostic.Properties.ContainsKey(Rules.LevelProperty) || diagnostic.AdditionalLocations is not [var location, ..]) return null;
        return root.FindNode(location.SourceSpan, getInnermostNodeForTie: true) is AssignmentExpressionSyntax { Right: var value }
            && (value is MemberAccessExpressionSyntax access ? access.Name : value)
                is IdentifierNameSyntax { Identifier.ValueText: "ORT_DISABLE_ALL" or "ORT_ENABLE_BASIC" } name ? name : null;
    }
}
