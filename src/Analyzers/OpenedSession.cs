using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Octet.Analyzers;

/// <summary>A session that the code opens on a model it names: by a constructor, or by <c>CreateSession</c> of a generated member.</summary>
/// <param name="Path">The model's path; null for a generated member.</param>
/// <param name="Member">The generated member as the code writes it; null for a path.</param>
/// <param name="Options">The session's options; null where none are given.</param>
internal sealed record OpenedSession(ModelPath? Path, string? Member, IOperation? Options)
{
    /// <summary>Reads a constructor call or an invocation; null when it opens no session, or one on a model that cannot be told.</summary>
    public static OpenedSession? Of(IOperation operation, KnownTypes types, TailReader reader, CancellationToken cancellationToken) => operation switch
    {
        IObjectCreationOperation creation when SessionSource.Of(creation, types) is { } source
            && ModelPath.OfModel(reader.Read(source.Path, cancellationToken)) is { } path =>
                new OpenedSession(path, null, OptionsAmong(creation.Arguments, types)),
        IInvocationOperation { TargetMethod.Name: "CreateSession", Instance: { } member } call when types.IsQuantizedModel(member.Type) =>
            new OpenedSession(null, member.Syntax.ToString(), OptionsAmong(call.Arguments, types)),
        _ => null,
    };

    /// <summary>The model as a message names it.</summary>
    public string Name(ProjectModels models) => Path is null ? Member! : models.Name(Path);

    private static IOperation? OptionsAmong(IEnumerable<IArgumentOperation> arguments, KnownTypes types) =>
        arguments.FirstOrDefault(argument =>
            argument is { ArgumentKind: ArgumentKind.Explicit, Parameter.Type: var type } && types.IsSessionOptions(type))?.Value;
}
