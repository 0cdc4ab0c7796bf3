using System.Collections.Immutable;

namespace Octet.Torch.Checkpoints;

// What a pickle is read into: null, bool, long, double, string, and these.

/// <summary>Bytes.</summary>
internal sealed record PickleBytes(ReadOnlyMemory<byte> Value);

/// <summary>A tuple.</summary>
internal sealed record PickleTuple(ImmutableArray<object?> Items);

/// <summary>A list; it may hold itself.</summary>
internal sealed class PickleList
{
    public List<object?> Items { get; } = [];
}

/// <summary>A dictionary in the order in which it was filled; it may hold itself. A key that occurs twice is a matter of who reads it.</summary>
internal sealed class PickleDictionary
{
    public List<KeyValuePair<object?, object?>> Items { get; } = [];

    /// <summary>The value of a key that is a text, or null.</summary>
    public object? Find(string key)
    {
        foreach ((object? name, object? value) in Items)
        {
            if (name is string text && text == key)
                return value;
        }

        return null;
    }
}

/// <summary>A function or class that a pickle may name.</summary>
/// <param name="Name">Module and name, separated by a dot.</param>
/// <param name="Call">What calling it gives, or null where it is only named, as the types of storages are.</param>
internal sealed record PickleGlobal(string Name, Func<PickleTuple, object?>? Call = null)
{
    /// <summary>What it stands for, where it is only named.</summary>
    public object? Meaning { get; init; }
}

/// <summary>What a pickle may name, and what that means.</summary>
internal interface IPickleVocabulary
{
    /// <summary>The function or class of that name.</summary>
    /// <exception cref="CheckpointFault">It is none that a checkpoint may name.</exception>
    PickleGlobal Find(string module, string name);

    /// <summary>What stands outside of the pickle under this identification.</summary>
    object? Load(object? identification);

    /// <summary>Sets the state of an object, or does nothing where the state does not matter.</summary>
    /// <exception cref="CheckpointFault">The object has no state to be set.</exception>
    void SetState(object? target, object? state);
}
