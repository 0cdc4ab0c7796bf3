using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// A value whose channels can be divided by any positive factors without changing the model's outputs: the constants that give the value its size
/// take the division, the weights of everything that reads it the multiplication.
/// </summary>
internal sealed class ChannelScaling
{
    private readonly GraphEditor _editor;
    private readonly List<ScaledConstant> _readers = [];
    private readonly List<ScaledConstant> _sources = [];

    private ChannelScaling(string value, GraphEditor editor) => (Value, _editor) = (value, editor);

    /// <summary>The value that the readers read.</summary>
    public string Value { get; }

    /// <summary>The axis of its channels: 1, or -1 for the last.</summary>
    public int Axis { get; private set; }

    /// <summary>The node that gives the value its size: one with weights, a normalization, or a Mul.</summary>
    public NodeProto Source => _sources[0].Node;

    /// <summary>The nodes that read it.</summary>
    public IEnumerable<NodeProto> Readers => _readers.Select(reader => reader.Node);

    /// <summary>The number of channels that can have factors of their own.</summary>
    public int Channels => (int)_sources[0].Layout.Channels;

    /// <summary>Whether each output channel of the readers reads a single channel, whose factor its own weight scale takes in full.</summary>
    public bool IsDepthwise => _readers.All(reader => reader.Layout.ChannelsPerGroup == 1);

    /// <summary>Looks around a value; null where its channels cannot be scaled.</summary>
    public static ChannelScaling? Find(string value, GraphEditor editor)
    {
        ChannelScaling scaling = new(value, editor);
        return scaling.FindReaders() && scaling.FindSources() ? scaling : null;
    }

    /// <summary>The largest of the source's weights in each channel.</summary>
    public double[] SourceMagnitudes() => _sources[0].Layout.Magnitudes(Tensor(_sources[0]).AsFloats());

    /// <summary>
    /// The largest weight of each channel in its readers. What counts is its part in the largest of the same row: the weights of one output
    /// channel have a scale of their own.
    /// </summary>
    public double[] ReaderMagnitudes()
    {
        double[] largest = new double[_readers[0].Layout.Channels];
        foreach (ScaledConstant reader in _readers)
        {
            TensorProto weights = Tensor(reader);
            float[] values = weights.ToFloats();
            ChannelLayout rows = ChannelLayout.Of(reader.Node, weights)!;
            rows.Scale(values, [.. rows.Magnitudes(values).Select(magnitude => magnitude > 0 ? 1 / magnitude : 1)]);
            double[] magnitudes = reader.Layout.Magnitudes(values);
            for (int channel = 0; channel < largest.Length; channel++)
                largest[channel] = Math.Max(largest[channel], magnitudes[channel]);
        }
        return OfSource(largest);
    }

    /// <summary>What was seen of the value's channels; null where it was not looked at, or has another number of channels.</summary>
    public double[]? Seen(IReadOnlyDictionary<string, IReadOnlyList<float>> magnitudes) =>
        magnitudes.TryGetValue(Value, out IReadOnlyList<float>? seen) && seen.Count == _readers[0].Layout.Channels ? OfSource([.. seen.Select(magnitude => (double)magnitude)]) : null;

    /// <summary>Divides the channels, and multiplies what reads them. Constants get new names: the old ones may serve other nodes too.</summary>
    /// <param name="divisors">One positive number a channel of the source.</param>
    public void Apply(double[] divisors)
    {
        int repeats = (int)_readers[0].Layout.Channels / Channels;
        foreach (ScaledConstant source in _sources)
            Scale(source, [.. divisors.Select(divisor => 1 / divisor)]);
        foreach (ScaledConstant reader in _readers)
            Scale(reader, [.. divisors.SelectMany(divisor => Enumerable.Repeat(divisor, repeats))]);
    }

    // Behind a Flatten several channels of the value belong to one of the source, and the largest counts.
    private double[] OfSource(double[] magnitudes) => [.. magnitudes.Chunk(magnitudes.Length / Channels).Select(chunk => chunk.Max())];

    private bool FindReaders()
    {
        bool convolution = false, product = false;
        foreach (NodeProto reader in _editor.Index.Consumers(Value))
        {
            if (Reader(reader) is not { } weights)
                return false;
            _readers.Add(weights);
            convolution |= reader.Is("Conv");
            product |= reader.Is("MatMul");
        }
        Axis = convolution ? 1 : -1;
        return _readers.Count > 0 && !_editor.Index.IsOutput(Value) && !(convolution && product) && _readers.All(reader => reader.Layout.Channels == _readers[0].Layout.Channels);
    }

    private ScaledConstant? Reader(NodeProto node) =>
        node.InputAt(0) == Value && node.Input.Count(input => input == Value) == 1 && !(node.Is("Gemm") && node.Int("transA", 0) != 0)
        && Constant(node, 1) is { } weights && ChannelLayout.OfInputs(node, weights) is { } layout && ChannelLayout.Of(node, weights) is not null && layout.Elements > 0 && layout.Elements == weights.ElementCount()
            ? new ScaledConstant(node, 1, layout)
            : null;

