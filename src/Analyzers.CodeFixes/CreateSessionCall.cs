using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;
using Microsoft.CodeAnalysis.Simplification;
using Microsoft.CodeAnalysis.Text;

namespace Octet.Analyzers;

/// <summary>Writes <c>QuantizedModels.Direction.CreateSession(options)</c> in the place of a constructor call.</summary>
internal static class CreateSessionCall
{
    /// <summary>Makes the call.</summary>
    /// <param name="creation">The constructor call to replace.</param>
    /// <param name="options">Which of its arguments is the session's options, or -1.</param>
    /// <param name="shim">The member to call; its type's name is shortened to what the place allows.</param>
    public static SyntaxNode Replace(BaseObjectCreationExpressionSyntax creation, int options, Shim shim)
    {
        string type = shim.Member.ContainingType.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
        string member = shim.Member.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
        ExpressionSyntax method = SyntaxFactory.ParseExpression($"{type}.{member}.{shim.Factory.Name}")
            .WithAdditionalAnnotations(Simplifier.Annotation);
        ArgumentListSyntax arguments = Arguments(creation, options, shim.Factory.Parameters[0].Name)
            .WithAdditionalAnnotations(Formatter.Annotation);
        return SyntaxFactory.InvocationExpression(method, arguments).WithTriviaFrom(creation);
    }

    private static ArgumentListSyntax Arguments(BaseObjectCreationExpressionSyntax creation, int options, string parameter)
    {
        ArgumentListSyntax list = creation.ArgumentList!;
        SyntaxToken open = list.OpenParenToken;
        SyntaxToken close = list.CloseParenToken;
        if (options < 0)
        {
            SyntaxTriviaList left = Comments(creation, kept: default);
            if (!left.Any()) close = close.WithLeadingTrivia();
            return SyntaxFactory.ArgumentList(open.WithTrailingTrivia(left), default, close);
        }

        ArgumentSyntax kept = list.Arguments[options];
        SyntaxTriviaList comments = Comments(creation, kept.FullSpan);
        if (kept.NameColon is { } name && name.Name.Identifier.ValueText != parameter) kept = kept.WithNameColon(null).WithTriviaFrom(kept);
        if (comments.Any()) open = open.WithTrailingTrivia(comments);
        return SyntaxFactory.ArgumentList(open, SyntaxFactory.SingletonSeparatedList(kept), close);
    }

    // The comments of all that goes away, which would go with it.
    private static SyntaxTriviaList Comments(BaseObjectCreationExpressionSyntax creation, TextSpan kept)
    {
        IEnumerable<SyntaxTrivia> comments = creation.DescendantTrivia()
            .Where(trivia => trivia.IsKind(SyntaxKind.SingleLineCommentTrivia) || trivia.IsKind(SyntaxKind.MultiLineCommentTrivia))
            .Where(trivia => creation.Span.Contains(trivia.Span) && !kept.Contains(trivia.Span));
        return SyntaxFactory.TriviaList(comments.SelectMany(comment => comment.IsKind(SyntaxKind.SingleLineCommentTrivia)
            ? new[] { SyntaxFactory.Space, comment, creation.DescendantTrivia().First(trivia => trivia.IsKind(SyntaxKind.EndOfLineTrivia)) }
            : [comment, SyntaxFactory.Space]));
    }
}
