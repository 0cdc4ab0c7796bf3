using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>
/// Reads the constant tail of a string expression: constants, concatenation, interpolation, <c>Path.Combine</c>,
/// <c>Path.Join</c>, <c>Path.GetFullPath</c>, local variables that get one value, and static readonly fields.
/// </summary>
internal sealed class TailReader(KnownTypes types)
{
    // How many variables may stand between a path and its text; also ends a circle of fields that name each other.
    private const int LongestChain = 8;

    /// <summary>The constant tail of <paramref name="operation"/>; <see cref="KnownTail.Unknown"/> when there is none.</summary>
    public KnownTail Read(IOperation operation, CancellationToken cancellationToken) => Read(operation, 0, cancellationToken);

    private KnownTail Read(IOperation? operation, int chain, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return operation switch
        {
            null => KnownTail.Unknown,
            { ConstantValue: { HasValue: true, Value: var value } } =>
                value is string or char ? new KnownTail(value.ToString(), true) : KnownTail.Unknown,
            IConversionOperation { OperatorMethod: null } conversion => Next(conversion.Operand),
            IBinaryOperation { OperatorKind: BinaryOperatorKind.Add, Type.SpecialType: SpecialType.System_String } sum =>
                Next(sum.LeftOperand) + Next(sum.RightOperand),
            IInterpolatedStringOperation text => text.Parts.Select(Part).Aggregate(KnownTail.Empty, (left, right) => left + right),
            IInvocationOperation { TargetMethod: var method } call when types.IsPath(method.ContainingType) => method.Name switch
            {
                "Combine" => Fold(call, KnownTail.Combine),
                "Join" => Fold(call, KnownTail.Join),
                "GetFullPath" => Next(call.Arguments.First(argument => argument.Parameter is { Ordinal: 0 }).Value),
                _ => KnownTail.Unknown,
            },
            IPropertyReferenceOperation { Property: var property } when types.IsBaseDirectory(property) => KnownTail.SomeFolder,
            IFieldReferenceOperation { Field: var field } when types.IsDirectorySeparator(field) => KnownTail.Separator,
            _ when chain == LongestChain => KnownTail.Unknown,
            ILocalReferenceOperation local => Read(LocalValue.Of(local), chain + 1, cancellationToken),
            IFieldReferenceOperation { Field: { IsStatic: true, IsReadOnly: true } field, SemanticModel: { } model } =>
                ReadField(field, model, chain + 1, cancellationToken),
            _ => KnownTail.Unknown,
        };

        KnownTail Next(IOperation inner) => Read(inner, chain, cancellationToken);

        KnownTail Fold(IInvocationOperation call, Func<KnownTail, KnownTail, KnownTail> join) =>
            Parts(call) is { } parts ? parts.Select(Next).Aggregate(KnownTail.Empty, join) : KnownTail.Unknown;

        KnownTail Part(IInterpolatedStringContentOperation part) => part switch
        {
            IInterpolatedStringTextOperation text => Next(text.Text),
            IInterpolationOperation { Alignment: null, FormatString: null } hole => Next(hole.Expression),
            _ => KnownTail.Unknown,
        };
    }

    // The parts of a path in their order, or null when they come in an array or a span made elsewhere.
    private static IEnumerable<IOperation>? Parts(IInvocationOperation call)
    {
        if (call.Arguments.FirstOrDefault(argument => argument.Parameter is { IsParams: true }) is not { } list)
            return call.Arguments.OrderBy(argument => argument.Parameter?.Ordinal).Select(argument => argument.Value);
        if (list.Value is IArrayCreationOperation { Initializer: { } elements }) return elements.ElementValues;
        if (list.ArgumentKind == ArgumentKind.Explicit) return null;
        // Since C# 13 the compiler may gather `params` in a span instead: a list whose elements are its children.
        return list.Value.ChildOperations;
    }

    private KnownTail ReadField(IFieldSymbol field, SemanticModel model, int chain, CancellationToken cancellationToken)
    {
        foreach (SyntaxReference reference in field.DeclaringSyntaxReferences)
        {
            if (reference.GetSyntax(cancellationToken) is not VariableDeclaratorSyntax { Initializer.Value: { } value }
                || IsNamedInStaticConstructor(field, cancellationToken))
                continue;
            // Another file's semantic model is out of an analyzer's reach; a literal needs none.
            if (value.SyntaxTree == model.SyntaxTree) return Read(model.GetOperation(value, cancellationToken), chain, cancellationToken);
            if (value is LiteralExpressionSyntax { Token.Value: string text }) return new KnownTail(text, true);
        }
        return KnownTail.Unknown;
    }

    // A static constructor may replace the initializer's value.
    private static bool IsNamedInStaticConstructor(IFieldSymbol field, CancellationToken cancellationToken) =>
        field.ContainingType.StaticConstructors
            .SelectMany(constructor => constructor.DeclaringSyntaxReferences)
            .SelectMany(reference => reference.GetSyntax(cancellationToken).DescendantTokens())
            .Any(token => token.ValueText == field.Name);
}
