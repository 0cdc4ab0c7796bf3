using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Editing;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>Fixes OCT0002 and OCT0004: opens the model through the member that the build generated for it.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(QuantizedModelCodeFixProvider)), Shared]
public sealed class QuantizedModelCodeFixProvider : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } =
        ImmutableArray.Create(Rules.CounterpartNotUsedId, Rules.LosingVariantLoadedId);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() =>
        FixAllProvider.Create(static async (context, document, diagnostics) =>
            await Fix(document, diagnostics, context.CancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        if (await context.Document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false) is not { } model) return;
        foreach (Diagnostic diagnostic in context.Diagnostics)
        {
            if (Replacement.For(diagnostic, model, context.CancellationToken) is null) continue;
            context.RegisterCodeFix(
                CodeAction.Create(
                    FixTitles.Of("OCT0002_Fix"),
                    cancellation => Fix(context.Document, ImmutableArray.Create(diagnostic), cancellation),
                    equivalenceKey: diagnostic.Id),
                diagnostic);
        }
    }

    private static async Task<Document> Fix(Document document, ImmutableArray<Diagnostic> diagnostics, CancellationToken cancellationToken)
    {
        DocumentEditor editor = await DocumentEditor.CreateAsync(document, cancellationToken).ConfigureAwait(false);
        foreach (Diagnostic diagnostic in diagnostics)
        {
            if (Replacement.For(diagnostic, editor.SemanticModel, cancellationToken) is not { } replacement) continue;
            // The current node, for one constructor call may stand among the arguments of another.
            editor.ReplaceNode(replacement.Creation, (current, _) =>
                CreateSessionCall.Replace((BaseObjectCreationExpressionSyntax)current, replacement.Options, replacement.Shim));
        }
        return editor.GetChangedDocument();
    }

    /// <summary>A constructor call that can be replaced, the position of its options (-1: none), and what replaces it.</summary>
    private sealed record Replacement(BaseObjectCreationExpressionSyntax Creation, int Options, Shim Shim)
    {
        public static Replacement? For(Diagnostic diagnostic, SemanticModel model, CancellationToken cancellationToken)
        {
            if (diagnostic.Properties.TryGetValue(Rules.ShimProperty, out string? name) && name is not null
                && Shim.Find(model.Compilation, name) is { } shim
                && model.SyntaxTree.GetRoot(cancellationToken).FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true)
                    is BaseObjectCreationExpressionSyntax { ArgumentList: { ContainsDirectives: false } list } creation
                && model.GetOperation(creation, cancellationToken) is IObjectCreationOperation operation)
            {
                IArgumentOperation? options = operation.Arguments
                    .FirstOrDefault(argument => argument.Parameter is { Type.Name: "SessionOptions" });
                return new Replacement(creation, list.Arguments.IndexOf(argument => argument == options?.Syntax), shim);
            }
            return null;
        }
    }
}
