using Octet.Quantization.Calibration;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Benchmarks.Peer;

/// <summary>
/// What <c>quantize_static</c> of ONNX Runtime's Python tool writes (onnxruntime/python/tools/quantization): QDQ format, activations uint8, weights
/// int8 per channel and symmetric, biases int32. Written anew from its rules, operator by operator, since there is no Python here.
/// </summary>
internal sealed class PeerRecipe
{
    /// <summary>The operators that multiply: for <c>op_types_to_quantize</c>.</summary>
    public static IReadOnlySet<string> ComputeOnly { get; } = new HashSet<string> { "Conv", "Gemm", "MatMul" };

    /// <summary>The tool's default list: its QLinear and QDQ registries, as far as models here have the operators.</summary>
    public static IReadOnlySet<string> DefaultOperators { get; } = new HashSet<string>
    {
        "Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Mul", "Relu", "Clip", "LeakyRelu", "Sigmoid", "Softmax", "MaxPool", "AveragePool", "GlobalAveragePool", "Concat", "Split", "Pad",
        "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Resize", "Where", "Slice", "Gather", "ArgMax", "InstanceNormalization", "LayerNormalization", "BatchNormalization",
    };

    // QDQDirect8BitOp: the result has its input's parameters, and is quantized only if the input is.
    private static readonly HashSet<string> Direct = ["Reshape", "Transpose", "Squeeze", "Unsqueeze", "Resize", "MaxPool", "AveragePool", "Slice", "Pad", "Gather", "Split"];

    private readonly GraphProto _graph;
    private readonly ModelProto _model;
    private readonly UniqueNames _names;
    private readonly IReadOnlySet<string> _operators;
    private readonly Dictionary<string, ActivationRange> _ranges;
    private readonly Dictionary<string, TensorProto> _constants;
    private readonly HashSet<string> _float;
    private readonly List<string> _activations = [];
    private readonly Dictionary<string, string> _sameAs = [];
    private readonly HashSet<NodeProto> _removed = new(ReferenceEqualityComparer.Instance);

    private PeerRecipe(ModelProto preprocessed, IReadOnlySet<string> operators, IReadOnlyDictionary<string, ActivationRange> ranges)
    {
        _model = preprocessed.Clone();
        _graph = _model.Graph;
        _names = new UniqueNames(_model);
        _operators = operators;
        _ranges = new Dictionary<string, ActivationRange>(ranges);
        _constants = _graph.Initializer.ToDictionary(tensor => tensor.Name);
        _float = [.. ranges.Keys, .. _constants.Values.Where(tensor => tensor.IsFloatingPoint()).Select(tensor => tensor.Name)];
    }

    /// <summary>Quantizes a pre-processed model with ranges of its values.</summary>
    public static ModelProto Quantize(ModelProto preprocessed, IReadOnlySet<string> operators, IReadOnlyDictionary<string, ActivationRange> ranges) =>
        new PeerRecipe(preprocessed, operators, ranges).Quantize();

    private ModelProto Quantize()
    {
        AdjustRanges();
        foreach (NodeProto node in _graph.Node.Where(node => node.IsStandard() && _operators.Contains(node.OpType)).ToArray())
            Mark(node);
        Write();
        return _model;
    }

    // adjust_tensor_ranges: what a clamp alone reads gets the clamp's range.
    private void AdjustRanges()
    {
        foreach (NodeProto node in _graph.Node.Where(node => _operators.Contains(node.OpType)))
        {
            if (node.OpType is "Relu" or "Clip" && _ranges.ContainsKey(node.Input[0]) && Readers(node.Input[0]) == 1)
                _ranges[node.Input[0]] = _ranges[node.Output[0]];
            else if (node.OpType == "Softmax")
                _ranges[node.Output[0]] = new ActivationRange(0, 1);
        }
    }

