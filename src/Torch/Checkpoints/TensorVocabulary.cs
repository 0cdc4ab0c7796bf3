using System.Collections.Immutable;

namespace Octet.Torch.Checkpoints;

/// <summary>What a pickled state dictionary may name: tensors, parameters, their storages and types, ordered dictionaries. Nothing else.</summary>
internal class TensorVocabulary(StorageFolder storages) : IPickleVocabulary
{
    private const string Untyped = "UntypedStorage";

    /// <inheritdoc/>
    public virtual PickleGlobal Find(string module, string name) => (module, name) switch
    {
        ("collections", "OrderedDict") => new("collections.OrderedDict", NewDictionary),
        ("torch._utils", "_rebuild_tensor") => new("torch._utils._rebuild_tensor", arguments => RebuildTensor(arguments, null)),
        ("torch._utils", "_rebuild_tensor_v2") => new("torch._utils._rebuild_tensor_v2", arguments => RebuildTensor(arguments, null)),
        ("torch._utils", "_rebuild_tensor_v3") => new("torch._utils._rebuild_tensor_v3", RebuildTypedTensor),
        ("torch._utils", "_rebuild_parameter" or "_rebuild_parameter_with_state") => new($"torch._utils.{name}", FirstTensor),
        ("torch._utils", "_rebuild_qtensor") => throw CheckpointFault.Unsupported("it holds a quantized tensor"),
        ("torch._utils", "_rebuild_sparse_tensor" or "_rebuild_nested_tensor") => throw CheckpointFault.Unsupported("it holds a sparse or nested tensor"),
        ("torch", "Size") => new("torch.Size", arguments => arguments.Items is [PickleTuple size] ? size : throw Misuse("torch.Size")),
        ("torch", "device") => new("torch.device", arguments => arguments.Items is [string device, ..] ? device : throw Misuse("torch.device")),
        ("torch.storage" or "torch", Untyped) => new($"torch.{Untyped}") { Meaning = Untyped },
        ("torch", _) when TorchElementTypes.OfStorage(name) is { } type => new($"torch.{name}") { Meaning = type },
        ("torch", _) when TorchElementTypes.OfTypeName(name) is { } type => new($"torch.{name}") { Meaning = type },
        _ => throw CheckpointFault.Forbidden($"{CheckpointFault.Quote(module)}.{CheckpointFault.Quote(name)}"),
    };

    /// <summary>The storage that is meant: ('storage', its type, its key, where it was, its number of elements).</summary>
    public object? Load(object? identification)
    {
        if (identification is not PickleTuple { Items: ["storage", PickleGlobal { Meaning: { } meaning }, string key, _, long count, ..] })
            throw CheckpointFault.Damaged("in its pickle, a storage is not described as one");
        StoredBytes storage = storages.Find(key);
        int size = meaning is TorchElementType type ? type.Size() : 1;
        return count >= 0 && count <= storage.Length / size
            ? new TypedStorage(storage, meaning as TorchElementType?)
            : throw CheckpointFault.Damaged($"storage {CheckpointFault.Quote(key)} is said to hold {count} elements of {size} bytes, and has {storage.Length} bytes");
    }

    /// <inheritdoc/>
    public virtual void SetState(object? target, object? state)
    {
        // The attributes of a dictionary: versions of the modules that filled it.
        if (target is not PickleDictionary)
            throw CheckpointFault.Forbidden("the state of an object to be set");
    }

    private static PickleDictionary NewDictionary(PickleTuple arguments)
    {
        var dictionary = new PickleDictionary();
        if (arguments.Items is [PickleList pairs])
        {
            foreach (object? pair in pairs.Items)
            {
                (object? key, object? value) = pair switch
                {
                    PickleTuple { Items: [var first, var second] } => (first, second),
                    PickleList { Items: [var first, var second] } => (first, second),
                    _ => throw Misuse("collections.OrderedDict"),
                };
                dictionary.Items.Add(new(key, value));
            }
        }
        else if (!arguments.Items.IsEmpty)
        {
            throw Misuse("collections.OrderedDict");
        }

        return dictionary;
    }

    // storage, offset, size, stride, then what does not matter to a reader: requires_grad, backward hooks, flags.
    private StoredTensor RebuildTensor(PickleTuple arguments, TorchElementType? type)
    {
        if (arguments.Items is not [TypedStorage storage, long offset, PickleTuple size, PickleTuple stride, ..])
            throw Misuse("torch._utils._rebuild_tensor");
        // Lazy conjugation and negation: the elements are not the tensor's values.
        if (arguments.Items.Length > 6 && arguments.Items[^1] is PickleDictionary flags && (flags.Find("neg") is true || flags.Find("conj") is true))
            throw CheckpointFault.Unsupported("it holds a tensor that is lazily negated or conjugated");
        return new StoredTensor(storages, storage.Bytes, type ?? storage.Type ?? throw Misuse("torch._utils._rebuild_tensor"), offset, Integers(size), Integers(stride));
    }

    // As the above with the element type in the seventh place, the storage being one of bytes.
    private StoredTensor RebuildTypedTensor(PickleTuple arguments) =>
        arguments.Items is [_, _, _, _, _, _, PickleGlobal { Meaning: TorchElementType type }, ..]
            ? RebuildTensor(arguments, type)
            : throw Misuse("torch._utils._rebuild_tensor_v3");

    private static StoredTensor FirstTensor(PickleTuple arguments) =>
        arguments.Items is [StoredTensor tensor, ..] ? tensor : throw Misuse("torch._utils._rebuild_parameter");

    private static ImmutableArray<long> Integers(PickleTuple tuple) =>
        [.. tuple.Items.Select(item => item is long value ? value : throw CheckpointFault.Damaged("in its pickle, an extent is no number"))];

    /// <summary>A known function is called as it cannot be.</summary>
    protected static CheckpointFault Misuse(string function) => CheckpointFault.Damaged($"in its pickle, {function} is called with arguments that it does not take");

    private sealed record TypedStorage(StoredBytes Bytes, TorchElementType? Type);
}
