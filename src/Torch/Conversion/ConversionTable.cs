namespace Octet.Torch.Conversion;

/// <summary>Writes the ONNX nodes of one native call.</summary>
public delegate void Converter(ConversionContext call);

/// <summary>
/// From the names of native calls to converters. An in-place call is found by its name without the trailing underscore: what it writes is a new value in the graph.
/// </summary>
public sealed class ConversionTable
{
    private readonly Dictionary<string, Converter> _converters = new(StringComparer.Ordinal);

    private ConversionTable(IEnumerable<Action<ConversionTable>> families)
    {
        foreach (Action<ConversionTable> family in families)
            family(this);
    }

    /// <summary>Every call that can be converted, one line a family.</summary>
    public static ConversionTable Standard { get; } = new(
    [
        Activations.Register,
        Arrangements.Register,
        Attention.Register,
        Convolutions.Register,
        DataNormalization.Register,
        Elementwise.Register,
        Embeddings.Register,
        Extrema.Register,
        Functions.Register,
        Indexing.Register,
        Linear.Register,
        Logic.Register,
        Matrices.Register,
        Moments.Register,
        Normalization.Register,
        Padding.Register,
        Parts.Register,
        Passing.Register,
        Pooling.Register,
        QuantizePairs.Register,
        Recurrent.Register,
        Reductions.Register,
        Resizing.Register,
        Shapes.Register,
        Writing.Register,
    ]);

    /// <summary>The names of the calls that can be converted.</summary>
    public IReadOnlyCollection<string> Calls => _converters.Keys;

    /// <summary>Enters a converter, for one or several calls.</summary>
    /// <exception cref="ArgumentException">A call has a converter already.</exception>
    public void Add(Converter converter, params ReadOnlySpan<string> calls)
    {
        foreach (string call in calls)
            _converters.Add(call, converter);
    }

    /// <summary>The converter of a call; null where there is none.</summary>
    public Converter? Find(string native) => _converters.GetValueOrDefault(native) ?? (native.EndsWith('_') ? _converters.GetValueOrDefault(native[..^1]) : null);
}
