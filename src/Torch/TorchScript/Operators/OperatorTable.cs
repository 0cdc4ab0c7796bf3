namespace Octet.Torch.TorchScript.Operators;

/// <summary>Operators by the names that scripts call them by: <c>conv2d</c> for <c>torch.conv2d</c>, <c>prim::dtype</c> for <c>ops.prim.dtype</c>. One family a file.</summary>
internal sealed class OperatorTable
{
    private readonly Dictionary<string, Func<Operands, object?>> _operators = new(StringComparer.Ordinal);

    /// <param name="version">That of the archive's operators. Archives that use no newer ones have 3, or the one that was current.</param>
    public OperatorTable(int version)
    {
        Version = version;
        Values.Register(this);
        Collections.Register(this);
        Arithmetic.Register(this);
        Comparisons.Register(this);
        Functions.Register(this);
        Activations.Register(this);
        Convolutions.Register(this);
        Pooling.Register(this);
        Normalization.Register(this);
        Matrices.Register(this);
        Shapes.Register(this);
        Indexing.Register(this);
        Creation.Register(this);
        Reductions.Register(this);
        Resampling.Register(this);
        Attention.Register(this);
        new Recurrent().Register(this);
    }

    /// <summary>The version of the archive's operators.</summary>
    public int Version { get; }

    /// <summary>The names of all operators.</summary>
    public IReadOnlyCollection<string> Names => _operators.Keys;

    /// <summary>The operator, or null.</summary>
    public Func<Operands, object?>? Find(string name) => _operators.GetValueOrDefault(name);

    /// <summary>Adds an operator under its names.</summary>
    public void Add(Func<Operands, object?> operation, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            _operators.Add(name, operation);
    }
}
