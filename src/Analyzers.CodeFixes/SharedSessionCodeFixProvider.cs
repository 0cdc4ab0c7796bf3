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

/// <summary>Fixes OCT0005: makes the session once, in a static field that the calls share (a session may run on several threads at once).</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(SharedSessionCodeFixProvider)), Shared]
public sealed class SharedSessionCodeFixProvider : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ImmutableArray.Create(Rules.SessionCreatedRepeatedlyId);

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
            if (Move.For(diagnostic, root) is null) continue;
            context.RegisterCodeFix(
                CodeAction.Create(
                    FixTitles.Of("OCT0005_Fix"),
                    cancellation => Fix(context.Document, ImmutableArray.Create(diagnostic), cancellation),
                    equivalenceKey: Rules.SessionCreatedRepeatedlyId),
                diagnostic);
        }
    }

    private static async Task<Document> Fix(Document document, ImmutableArray<Diagnostic> diagnostics, CancellationToken cancellationToken)
    {
        DocumentEditor editor = await DocumentEditor.CreateAsync(document, cancellationToken).ConfigureAwait(false);
        IEnumerable<Move> moves = diagnostics.Select(diagnostic => Move.For(diagnostic, editor.OriginalRoot)).OfType<Move>();
        foreach (IGrouping<TypeDeclarationSyntax, Move> type in moves.GroupBy(move => move.Type))
        {
            var fields = new Dictionary<string, string>();
            // Sessions made in the same words are one session.
            foreach (IGrouping<string, Move> same in type.GroupBy(move => move.Session.NormalizeWhitespace().ToFullString()))
            {
                string name = Free(same.First(), editor.SemanticModel, [.. fields.Values]);
                fields.Add(same.Key, name);
                foreach (Move move in same) editor.ReplaceNode(move.Place, (current, _) => move.Rewrite(current, name));
            }
            int afterStaticFields = type.Key.Members.TakeWhile(member => member is FieldDeclarationSyntax && member.Modifiers.Any(SyntaxKind.StaticKeyword)).Count();
            editor.InsertMembers(type.Key, afterStaticFields, type.GroupBy(move => move.Session.NormalizeWhitespace().ToFullString())
                .Select(same => Field(fields[same.Key], same.First().Session)));
        }
        return editor.GetChangedDocument();
    }

    private static string Free(Move move, SemanticModel model, string[] taken)
    {
        string name = move.Name;
        for (int number = 2; taken.Contains(name) || model.LookupSymbols(move.Session.SpanStart, name: name).Any(); number++) name = move.Name + number;
        return name;
    }

    private static MemberDeclarationSyntax Field(string name, ExpressionSyntax session) =>
        SyntaxFactory.FieldDeclaration(
            SyntaxFactory.VariableDeclaration(
                SyntaxFactory.ParseTypeName("global::Microsoft.ML.OnnxRuntime.InferenceSession").WithAdditionalAnnotations(Simplifier.Annotation),
                SyntaxFactory.SingletonSeparatedList(SyntaxFactory.VariableDeclarator(
                    SyntaxFactory.Identifier(name), null, SyntaxFactory.EqualsValueClause(session.WithoutTrivia())))))
            .AddModifiers(
                SyntaxFactory.Token(SyntaxKind.PrivateKeyword), SyntaxFactory.Token(SyntaxKind.StaticKeyword), SyntaxFactory.Token(SyntaxKind.ReadOnlyKeyword))
            .WithAdditionalAnnotations(Formatter.Annotation);

    /// <summary>A session that can become a field of the type around it.</summary>
    /// <param name="Session">The expression that makes it.</param>
    /// <param name="Place">What is rewritten: the declaration or using statement of its variable, or the expression itself.</param>
    /// <param name="Type">The type that gets the field.</param>
    /// <param name="Name">The field's name, where it is free.</param>
    private sealed record Move(ExpressionSyntax Session, SyntaxNode Place, TypeDeclarationSyntax Type, string Name)
    {
        public static Move? For(Diagnostic diagnostic, SyntaxNode root)
        {
            if (!diagnostic.Properties.TryGetValue(Rules.FieldProperty, out string? name) || name is null
                || root.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true) is not ExpressionSyntax { ContainsDirectives: false } session
                || session.FirstAncestorOrSelf<TypeDeclarationSyntax>() is not { } type || type is InterfaceDeclarationSyntax)
                return null;
            return session.Parent switch
            {
                EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax { Variables.Count: 1, Parent: var place } } variable }
                    when place is LocalDeclarationStatementSyntax or UsingStatementSyntax && !IsDisposed(variable, place) => new Move(session, place, type, name),
                MemberAccessExpressionSyntax => new Move(session, session, type, name),
                _ => null,
            };
        }

        /// <summary>What takes the place: the variable stays, as another name of the field, and nothing disposes of it.</summary>
        public SyntaxNode Rewrite(SyntaxNode place, string field)
        {
            IdentifierNameSyntax name = SyntaxFactory.IdentifierName(field);
            return place switch
            {
                LocalDeclarationStatementSyntax local => local.ReplaceNode(local.Declaration.Variables[0].Initializer!.Value, name)
                    .WithUsingKeyword(default).WithAwaitKeyword(default).WithTriviaFrom(local),
                UsingStatementSyntax { Declaration: { } variable } statement => SyntaxFactory.Block(
                        SyntaxFactory.LocalDeclarationStatement(variable.ReplaceNode(variable.Variables[0].Initializer!.Value, name))).AddStatements(
                        statement.Statement is BlockSyntax block ? [.. block.Statements] : [statement.Statement])
                    .WithTriviaFrom(statement).WithAdditionalAnnotations(Formatter.Annotation),
                _ => name.WithTriviaFrom(place),
            };
        }

        // A call of Dispose would end the session for all other calls.
        private static bool IsDisposed(VariableDeclaratorSyntax variable, SyntaxNode place) =>
            (place is UsingStatementSyntax ? place : place.Parent!).DescendantNodes().OfType<MemberAccessExpressionSyntax>().Any(access =>
                access is { Name.Identifier.ValueText: "Dispose", Expression: IdentifierNameSyntax { Identifier: var name } } && name.ValueText == variable.Identifier.ValueText);
    }
}