    private void Mark(NodeProto node)
    {
        switch (node.OpType)
        {
            case "Conv" or "Gemm" or "MatMul" or "ConvTranspose":
                Activation(node.Input[0]);
                // Weights, and biases of constant operands, are written with the node.
                if (!_constants.ContainsKey(node.Input[1]))
                    Activation(node.Input[1]);
                Activation(node.Output[0]);
                break;
            case "Relu" or "Clip":
                if (!IsMarked(node.Input[0]))
                    break;
                if (Replaces(node))
                    break;
                Activation(node.Output[0]);
                break;
            case var op when Direct.Contains(op):
                if (IsMarked(node.Input[0]))
                    foreach (string output in node.Output)
                        Same(output, node.Input[0]);
                break;
            default:
                foreach (string value in node.Input.Concat(node.Output))
                    Activation(value);
                break;
        }
    }

    // try_replacing_upstream_output: a clamp that alone reads a quantized value goes, and the value takes its name.
    private bool Replaces(NodeProto clamp)
    {
        string upstream = clamp.Input[0];
        if (Readers(upstream) != 1 || _graph.Output.Any(output => output.Name == upstream) || _graph.Input.Any(input => input.Name == upstream))
            return false;
        NodeProto producer = _graph.Node.First(node => node.Output.Contains(upstream));
        producer.Output[producer.Output.IndexOf(upstream)] = clamp.Output[0];
        _activations.Remove(upstream);
        bool shared = _sameAs.Remove(upstream, out string? source);
        _removed.Add(clamp);
        if (shared)
            Same(clamp.Output[0], source!);
        else
            Activation(clamp.Output[0]);
        return true;
    }

    private int Readers(string value) => _graph.Node.Count(node => !_removed.Contains(node) && node.Input.Contains(value));

    private bool IsMarked(string value) => _activations.Contains(value);

    private void Activation(string value)
    {
        if (_float.Contains(value) && !IsMarked(value))
            _activations.Add(value);
    }

    private void Same(string value, string source)
    {
        if (!_float.Contains(value) || IsMarked(value))
            return;
        _activations.Add(value);
        _sameAs[value] = source;
    }

    private void Write()
    {
        NodeProto[] nodes = [.. _graph.Node.Where(node => !_removed.Contains(node))];
        Dictionary<string, string> dequantized = [];
        List<NodeProto> written = [];
        void Pair(string value, string source, string target)
        {
            (float scale, byte zeroPoint) = Parameters(value);
            string scaleName = Constant(value, "scale", Tensors.Create("", [], [scale])), zeroName = Constant(value, "zero_point", Tensors.Create("", [], [zeroPoint]));
            string quantized = _names.Fresh($"{value}_quantized");
            written.Add(Nodes.Create("QuantizeLinear", _names.Fresh($"{value}_Q"), [source, scaleName, zeroName], [quantized]));
            written.Add(Nodes.Create("DequantizeLinear", _names.Fresh($"{value}_DQ"), [quantized, scaleName, zeroName], [target]));
            dequantized[value] = target;
        }

        foreach (string value in _activations.Where(value => _graph.Input.Any(input => input.Name == value) || _constants.ContainsKey(value)))
            Pair(value, value, _names.Fresh($"{value}_dequantized"));
        foreach (NodeProto node in nodes)
        {
            NodeProto rewritten = node.Clone();
            for (int i = 0; i < node.Input.Count; i++)
                rewritten.Input[i] = dequantized.GetValueOrDefault(node.Input[i], node.Input[i]);
            if (node.IsStandard() && node.OpType is "Conv" or "Gemm" or "MatMul" or "ConvTranspose" && _operators.Contains(node.OpType) && _constants.ContainsKey(node.Input[1]))
                QuantizeWeights(node, rewritten, written);
            written.Add(rewritten);
            for (int i = 0; i < node.Output.Count; i++)
            {
                string output = node.Output[i];
                if (!IsMarked(output))
                    continue;
                if (_graph.Output.Any(graphOutput => graphOutput.Name == output))
                {
                    rewritten.Output[i] = _names.Fresh($"{output}_raw");
                    Pair(output, rewritten.Output[i], output);
                }
                else
                {
                    Pair(output, output, _names.Fresh($"{output}_dequantized"));
                }
            }
        }
        _graph.Node.Clear();
        _graph.Node.AddRange(written);
        HashSet<string> read = [.. written.SelectMany(node => node.Input)];
        foreach (TensorProto unread in _graph.Initializer.Where(tensor => !read.Contains(tensor.Name)).ToArray())
            _graph.Initializer.Remove(unread);
        _graph.ValueInfo.Clear();
    }

