using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>
/// The values of a graph that is written in integers: each as floats under its own name, as bytes with the channels first, or as bytes with the
/// channels last. A form that is asked for and not there yet is made from another, once.
/// </summary>
/// <param name="model">The model that is written.</param>
/// <param name="index">Its main graph before that.</param>
/// <param name="names">Its names.</param>
/// <param name="parametersOf">Scale and zero point of a value, and the value that it has them from.</param>
/// <param name="customOperators">Whether the operators of <see cref="QuantizedOperators"/> may be used.</param>
internal sealed class IntegerValues(
    ModelProto model, GraphIndex index, UniqueNames names, Func<string, (AffineParameters Parameters, string Owner)> parametersOf, bool customOperators)
{
    private const long SmallImage = 1024;

    private readonly Dictionary<string, string> _first = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _last = new(StringComparer.Ordinal);
    private readonly HashSet<string> _computed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _rows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _flat = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorProto> _constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _ranks = new(StringComparer.Ordinal);
    private readonly HashSet<string> _floats = new(StringComparer.Ordinal);
    private readonly HashSet<NodeProto> _joined = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, (string Scale, string ZeroPoint)> _parameters = new(StringComparer.Ordinal);

    /// <summary>The nodes written so far.</summary>
    public List<NodeProto> Nodes { get; } = [];

    /// <summary>The graph before it is written, for who asks what computes and reads a value.</summary>
    public GraphIndex Index => index;

    /// <summary>Whether the operators of <see cref="QuantizedOperators"/> may be used.</summary>
    public bool CustomOperators => customOperators;

    /// <summary>Scale and zero point of a value.</summary>
    public AffineParameters Parameters(string value) => parametersOf(value).Parameters;

    /// <summary>The table that takes a value to the result of a chain behind it, whose nodes are thereby written.</summary>
    public string Table(TableChain chain, string value)
    {
        foreach (NodeProto node in chain.Nodes)
            Join(node);
        return Add(Tensors.Create(names.Fresh($"{chain.Result}_table"), [byte.MaxValue + 1], QuantizedTable.Of(chain.Function, Parameters(value), Parameters(chain.Result))));
    }

    /// <summary>Says that a node of the model is part of one that is written.</summary>
    public void Join(NodeProto node) => _joined.Add(node);

    /// <summary>Whether a node of the model is part of one that is written.</summary>
    public bool IsJoined(NodeProto node) => _joined.Contains(node);

    /// <summary>Whether integer nodes compute the value.</summary>
    public bool IsComputed(string value) => _computed.Contains(value);

    /// <summary>Whether the value is there with the channels last, without a node to make it so.</summary>
    public bool IsLast(string value) => _last.ContainsKey(value);

    /// <summary>The number of axes of a value; null where it is not known.</summary>
    public int? Rank(string value) => _ranks.TryGetValue(value, out int rank) ? rank : index.Extents(value)?.Length;

    /// <summary>Says how many axes a value has, where the graph may not tell.</summary>
    public void SetRank(string value, int? rank)
    {
        if (rank is { } known)
            _ranks[value] = known;
    }

    /// <summary>Whether the value has but one pixel an image, so that both orders are the same.</summary>
    public bool IsOnePixel(string value) => index.Extents(value) is [_, _, .. { Length: > 0 } pixels] && pixels.All(extent => extent == 1);

    /// <summary>The constants that hold scale and zero point of a value.</summary>
    public (string Scale, string ZeroPoint) ParameterNames(string value)
    {
        (AffineParameters parameters, string owner) = parametersOf(value);
        if (!_parameters.TryGetValue(owner, out (string Scale, string ZeroPoint) constants))
        {
            _parameters[owner] = constants = (names.Fresh($"{owner}_scale"), names.Fresh($"{owner}_zero_point"));
            Add(Tensors.Create(constants.Scale, [], [parameters.Scale]));
            Add(Tensors.Create(constants.ZeroPoint, [], [(byte)parameters.ZeroPoint]));
        }
        return constants;
    }

    /// <summary>The operands of a value in most integer operators: its bytes, scale and zero point.</summary>
    public string[] Operands(string value, bool last)
    {
        string bytes = last ? Last(value) : First(value);
        return [bytes, .. ParameterOperands(value)];
    }

    /// <summary>Scale and zero point of a value, as operands.</summary>
    public string[] ParameterOperands(string value)
    {
        (string scale, string zeroPoint) = ParameterNames(value);
        return [scale, zeroPoint];
    }

    /// <summary>Says that a node written just now computes the value, in the order told, and returns the name of its bytes.</summary>
    public string Computed(string value, bool last)
    {
        string bytes = names.Fresh(last ? $"{value}_channels_last" : $"{value}_quantized");
        Alias(value, last, bytes);
        return bytes;
    }

    /// <summary>The value's images under each other as one, [1, n * height, width, channels]: a convolution with 1x1 filters is then one product.</summary>
    public string Rows(string value, long width, long channels)
    {
        if (!_rows.TryGetValue(value, out string? rows))
            _rows[value] = rows = Reshape(names.Fresh($"{value}_rows_Reshape"), Flat(value), [1, -1, width, channels], names.Fresh($"{value}_rows"));
        return rows;
    }

    /// <summary>Says that a node written just now computes the value with its images under each other.</summary>
    public void ComputedRows(string value, string rows, long height, long width, long channels)
    {
        _rows[value] = rows;
        ComputedFlat(value, rows, height, width, channels);
    }

    /// <summary>The value's bytes with the channels last, whatever shape they are in.</summary>
    public string Flat(string value) => _flat.TryGetValue(value, out string? bytes) ? bytes : Last(value);

    /// <summary>Says that a node written just now computes the value with the channels last, but in another shape.</summary>
    public void ComputedFlat(string value, string bytes, long height, long width, long channels)
    {
        _flat[value] = bytes;
        Reshape(names.Fresh($"{value}_images_Reshape"), bytes, [-1, height, width, channels], Computed(value, last: true));
    }

    /// <summary>Says that these bytes are the value in the order told.</summary>
    public void Alias(string value, bool last, string bytes)
    {
        _computed.Add(value);
        (last ? _last : _first)[value] = bytes;
    }

    /// <summary>The value's bytes with the channels first, or in the order of a value that has no channels.</summary>
    public string First(string value)
    {
        if (_first.TryGetValue(value, out string? bytes))
            return bytes;
        bytes = _last.TryGetValue(value, out string? last)
            ? Permute(value, last, ChannelsLastLayout.ToFirst, [0, -1, .. Ones(value)], "quantized")
            : Quantize(value, value, names.Fresh($"{value}_quantized"));
        return _first[value] = bytes;
    }

    /// <summary>The value's bytes with the channels last. It must have channels and pixels.</summary>
    public string Last(string value)
    {
        if (_last.TryGetValue(value, out string? bytes))
            return bytes;
        if (!_first.ContainsKey(value) && TransposedFrom(value) is { } source)
        {
            Float(source);
            bytes = Quantize(value, source, names.Fresh($"{value}_channels_last"));
        }
        else
        {
            // ONNX Runtime's QuantizeLinear and Transpose of bytes are together faster than QuantizeNhwc, twice where there are three channels.
            bytes = Permute(value, First(value), ChannelsLastLayout.ToLast, [0, .. Ones(value), -1], "channels_last");
        }
        return _last[value] = bytes;
    }

    /// <summary>Makes a value available as floats, under its own name.</summary>
    public void Float(string value)
    {
        if (!_computed.Contains(value) || !_floats.Add(value))
            return;
        if (customOperators && !_first.ContainsKey(value) && !IsSmall(value))
            Write(Octet("DequantizeNhwc", names.Fresh($"{value}_DequantizeNhwc"), [_last[value]], value, Quantization("", value)));
        else
            Dequantize(value, First(value), value);
    }

    /// <summary>Adds a DequantizeLinear of bytes that have a value's scale and zero point.</summary>
    public void Dequantize(string value, string bytes, string result) =>
        Write(Onnx.Nodes.Create("DequantizeLinear", names.Fresh($"{value}_DequantizeLinear"), [bytes, .. ParameterOperands(value)], [result]));

    /// <summary>Adds a QuantizeLinear to a value's scale and zero point.</summary>
    public string Quantize(string value, string floats, string result) =>
        Write(Onnx.Nodes.Create("QuantizeLinear", names.Fresh($"{value}_QuantizeLinear"), [floats, .. ParameterOperands(value)], [result]));

    /// <summary>Adds a constant and returns its name.</summary>
    public string Add(TensorProto constant)
    {
        model.Graph.Initializer.Add(constant);
        return constant.Name;
    }

    /// <summary>A constant of the model that is written.</summary>
    public TensorProto Constant(string name)
    {
        foreach (TensorProto constant in model.Graph.Initializer.Skip(_constants.Count))
            _constants.TryAdd(constant.Name, constant);
        return _constants[name];
    }

    /// <summary>A name that is free.</summary>
    public string Fresh(string wanted) => names.Fresh(wanted);

    /// <summary>Adds a node and returns its first result.</summary>
    public string Write(NodeProto node)
    {
        Nodes.Add(node);
        return node.Output[0];
    }

    /// <summary>A node of ONNX Runtime's own domain.</summary>
    public NodeProto Contrib(string opType, string name, IEnumerable<string> inputs, string result, params AttributeProto[] attributes)
    {
        model.ImportContribOperators();
        NodeProto node = Onnx.Nodes.Create(opType, name, inputs, [result], attributes);
        node.Domain = ContribOperators.Domain;
        return node;
    }

    /// <summary>A node of <see cref="QuantizedOperators"/>.</summary>
    public NodeProto Octet(string opType, string name, IEnumerable<string> inputs, string result, params AttributeProto[] attributes)
    {
        model.Import(QuantizedOperators.Domain, 1);
        NodeProto node = Onnx.Nodes.Create(opType, name, inputs, [result], attributes);
        node.Domain = QuantizedOperators.Domain;
        return node;
    }

    /// <summary>Scale and zero point of a value as attributes of <see cref="QuantizedOperators"/>.</summary>
    public AttributeProto[] Quantization(string prefix, string value)
    {
        AffineParameters parameters = Parameters(value);
        return [Onnx.Nodes.Attribute($"{prefix}scale", parameters.Scale), Onnx.Nodes.Attribute($"{prefix}zero_point", (long)parameters.ZeroPoint)];
    }

    /// <summary>Adds a Gather of numbers from a list, extents say, and returns its result.</summary>
    public string Pick(string list, long[] positions, string result) =>
        Write(Onnx.Nodes.Create("Gather", names.Fresh($"{result}_Gather"), [list, Add(Tensors.Create(names.Fresh($"{result}_positions"), [positions.Length], positions))], [result]));

    /// <summary>Adds a Reshape and returns its result.</summary>
    public string Reshape(string name, string bytes, long[] shape, string result) =>
        Write(Onnx.Nodes.Create("Reshape", name, [bytes, Add(Tensors.Create(names.Fresh($"{result}_shape"), [shape.Length], shape))], [result]));

    /// <summary>The float value that a Transpose of the model makes this one from, if it is this one with the channels last.</summary>
    private string? TransposedFrom(string value) =>
        !_computed.Contains(value) && index.Producer(value) is { } node && node.Is("Transpose") && node.Ints("perm") is { Length: > 2 } permutation
        && permutation.SequenceEqual(ChannelsLastLayout.ToFirst(permutation.Length))
            ? node.Input[0]
            : null;

    // Of small images, many channels, a Transpose of bytes and DequantizeLinear are faster than DequantizeNhwc; of large ones they are slower.
    private bool IsSmall(string value) => index.Extents(value) is [_, _, .. var pixels] && pixels.All(extent => extent is not null) && pixels.Aggregate(1L, (product, extent) => product * extent!.Value) < SmallImage;

    private string Permute(string value, string bytes, Func<int, long[]> permutation, long[] onePixel, string suffix)
    {
        string result = names.Fresh($"{value}_{suffix}");
        if (IsOnePixel(value))
            return Reshape(names.Fresh($"{value}_Reshape"), bytes, onePixel, result);
        int rank = Rank(value) ?? throw new InvalidOperationException($"The rank of '{value}' is not known.");
        return Write(Onnx.Nodes.Create("Transpose", names.Fresh($"{value}_Transpose"), [bytes], [result], Onnx.Nodes.Attribute("perm", permutation(rank))));
    }

    private IEnumerable<long> Ones(string value) => Enumerable.Repeat(1L, Math.Max(0, (index.Extents(value)?.Length ?? 0) - 2));
}
