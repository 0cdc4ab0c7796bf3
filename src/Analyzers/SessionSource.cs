using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>What a session is made from: by a constructor of <c>InferenceSession</c>, a factory method, or ML.NET.</summary>
/// <param name="Path">The expression of the model's path.</param>
/// <param name="IsReplaceable">True when <c>CreateSession(SessionOptions?)</c> can take the operation's place.</param>
internal sealed record SessionSource(IOperation Path, bool IsReplaceable)
{
    /// <summary>Reads an operation; null when it opens no model, or one from memory of unknown origin.</summary>
    public static SessionSource? Of(IOperation operation, KnownTypes types, CancellationToken cancellationToken) => operation switch
    {
        IObjectCreationOperation creation => Of(creation, types),
        IInvocationOperation { TargetMethod: { Name: "ApplyOnnxModel" } method } call when types.IsOnnxCatalog(method.ContainingType) =>
            call.Arguments.FirstOrDefault(argument => argument.Parameter is { Name: "modelFile" }) is { Value: var file } ? new SessionSource(file, false) : null,
        IInvocationOperation call when types.IsSession(call.TargetMethod.ReturnType) => OfFactory(call, types, cancellationToken),
        _ => null,
    };

    /// <summary>Reads a constructor call; null when it makes no session, or one from memory of unknown origin.</summary>
    public static SessionSource? Of(IObjectCreationOperation creation, KnownTypes types)
    {
        if (!types.IsSession(creation.Type)
            || creation.Arguments.FirstOrDefault(argument => argument.Parameter is { Ordinal: 0 }) is not { Value: var model })
            return null;

        bool replaceable = creation.Initializer is null && creation.Arguments.All(argument =>
            argument.Parameter is { } parameter && (parameter.Ordinal == 0 || types.IsSessionOptions(parameter.Type)));
        // Bytes kept in a variable may have other uses, so that call stays with its owner.
        bool isVariable = model is ILocalReferenceOperation;
        return PathOf(model, types) is { } path ? new SessionSource(path, replaceable && !(isVariable && path != model)) : null;
    }

    // A method that only makes a session from one of its parameters: `=> new InferenceSession(path, ...)`, in whatever file it stands.
    private static SessionSource? OfFactory(IInvocationOperation call, KnownTypes types, CancellationToken cancellationToken) =>
        call.TargetMethod.DeclaringSyntaxReferences is [var declaration]
            && Returned(declaration.GetSyntax(cancellationToken)) is BaseObjectCreationExpressionSyntax
            {
                ArgumentList.Arguments: [{ NameColon: null, Expression: IdentifierNameSyntax { Identifier.ValueText: var name } }, ..]
            }
            && call.Arguments.FirstOrDefault(argument => argument.Parameter?.Name == name) is { Value: var model }
            && PathOf(model, types) is { } path
            ? new SessionSource(path, false) : null;

    private static ExpressionSyntax? Returned(SyntaxNode method) => method switch
    {
        MethodDeclarationSyntax { ExpressionBody.Expression: var value } => value,
        MethodDeclarationSyntax { Body.Statements: [ReturnStatementSyntax { Expression: var value }] } => value,
        LocalFunctionStatementSyntax { ExpressionBody.Expression: var value } => value,
        LocalFunctionStatementSyntax { Body.Statements: [ReturnStatementSyntax { Expression: var value }] } => value,
        _ => null,
    };

    // The path itself, or that of the file whose bytes these are.
    private static IOperation? PathOf(IOperation model, KnownTypes types)
    {
        if (model.Type?.SpecialType == SpecialType.System_String) return model;
        IOperation? bytes = model is ILocalReferenceOperation variable ? LocalValue.Of(variable) : model;
        if (bytes is IAwaitOperation { Operation: var task }) bytes = task;
        return bytes is IInvocationOperation { TargetMethod: { Name: "ReadAllBytes" or "ReadAllBytesAsync" } read, Arguments: [{ Value: var path }, ..] }
            && types.IsFile(read.ContainingType) ? path : null;
    }
}
