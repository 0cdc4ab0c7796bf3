using System.Collections.Immutable;

namespace Octet.Torch.TorchScript;

// What a script calculates with: null, bool, long, double, string, torch.Tensor, List<object?>, and these.

/// <summary>A tuple.</summary>
internal sealed record ScriptTuple(ImmutableArray<object?> Items)
{
    public static ScriptTuple Of(params object?[] items) => new([.. items]);
}

/// <summary>A dictionary in the order in which it was filled.</summary>
internal sealed class ScriptDictionary
{
    private readonly Dictionary<object, int> _places = [];
    private readonly List<KeyValuePair<object, object?>> _items = [];

    public IReadOnlyList<KeyValuePair<object, object?>> Items => _items;

    public void Set(object key, object? value)
    {
        if (_places.TryGetValue(key, out int place))
        {
            _items[place] = new(key, value);
            return;
        }

        _places.Add(key, _items.Count);
        _items.Add(new(key, value));
    }

    public bool TryGet(object key, out object? value)
    {
        bool found = _places.TryGetValue(key, out int place);
        value = found ? _items[place].Value : null;
        return found;
    }
}

/// <summary>An object of a class of the script. What a run writes into it lasts for that run.</summary>
internal sealed class ScriptObject(string type, Dictionary<string, object?> attributes)
{
    /// <summary>Its class.</summary>
    public string Type { get; } = type;

    /// <summary>As the archive has them.</summary>
    public IReadOnlyDictionary<string, object?> Attributes { get; } = attributes;
}

/// <summary>A function of the script.</summary>
internal sealed record ScriptFunction(FunctionDefinition Definition);

/// <summary>A class of the script.</summary>
internal sealed record ScriptClass(string Name, ClassDefinition Definition);

/// <summary>The classes and functions of an archive by their full names, such as <c>__torch__.torch.nn.modules.conv.Conv2d</c>.</summary>
internal sealed class ScriptLibrary
{
    private readonly Dictionary<string, ScriptClass> _classes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ScriptFunction> _functions = new(StringComparer.Ordinal);

    /// <summary>Adds what a file defines.</summary>
    /// <param name="scope">The full name that the file stands for.</param>
    /// <param name="statements">The file.</param>
    /// <exception cref="ScriptFault">It holds something else, or a name twice.</exception>
    public void Add(string scope, ImmutableArray<Statement> statements)
    {
        foreach (Statement statement in statements)
        {
            bool added = statement switch
            {
                ClassDefinition definition => _classes.TryAdd($"{scope}.{definition.Name}", new ScriptClass($"{scope}.{definition.Name}", definition)),
                FunctionDefinition function => _functions.TryAdd($"{scope}.{function.Name}", new ScriptFunction(function)),
                PassStatement => true,
                _ => throw ScriptFault.Syntax(statement.Place, "only classes and functions are expected here"),
            };
            if (!added)
                throw ScriptFault.Syntax(statement.Place, "a name is defined twice");
        }
    }

    public ScriptClass? FindClass(string name) => _classes.GetValueOrDefault(name);

    public ScriptFunction? FindFunction(string name) => _functions.GetValueOrDefault(name);
}
