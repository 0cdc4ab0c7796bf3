namespace Octet.Torch.Checkpoints;

/// <summary>What the pickles of a TorchScript archive may name besides tensors: its own classes, as records of attributes, and typed lists.</summary>
internal sealed class ScriptVocabulary(StorageFolder storages) : TensorVocabulary(storages)
{
    private const string Classes = "__torch__";

    /// <inheritdoc/>
    public override PickleGlobal Find(string module, string name)
    {
        if (module == Classes || module.StartsWith(Classes + ".", StringComparison.Ordinal))
        {
            string type = $"{module}.{name}";
            return new PickleGlobal(type, arguments => arguments.Items.IsEmpty ? new ScriptObjectState(type) : throw Misuse(CheckpointFault.Quote(type)));
        }

        return (module, name) switch
        {
            ("torch.jit._pickle", "build_intlist" or "build_doublelist" or "build_boollist" or "build_tensorlist") =>
                new($"{module}.{name}", arguments => arguments.Items is [PickleList list] ? list : throw Misuse(name)),
            // The value, and the name of its type, which the values tell as well.
            ("torch.jit._pickle", "restore_type_tag") => new($"{module}.{name}", arguments => arguments.Items is [var value, string] ? value : throw Misuse(name)),
            _ => base.Find(module, name),
        };
    }

    /// <inheritdoc/>
    public override void SetState(object? target, object? state)
    {
        if (target is not ScriptObjectState module)
        {
            base.SetState(target, state);
            return;
        }

        if (module.Attributes.Count > 0)
            throw CheckpointFault.Damaged($"in its pickle, an object of {CheckpointFault.Quote(module.Type)} gets its attributes twice");
        if (state is not PickleDictionary attributes)
            throw CheckpointFault.Unsupported($"class {CheckpointFault.Quote(module.Type)} makes its state itself (__setstate__), as quantized modules do");
        foreach ((object? key, object? value) in attributes.Items)
        {
            if (key is not string name || !module.Attributes.TryAdd(name, value))
                throw CheckpointFault.Damaged($"in its pickle, an attribute of {CheckpointFault.Quote(module.Type)} is named twice or not at all");
        }
    }
}

/// <summary>An object of a class that the archive's code defines.</summary>
/// <param name="type">The class, such as <c>__torch__.torch.nn.modules.conv.Conv2d</c>.</param>
internal sealed class ScriptObjectState(string type)
{
    // A module within a module within ...: no real one is deeper or larger, and shared objects could make a small file endless.
    private const int DeepestModule = 100;
    private const int MostAttributes = 1_000_000;
    private const int LongestName = 4096;

    public string Type { get; } = type;

    /// <summary>In the order in which they are stored.</summary>
    public OrderedAttributes Attributes { get; } = new();

    /// <summary>The tensors of this object and those below it, named as in a state dictionary.</summary>
    /// <exception cref="CheckpointFault">The objects are nested too deep.</exception>
    public IReadOnlyList<(string Name, StoredTensor Tensor)> NamedTensors()
    {
        var tensors = new List<(string, StoredTensor)>();
        int visited = 0;
        Collect(this, "", DeepestModule);
        return tensors;

        void Collect(ScriptObjectState module, string prefix, int depth)
        {
            if (depth == 0 || prefix.Length > LongestName)
                throw CheckpointFault.Damaged("its modules are nested without an end");
            foreach ((string name, object? value) in module.Attributes)
            {
                if (++visited > MostAttributes || name.Length > LongestName)
                    throw CheckpointFault.Damaged("its modules have attributes without an end");
                if (value is StoredTensor tensor)
                    tensors.Add((prefix + name, tensor));
                else if (value is ScriptObjectState inner)
                    Collect(inner, $"{prefix}{name}.", depth - 1);
            }
        }
    }
}

/// <summary>Attributes by name, in their order.</summary>
internal sealed class OrderedAttributes : IEnumerable<KeyValuePair<string, object?>>
{
    private readonly List<KeyValuePair<string, object?>> _items = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);

    public int Count => _items.Count;

    public bool TryAdd(string name, object? value)
    {
        if (!_places.TryAdd(name, _items.Count))
            return false;
        _items.Add(new(name, value));
        return true;
    }

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _items.GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
}