    /// <summary>Goes back over what passes factors of channels on, to what can take them.</summary>
    private bool FindSources()
    {
        // Along which axis the channels may lie; in a matrix both are the same.
        bool isMatrix = Readers.Any(reader => reader.Is("Gemm")) || _editor.ShapeOf(Value) is [_, _];
        bool second = Axis == 1 || isMatrix, last = Axis == -1, flattened = false;
        long channels = _readers[0].Layout.Channels;
        List<ScaledConstant> summands = [];
        string value = Value;
        while (_editor.Index.Producer(value) is { } node && node.Output[0] == value && (value == Value || _editor.Index.SoleConsumer(value) is not null))
        {
            if (PassesFactors(node))
            {
                value = node.Input[0];
            }
            else if (second && (Pools(node) || Flattens(node)))
            {
                (last, flattened, value) = (false, flattened || Flattens(node), node.Input[0]);
            }
            else if (last && Row(node, "Add", channels) is { } summand)
            {
                summands.Add(summand);
                (second, value) = (false, node.Input[1 - summand.Input]);
            }
            else
            {
                ScaledConstant[] found = Sources(node, channels, second, last);
                if (found.Length == 0 || !(found[0].Layout.Channels == channels || (flattened && channels % found[0].Layout.Channels == 0)))
                    return false;
                _sources.AddRange([.. found, .. summands]);
                return true;
            }
        }
        return false;
    }

    private ScaledConstant[] Sources(NodeProto node, long channels, bool second, bool last)
    {
        if (last && Row(node, "Mul", channels) is { } factor)
            return [factor];
        return last && IsNormalization(node) ? WithBias(Vector(node, 1, channels), node, channels) : Weights(node, second, last);
    }

    // f(x / s) = f(x) / s for positive s.
    private static bool PassesFactors(NodeProto node) =>
        node.Is("Relu") || node.Is("LeakyRelu") || (node.Is("PRelu") && node.Input[0] != node.Input[1]);

    private static bool Pools(NodeProto node) =>
        (node.IsStandard() && node.OpType is "MaxPool" or "AveragePool" or "GlobalAveragePool" or "GlobalMaxPool") && node.Output.Count == 1;

    /// <summary>Whether all axes from the second on become one, channel by channel: [N, C, ...] to [N, C * ...].</summary>
    private bool Flattens(NodeProto node)
    {
        if (node.Is("Flatten"))
            return node.Int("axis", 1) == 1;
        return (node.Is("Reshape") || node.Is("Squeeze"))
            && _editor.ShapeOf(node.Input[0]) is [_, .. { Length: > 0 } inner] && _editor.ShapeOf(node.Output[0]) is [_, > 0 and var columns]
            && inner.All(extent => extent > 0) && inner.Aggregate(1L, (product, extent) => product * extent) == columns;
    }

    /// <summary>The constant of an Add or Mul that has one value a column.</summary>
    private ScaledConstant? Row(NodeProto node, string op, long columns)
    {
        if (!node.Is(op))
            return null;
        int position = _editor.Index.Initializer(node.Input[0]) is null ? 1 : 0;
        // Broadcasting must not add dimensions, where the walk would lose the axis.
        return Vector(node, position, columns) is { } row && (Tensor(row).Dims.Count == 1 || Tensor(row).Dims.Count <= _editor.ShapeOf(node.Input[1 - position])?.Length) ? row : null;
    }

    private bool IsNormalization(NodeProto node) =>
        node.OpType is "LayerNormalization" or "SimplifiedLayerNormalization" or "RMSNormalization"
        && (node.Int("axis", -1) == -1 || node.Int("axis", -1) == _editor.ShapeOf(node.Input[0])?.Length - 1);

    private ScaledConstant[] Weights(NodeProto node, bool second, bool last)
    {
        if (!(node.Is("MatMul") ? last : second || (last && node.Is("Gemm"))) || Constant(node, 1) is not { } weights
            || ChannelLayout.Of(node, weights) is not { } layout || layout.Elements == 0 || layout.Elements != weights.ElementCount())
            return [];
        return WithBias(new ScaledConstant(node, 1, layout), node, layout.Channels);
    }

    private ScaledConstant[] WithBias(ScaledConstant? scale, NodeProto node, long channels)
    {
        if (scale is null || node.InputAt(2).Length == 0)
            return scale is null ? [] : [scale];
        return Vector(node, 2, channels) is { } bias ? [scale, bias] : [];
    }

    /// <summary>A constant with one value a channel along its last axis.</summary>
    private ScaledConstant? Vector(NodeProto node, int input, long channels) =>
        Constant(node, input) is { } tensor && tensor.ElementCount() == channels && tensor.Dims.Count > 0 && tensor.Dims[^1] == channels ? new ScaledConstant(node, input, ChannelLayout.OfLastAxis(channels)) : null;

    private TensorProto? Constant(NodeProto node, int input) =>
        _editor.Index.Initializer(node.InputAt(input)) is { DataType: (int)TensorProto.Types.DataType.Float } tensor ? tensor : null;

    private TensorProto Tensor(ScaledConstant constant) => _editor.Index.Initializer(constant.Node.Input[constant.Input])!;

    private void Scale(ScaledConstant constant, double[] factors)
    {
        const string Suffix = "_scaled";
        TensorProto tensor = Tensor(constant);
        string name = _editor.Add(Tensors.CreateFloat(
            _editor.Names.Fresh(tensor.Name.EndsWith(Suffix, StringComparison.Ordinal) ? tensor.Name : tensor.Name + Suffix), tensor.Dims, tensor.ElementCount(), values =>
            {
                tensor.CopyFloatsTo(values);
                constant.Layout.Scale(values, factors);
            }));
        _editor.Change(constant.Node, node => node.Input[constant.Input] = name);
    }

    private sealed record ScaledConstant(NodeProto Node, int Input, ChannelLayout Layout);
}