    private void QuantizeWeights(NodeProto node, NodeProto rewritten, List<NodeProto> written)
    {
        TensorProto weights = _constants[node.Input[1]];
        // The axis of the output channels; the tool quantizes a ConvTranspose's weights along axis 1.
        int axis = node.OpType switch { "Conv" => 0, "Gemm" => node.Int("transB", 0) != 0 ? 0 : 1, _ => 1 };
        float[] values = weights.ToFloats();
        int channels = (int)weights.Dims[axis];
        int inner = (int)weights.Dims.Skip(axis + 1).Aggregate(1L, (product, extent) => product * extent);
        float[] scales = new float[channels];
        for (int i = 0; i < values.Length; i++)
            scales[i / inner % channels] = MathF.Max(scales[i / inner % channels], MathF.Abs(values[i]) / 127);
        for (int c = 0; c < channels; c++)
            scales[c] = scales[c] < 1.17549435e-38f ? 1 : scales[c];
        sbyte[] integers = [.. values.Select((value, i) => (sbyte)Math.Clamp(MathF.Round(value / scales[i / inner % channels]), -127, 127))];
        rewritten.Input[1] = Dequantize(weights.Name, axis, Tensors.Create("", weights.Dims, integers), scales, Tensors.Create("", [channels], new sbyte[channels]), written);

        if (node.InputAt(2).Length == 0 || !_constants.TryGetValue(node.Input[2], out TensorProto? bias) || !IsMarked(node.Input[0]))
            return;
        float inputScale = Parameters(node.Input[0]).Scale;
        float[] biasScales = [.. scales.Select(scale => scale * inputScale)];
        int[] units = [.. bias.ToFloats().Select((value, c) => (int)Math.Clamp(Math.Round(value / (double)biasScales[c]), int.MinValue, int.MaxValue))];
        rewritten.Input[2] = Dequantize(bias.Name, 0, Tensors.Create("", [units.Length], units), biasScales, Tensors.Create("", [units.Length], new int[units.Length]), written);
    }

    private string Dequantize(string name, int axis, TensorProto integers, float[] scales, TensorProto zeroPoints, List<NodeProto> written)
    {
        string result = _names.Fresh($"{name}_dequantized");
        string[] inputs = [Constant(name, "quantized", integers), Constant(name, "scale", Tensors.Create("", [scales.Length], scales)), Constant(name, "zero_point", zeroPoints)];
        written.Add(Nodes.Create("DequantizeLinear", _names.Fresh($"{name}_DQ"), inputs, [result], Nodes.Attribute("axis", axis)));
        return result;
    }

    private string Constant(string of, string what, TensorProto tensor)
    {
        tensor.Name = _names.Fresh($"{of}_{what}");
        _graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    // compute_scale_zp for uint8, asymmetric: zero lies in the range.
    private (float Scale, byte ZeroPoint) Parameters(string value)
    {
        while (_sameAs.TryGetValue(value, out string? source))
            value = source;
        ActivationRange range = _constants.TryGetValue(value, out TensorProto? constant) ? RangeOf(constant.ToFloats()) : _ranges[value];
        float min = MathF.Min(range.Min, 0), max = MathF.Max(range.Max, 0);
        float scale = (max - min) / 255;
        return scale < 1.17549435e-38f ? (1, (byte)0) : (scale, (byte)Math.Clamp(MathF.Round(-min / scale), 0, 255));
    }

    private static ActivationRange RangeOf(float[] values) => new(values.Min(), values.Max());
}
