using System.Collections.Immutable;
using Octet.Quantization.Calibration;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Emission;

/// <summary>
/// Writes a plan into a model as QuantizeLinear/DequantizeLinear pairs (QDQ): activations 8-bit per tensor, unsigned or signed, weights signed 8-bit
/// per channel, biases 32-bit. ONNX Runtime fuses the pairs with the nodes between them into integer kernels.
/// </summary>
/// <remarks>
/// A MatMul that gives floats is written as the operator itself, MatMulIntegerToFloat: ONNX Runtime would join MatMul and the Add of a bias to a
/// float Gemm before it looks at the pairs.
/// </remarks>
public sealed class QdqEmitter
{
    private readonly ModelProto _model;
    private readonly GraphProto _graph;
    private readonly GraphIndex _index;
    private readonly UniqueNames _names;
    private readonly QuantizationPlan _plan;
    private readonly IReadOnlyDictionary<string, ActivationRange> _ranges;
    private readonly int _weightLimit;
    private readonly bool _signedActivations;
    private readonly IReadOnlyDictionary<string, ImmutableArray<double>> _inputMeans;
    private readonly Dictionary<string, string> _dequantized = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Weights, string Bias, float ActivationScale, string CorrectedFor), (string Weights, string Bias)> _quantizedWeights = [];
    private readonly Dictionary<string, StoredIntegers> _quantizedValues = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (StoredIntegers Stored, QuantizedWeights Integers)> _productWeights = new(StringComparer.Ordinal);
    private readonly List<string> _floatResults = [];
    private readonly List<NodeProto> _nodes = [];

    private QdqEmitter(
        ModelProto prepared, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges, int weightLimit, bool signedActivations,
        IReadOnlyDictionary<string, ImmutableArray<double>>? inputMeans)
    {
        _model = prepared.Clone();
        _graph = _model.Graph;
        _index = new GraphIndex(_graph);
        _names = new UniqueNames(_model);
        _plan = plan;
        _ranges = ranges;
        _weightLimit = weightLimit;
        _signedActivations = signedActivations;
        _inputMeans = inputMeans ?? ImmutableDictionary<string, ImmutableArray<double>>.Empty;
    }

    /// <summary>Returns the quantized model; the prepared one is left as it is.</summary>
    /// <param name="prepared">The model that the plan was made for, opset 13 or newer.</param>
    /// <param name="plan">What becomes integer.</param>
    /// <param name="ranges">A usable range for each of the plan's activations.</param>
    /// <param name="weightLimit">Largest magnitude of a weight: 127 (8 bits) or 63 (7 bits).</param>
    /// <param name="signedActivations">Whether activations are signed, as ARM64 wants them.</param>
    /// <param name="inputMeans">
    /// The mean of each input channel, by value (<see cref="StaticQuantization.CorrectedInputs"/>): biases take back what rounded weights shift a
    /// node's mean by (<see cref="BiasCorrection"/>). Null, or a value that is missing: no correction.
    /// </param>
    public static EmittedModel Emit(
        ModelProto prepared, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges, int weightLimit, bool signedActivations = false,
        IReadOnlyDictionary<string, ImmutableArray<double>>? inputMeans = null) =>
        new QdqEmitter(prepared, plan, ranges, weightLimit, signedActivations, inputMeans).Emit();

    private EmittedModel Emit()
    {
        HashSet<string> quantized = [.. _plan.Activations, .. _plan.SharedParameters.Keys];
        // Values that integer nodes compute are known to the rest of the graph in their quantized form only; values that float nodes compute
        // stay as they are for float readers.
        HashSet<string> integerResults =
        [
            .. _graph.Node.Where(node => _plan.Contains(node.Name) && !StaticQuantization.GivesFloat(node, _index, quantized.Contains)).Select(node => StaticQuantization.QuantizedResult(node, _index)),
        ];
        HashSet<NodeProto> joinedBiases = new(ReferenceEqualityComparer.Instance);

        foreach (ValueInfoProto input in _graph.Input.Where(input => quantized.Contains(input.Name)))
            AddPair(input.Name, input.Name);

        foreach (NodeProto node in _graph.Node.ToArray())
        {
            if (joinedBiases.Contains(node))
                continue;
            if (_plan.ComputeNodes.Contains(node.Name) && StaticQuantization.GivesFloat(node, _index, quantized.Contains))
            {
                if (StaticQuantization.BiasBehind(node, _index) is { } bias)
                    joinedBiases.Add(bias);
                string result = AddProductToFloat(node);
                if (quantized.Contains(result))
                    AddPair(result, result);
                continue;
            }

            bool isInteger = _plan.Contains(node.Name);
            NodeProto rewritten = node.Clone();
            for (int i = 0; i < node.Input.Count; i++)
                if (_dequantized.TryGetValue(node.Input[i], out string? dequantized) && (isInteger || integerResults.Contains(node.Input[i])))
                    rewritten.Input[i] = dequantized;
            if (_plan.ComputeNodes.Contains(node.Name))
                AddWeights(node, rewritten);
            _nodes.Add(rewritten);

            foreach (string output in node.Output.Where(quantized.Contains))
            {
                if (_index.IsOutput(output) && integerResults.Contains(output))
                {
                    // The graph's output keeps its name on the dequantized side.
                    string raw = _names.Fresh($"{output}_unquantized");
                    rewritten.Output[rewritten.Output.IndexOf(output)] = raw;
                    AddPair(output, raw, output);
                }
                else
                {
                    AddPair(output, output);
                }
            }
        }

        _graph.Node.Clear();
        _graph.Node.AddRange(_nodes);
        _graph.ValueInfo.Clear();
        // A float result is found under its own name.
        foreach (string result in _floatResults)
            _dequantized.TryAdd(result, result);
        return new EmittedModel(RemoveUnused.Apply(_model), _dequantized.ToImmutableDictionary(StringComparer.Ordinal));
    }

    private string AddProductToFloat(NodeProto node)
    {
        string result = StaticQuantization.QuantizedResult(node, _index);
        StoredIntegers input = _quantizedValues[node.Input[0]];
        TensorProto floats = _index.Initializer(node.Input[1])!;
        if (!_productWeights.TryGetValue(node.Input[1], out (StoredIntegers Stored, QuantizedWeights Integers) weights))
        {
            QuantizedWeights integers = QuantizedWeights.Quantize(floats.ToFloats(), floats.Dims, axis: 1, _weightLimit);
            _productWeights[node.Input[1]] = weights = (Store(floats, integers), integers);
        }
        string bias = StaticQuantization.BiasBehind(node, _index) is { } add ? StaticQuantization.BiasOf(add, node) : "";
        if (Corrected(node, bias.Length > 0 ? _index.Initializer(bias)!.ToFloats() : null, floats, weights.Integers, axis: 1) is { } corrected)
        {
            TensorProto tensor = Tensors.Create(_names.Fresh($"{(bias.Length > 0 ? bias : floats.Name)}_corrected"), [corrected.Length], corrected);
            _graph.Initializer.Add(tensor);
            bias = tensor.Name;
        }
        NodeProto product = Nodes.Create("MatMulIntegerToFloat", node.Name, [input.Values, weights.Stored.Values, input.Scale, weights.Stored.Scale, input.ZeroPoint, weights.Stored.ZeroPoint, bias], [result]);
        product.Domain = ContribOperators.Domain;
        _model.ImportContribOperators();
        _floatResults.Add(result);
        _nodes.Add(product);
        return result;
    }

    private void AddPair(string value, string source, string? dequantizedName = null)
    {
        AffineParameters parameters = ParametersOf(value);
        string scale = _names.Fresh($"{value}_scale");
        string zeroPoint = _names.Fresh($"{value}_zero_point");
        string quantized = _names.Fresh($"{value}_quantized");
        string dequantized = dequantizedName ?? _names.Fresh($"{value}_dequantized");
        _graph.Initializer.Add(Tensors.Create(scale, [], [parameters.Scale]));
        _graph.Initializer.Add(_signedActivations ? Tensors.Create(zeroPoint, [], [(sbyte)parameters.ZeroPoint]) : Tensors.Create(zeroPoint, [], [(byte)parameters.ZeroPoint]));
        _nodes.Add(Nodes.Create("QuantizeLinear", _names.Fresh($"{value}_QuantizeLinear"), [source, scale, zeroPoint], [quantized]));
        _nodes.Add(Nodes.Create("DequantizeLinear", _names.Fresh($"{value}_DequantizeLinear"), [quantized, scale, zeroPoint], [dequantized]));
        _dequantized[value] = dequantized;
        _quantizedValues[value] = new StoredIntegers(quantized, scale, zeroPoint);
    }

    private void AddWeights(NodeProto node, NodeProto rewritten)
    {
        string correctedFor = _inputMeans.ContainsKey(node.Input[0]) ? node.Input[0] : "";
        (string Weights, string Bias, float ActivationScale, string CorrectedFor) key = (node.Input[1], node.InputAt(2), ParametersOf(node.Input[0]).Scale, correctedFor);
        if (!_quantizedWeights.TryGetValue(key, out (string Weights, string Bias) names))
            _quantizedWeights[key] = names = QuantizeWeights(node, key.ActivationScale);
        rewritten.Input[1] = names.Weights;
        if (names.Bias.Length == 0)
            return;
        if (rewritten.Input.Count > 2)
            rewritten.Input[2] = names.Bias;
        else
            rewritten.Input.Add(names.Bias);
    }

    private (string Weights, string Bias) QuantizeWeights(NodeProto node, float activationScale)
    {
        TensorProto weights = _index.Initializer(node.Input[1])!;
        float[]? bias = node.InputAt(2).Length > 0 ? _index.Initializer(node.Input[2])!.ToFloats() : null;
        int axis = OperatorTraits.ChannelAxis(node);
        float[] smallestScales = bias is null ? [] : QuantizedBias.SmallestWeightScales(bias, activationScale);
        QuantizedWeights quantized = QuantizedWeights.Quantize(weights.AsFloats(), weights.Dims, axis, _weightLimit, smallestScales);

        string weightsName = Dequantize(weights.Name, axis, Store(weights, quantized));
        // A MatMul with an integer result has no bias.
        bias = (node.OpType == "MatMul" ? null : Corrected(node, bias, weights, quantized, axis)) ?? bias;
        if (bias is null)
            return (weightsName, "");

        (int[] values, float[] scales) = QuantizedBias.Quantize(bias, activationScale, quantized.Scales);
        string name = node.InputAt(2).Length > 0 ? node.Input[2] : $"{weights.Name}_bias";
        return (weightsName, Dequantize(name, 0, Store(name, scales, Tensors.Create(_names.Fresh($"{name}_quantized"), [values.Length], values), Tensors.Create(_names.Fresh($"{name}_zero_point"), [values.Length], new int[values.Length]))));
    }

    /// <summary>The bias (null: 0) without what the rounded weights add to the mean; null where it is not known.</summary>
    private float[]? Corrected(NodeProto node, float[]? bias, TensorProto weights, QuantizedWeights quantized, int axis) =>
        _inputMeans.TryGetValue(node.Input[0], out ImmutableArray<double> means) && BiasCorrection.Shifts(node, weights, quantized, axis, means) is { } shifts
            ? [.. shifts.Select((shift, channel) => (float)((bias?[channel] ?? 0) - shift))]
            : null;

    private StoredIntegers Store(TensorProto weights, QuantizedWeights quantized) => Store(weights.Name, quantized.Scales,
        Tensors.Create(_names.Fresh($"{weights.Name}_quantized"), weights.Dims, quantized.Values),
        Tensors.Create(_names.Fresh($"{weights.Name}_zero_point"), [quantized.Scales.Length], new sbyte[quantized.Scales.Length]));

    private StoredIntegers Store(string constant, float[] scales, TensorProto values, TensorProto zeroPoints)
    {
        string scale = _names.Fresh($"{constant}_scale");
        _graph.Initializer.Add(values);
        _graph.Initializer.Add(Tensors.Create(scale, [scales.Length], scales));
        _graph.Initializer.Add(zeroPoints);
        return new StoredIntegers(values.Name, scale, zeroPoints.Name);
    }

    private string Dequantize(string constant, int axis, StoredIntegers integers)
    {
        string dequantized = _names.Fresh($"{constant}_dequantized");
        _nodes.Add(Nodes.Create("DequantizeLinear", _names.Fresh($"{constant}_DequantizeLinear"), [integers.Values, integers.Scale, integers.ZeroPoint], [dequantized], Nodes.Attribute("axis", axis)));
        return dequantized;
    }

    private AffineParameters ParametersOf(string value)
    {
        while (_plan.SharedParameters.TryGetValue(value, out string? source))
            value = source;
        return _signedActivations ? AffineParameters.ForInt8(_ranges[value]) : AffineParameters.ForUInt8(_ranges[value]);
    }

    // Names of a tensor in integers, and of what turns it back into floats.
    private sealed record StoredIntegers(string Values, string Scale, string ZeroPoint);
}
