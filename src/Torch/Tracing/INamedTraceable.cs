using System.Collections.Immutable;

namespace Octet.Torch.Tracing;

/// <summary>A traceable that knows names beyond those of its state.</summary>
public interface INamedTraceable : ITraceable
{
    /// <summary>The paths of the modules in it, by reference; for messages and for the names of nodes.</summary>
    IReadOnlyDictionary<object, string> Paths { get; }

    /// <summary>The outputs' names; known once <see cref="ITraceable.Forward"/> has run.</summary>
    ImmutableArray<string> OutputNames { get; }
}
