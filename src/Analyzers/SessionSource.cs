using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>What an <c>InferenceSession</c> is made from.</summary>
/// <param name="Path">The expression of the model's path.</param>
/// <param name="IsReplaceable">True when <c>CreateSession(SessionOptions?)</c> can take the constructor's place.</param>
internal sealed record SessionSource(IOperation Path, bool IsReplaceable)
{
    /// <summary>Reads a constructor call; null when the model comes from memory of unknown origin.</summary>
    public static SessionSource? Of(IObjectCreationOperation creation, KnownTypes types)
    {
        if (creation.Arguments.FirstOrDefault(argument => argument.Parameter is { Ordinal: 0 }) is not { Value: var model }) return null;

        bool replaceable = creation.Initializer is null && creation.Arguments.All(argument =>
            argument.Parameter is { } parameter && (parameter.Ordinal == 0 || types.IsSessionOptions(parameter.Type)));
        if (model.Type?.SpecialType == SpecialType.System_String) return new SessionSource(model, replaceable);

        // Bytes kept in a variable may have other uses, so that call stays with its owner.
        bool isVariable = model is ILocalReferenceOperation;
        IOperation? bytes = model is ILocalReferenceOperation variable ? LocalValue.Of(variable) : model;
        return bytes is IInvocationOperation { TargetMethod: { Name: "ReadAllBytes" } read, Arguments: [{ Value: var path }] }
            && types.IsFile(read.ContainingType)
            ? new SessionSource(path, replaceable && !isVariable)
            : null;
    }
}
