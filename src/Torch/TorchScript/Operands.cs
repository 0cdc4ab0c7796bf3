using TorchSharp;

namespace Octet.Torch.TorchScript;

/// <summary>
/// The arguments of one call of an operator. An operator asks for each by place and name; one that was given and not asked for makes the call an
/// error, because what an operator does not know it would leave out of the calculation.
/// </summary>
internal sealed class Operands
{
    private readonly IReadOnlyList<object?> _positional;
    private readonly IReadOnlyDictionary<string, object?> _named;
    private readonly bool[] _taken;
    private readonly HashSet<string> _takenNames = new(StringComparer.Ordinal);

    public Operands(string name, ScriptPlace place, IReadOnlyList<object?> positional, IReadOnlyDictionary<string, object?> named)
    {
        Name = name;
        Place = place;
        _positional = positional;
        _named = named;
        _taken = new bool[positional.Count];
    }

    /// <summary>The operator.</summary>
    public string Name { get; }

    /// <summary>Where it is called.</summary>
    public ScriptPlace Place { get; }

    /// <summary>How many arguments have no name.</summary>
    public int Count => _positional.Count;

    /// <summary>The argument as it is; null where it is not given.</summary>
    public object? Value(int place, string name)
    {
        if (place >= 0 && place < _positional.Count)
        {
            _taken[place] = true;
            return _positional[place];
        }

        if (!_named.TryGetValue(name, out object? value))
            return null;
        _takenNames.Add(name);
        return value;
    }

    /// <summary>What stands at a place, without asking for it: to tell overloads apart.</summary>
    public object? Peek(int place, string name) => place >= 0 && place < _positional.Count ? _positional[place] : _named.GetValueOrDefault(name);

    /// <summary>Whether the argument is given, be it as None.</summary>
    public bool Has(int place, string name) => place >= 0 && place < _positional.Count || _named.ContainsKey(name);

    public torch.Tensor Tensor(int place, string name) => OptionalTensor(place, name) ?? throw Unfit(place, name, "a tensor");

    public torch.Tensor? OptionalTensor(int place, string name) => Value(place, name) switch
    {
        null => null,
        torch.Tensor tensor => tensor,
        _ => throw Unfit(place, name, "a tensor"),
    };

    public List<torch.Tensor> Tensors(int place, string name) => Value(place, name) switch
    {
        List<object?> list => [.. list.Select(item => item as torch.Tensor ?? throw Unfit(place, name, "a list of tensors"))],
        ScriptTuple tuple => [.. tuple.Items.Select(item => item as torch.Tensor ?? throw Unfit(place, name, "a list of tensors"))],
        _ => throw Unfit(place, name, "a list of tensors"),
    };

    public long? OptionalInteger(int place, string name) => Value(place, name) switch
    {
        null => null,
        long value => value,
        bool value => value ? 1 : 0,
        // An element of a list, such as one that was a tensor of one number in the traced code.
        torch.Tensor tensor => ScalarOf(tensor) as long? ?? throw Unfit(place, name, "an integer"),
        _ => throw Unfit(place, name, "an integer"),
    };

    public long Integer(int place, string name, long? standard = null) => OptionalInteger(place, name) ?? standard ?? throw Unfit(place, name, "an integer");

    public double? OptionalNumber(int place, string name) => Value(place, name) switch
    {
        null => null,
        double value => value,
        long value => value,
        bool value => value ? 1 : 0,
        _ => throw Unfit(place, name, "a number"),
    };

    public double Number(int place, string name, double? standard = null) => OptionalNumber(place, name) ?? standard ?? throw Unfit(place, name, "a number");

    public bool Flag(int place, string name, bool standard = false) => Value(place, name) switch
    {
        null => standard,
        bool value => value,
        long value => value != 0,
        _ => throw Unfit(place, name, "True or False"),
    };

    public string? OptionalText(int place, string name) => Value(place, name) switch
    {
        null => null,
        string value => value,
        _ => throw Unfit(place, name, "a text"),
    };

    /// <summary>Integers in a list, or one alone; null where none are given.</summary>
    public long[]? OptionalIntegers(int place, string name) => Value(place, name) switch
    {
        null => null,
        long value => [value],
        List<object?> list => [.. list.Select(item => IntegerOf(item) ?? throw Unfit(place, name, "a list of integers"))],
        ScriptTuple tuple => [.. tuple.Items.Select(item => IntegerOf(item) ?? throw Unfit(place, name, "a list of integers"))],
        _ => throw Unfit(place, name, "a list of integers"),
    };

    public long[] Integers(int place, string name, params long[] standard) => OptionalIntegers(place, name) is { } given ? given : standard.Length > 0 ? standard : throw Unfit(place, name, "a list of integers");

    /// <summary>As many integers as there are axes; one alone stands for all.</summary>
    public long[] Integers(int place, string name, int axes, long standard)
    {
        long[] given = OptionalIntegers(place, name) ?? [];
        if (given.Length == 0)
            given = [standard];
        if (given.Length == 1)
            given = [.. Enumerable.Repeat(given[0], axes)];
        return given.Length == axes ? given : throw Unfit(place, name, $"a list of {axes} integers");
    }

    public double[]? OptionalNumbers(int place, string name) => Value(place, name) switch
    {
        null => null,
        double value => [value],
        List<object?> list => [.. list.Select(item => item is double number ? number : IntegerOf(item) ?? throw Unfit(place, name, "a list of numbers"))],
        _ => throw Unfit(place, name, "a list of numbers"),
    };

    /// <summary>A number as libtorch takes it beside tensors.</summary>
    public Scalar Scalar(int place, string name, object? standard = null) => ToScalar(Value(place, name) ?? standard) ?? throw Unfit(place, name, "a number");

    public Scalar? OptionalScalar(int place, string name) => Value(place, name) is { } value ? ToScalar(value) ?? throw Unfit(place, name, "a number") : null;

    /// <summary>An element type, which scripts write as libtorch's number of it.</summary>
    public torch.ScalarType? ElementType(int place, string name) => OptionalInteger(place, name) is { } number ? (torch.ScalarType)number : null;

    /// <summary>Asks for arguments that do not matter: devices, layouts, hints for other kinds of machines.</summary>
    public void Ignore(params string[] names)
    {
        foreach (string name in names)
            Value(-1, name);
    }

    /// <summary>The same for arguments without names, from a place on.</summary>
    public void IgnoreFrom(int place)
    {
        for (int i = place; i < _positional.Count; i++)
            Value(i, "");
    }

    /// <exception cref="ScriptFault">An argument was given and not asked for.</exception>
    public void CheckAllTaken()
    {
        for (int i = 0; i < _taken.Length; i++)
        {
            if (!_taken[i])
                throw Unsupported($"with argument {i + 1}");
        }

        if (_named.Keys.FirstOrDefault(name => !_takenNames.Contains(name)) is { } unknown)
            throw Unsupported($"with argument '{unknown}'");
    }

    /// <summary>The operator is known, but not in this form.</summary>
    public ScriptFault Unsupported(string form) => ScriptFault.UnknownOperator(Place, $"{Name} {form}");

    /// <summary>The integer that a value is, be it the only element of a tensor.</summary>
    public static long? IntegerOf(object? value) => value switch
    {
        long integer => integer,
        bool flag => flag ? 1 : 0,
        torch.Tensor tensor => ScalarOf(tensor) as long?,
        _ => null,
    };

    /// <summary>The only element of a tensor, as a value of the script.</summary>
    public static object ScalarOf(torch.Tensor tensor) => tensor.dtype switch
    {
        torch.ScalarType.Bool => tensor.item<bool>(),
        torch.ScalarType.Float32 or torch.ScalarType.Float64 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16 => tensor.to(torch.ScalarType.Float64).item<double>(),
        torch.ScalarType.Int64 => tensor.item<long>(),
        _ => tensor.to(torch.ScalarType.Int64).item<long>(),
    };

    private static Scalar? ToScalar(object? value) => value switch
    {
        long integer => integer,
        double real => real,
        bool flag => flag,
        torch.Tensor tensor => ToScalar(ScalarOf(tensor)),
        _ => null,
    };

    private ScriptFault Unfit(int place, string name, string wanted) =>
        ScriptFault.Running(Place, $"{Name} wants {wanted} as '{name}', and got {ScriptInterpreter.Describe(Peek(Math.Max(place, 0), name))}");
}
