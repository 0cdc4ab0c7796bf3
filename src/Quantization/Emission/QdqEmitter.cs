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
    private readonly UniqueNames _names;
    private readonly QuantizationPlan _plan;
    private readonly IReadOnlyDictionary<string, ActivationRange> _ranges;
    private readonly bool _signedActivations;
    private readonly IntegerWeights _weights;
    private readonly Dictionary<string, string> _dequantized = new(StringComparer.Ordinal);
    private readonly HashSet<string> _quantized;
    private readonly HashSet<string> _integerResults;
    private readonly Dictionary<string, StoredIntegers> _quantizedValues = new(StringComparer.Ordinal);
    private readonly List<string> _floatResults = [];

    // Of the graph that is being written.
    private GraphIndex _index;
    private List<NodeProto> _nodes = [];
    private Dictionary<string, string> _dequantizedHere = new(StringComparer.Ordinal);

    private QdqEmitter(
        ModelProto prepared, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges, int weightLimit, bool signedActivations,
        IReadOnlyDictionary<string, ImmutableArray<double>>? inputMeans, IReadOnlyDictionary<string, QuantizedWeights>? trained)
    {
        _model = prepared.Clone();
        _index = new GraphIndex(_model.Graph);
        _names = new UniqueNames(_model);
        _plan = plan;
        _ranges = ranges;
        _signedActivations = signedActivations;
        _quantized = [.. plan.Activations, .. plan.SharedParameters.Keys];
        // Values that integer nodes compute are known to the rest of the model in their quantized form only; values that float nodes compute
        // stay as they are for float readers.
        _integerResults =
        [
            .. GraphIndex.Nodes(_model.Graph)
                .Where(pair => plan.Contains(pair.Node.Name) && !StaticQuantization.GivesFloat(pair.Node, pair.Index, _quantized.Contains))
                .Select(pair => StaticQuantization.QuantizedResult(pair.Node, pair.Index)),
        ];
        _weights = new IntegerWeights(_model, _names, weightLimit, inputMeans, trained);
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
    /// <param name="trained">Weights whose integers are given, by initializer; null for none. Those beyond the limit are quantized anew.</param>
    public static EmittedModel Emit(
        ModelProto prepared, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges, int weightLimit, bool signedActivations = false,
        IReadOnlyDictionary<string, ImmutableArray<double>>? inputMeans = null, IReadOnlyDictionary<string, QuantizedWeights>? trained = null) =>
        new QdqEmitter(prepared, plan, ranges, weightLimit, signedActivations, inputMeans, trained).Emit();

    private EmittedModel Emit()
    {
        Write(_index);
        // A float result is found under its own name.
        foreach (string result in _floatResults)
            _dequantized.TryAdd(result, result);
        ModelProto emitted = RemoveUnused.Apply(_model);
        // What only subgraphs read is dequantized there, and nowhere else.
        HashSet<string> values = [.. GraphIndex.Nodes(emitted.Graph).SelectMany(pair => pair.Node.Output)];
        return new EmittedModel(emitted, _dequantized.Where(pair => values.Contains(pair.Value)).ToImmutableDictionary(StringComparer.Ordinal));
    }

    private void Write(GraphIndex index)
    {
        (GraphIndex, List<NodeProto>, Dictionary<string, string>) outer = (_index, _nodes, _dequantizedHere);
        (_index, _nodes, _dequantizedHere) = (index, [], new(StringComparer.Ordinal));
        WriteNodes();
        index.Graph.Node.Clear();
        index.Graph.Node.AddRange(_nodes);
        (_index, _nodes, _dequantizedHere) = outer;
    }

    private void WriteNodes()
    {
        HashSet<NodeProto> joinedBiases = new(ReferenceEqualityComparer.Instance);

        foreach (ValueInfoProto input in _index.Graph.Input.Where(input => _quantized.Contains(input.Name)))
            AddPair(input.Name, input.Name);

        foreach (NodeProto node in _index.Graph.Node.ToArray())
        {
            if (joinedBiases.Contains(node))
                continue;
            if (_plan.ComputeNodes.Contains(node.Name) && StaticQuantization.GivesFloat(node, _index, _quantized.Contains))
            {
                if (StaticQuantization.BiasBehind(node, _index) is { } bias)
                    joinedBiases.Add(bias);
                string result = AddProductToFloat(node);
                if (_quantized.Contains(result))
                    AddPair(result, result);
                continue;
            }

            bool isInteger = _plan.Contains(node.Name);
            NodeProto rewritten = node.Clone();
            for (int i = 0; i < node.Input.Count; i++)
                if (_dequantized.TryGetValue(node.Input[i], out string? dequantized) && (isInteger || _integerResults.Contains(node.Input[i])))
                    rewritten.Input[i] = isInteger ? DequantizedHere(node.Input[i]) : dequantized;
            if (_plan.ComputeNodes.Contains(node.Name))
                AddWeights(node, rewritten);
            foreach (GraphProto subgraph in rewritten.Subgraphs())
                Write(new GraphIndex(subgraph, _index, rewritten));
            _nodes.Add(rewritten);

            foreach (string output in node.Output.Where(_quantized.Contains))
            {
                if (_index.IsOutput(output) && _integerResults.Contains(output))
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
    }

    /// <summary>The dequantized form of a value for an integer node: ONNX Runtime fuses a node with conversions of its own graph only.</summary>
    private string DequantizedHere(string value)
    {
        if (!_dequantizedHere.TryGetValue(value, out string? dequantized))
        {
            StoredIntegers integers = _quantizedValues[value];
            _dequantizedHere[value] = dequantized = _names.Fresh($"{value}_dequantized");
            _nodes.Add(Nodes.Create("DequantizeLinear", _names.Fresh($"{value}_DequantizeLinear"), [integers.Values, integers.Scale, integers.ZeroPoint], [dequantized]));
        }
        return dequantized;
    }

    private string AddProductToFloat(NodeProto node)
    {
        NodeProto product = _weights.ProductToFloat(node, _index, _quantizedValues[node.Input[0]]);
        _floatResults.Add(StaticQuantization.QuantizedResult(node, _index));
        _nodes.Add(product);
        return product.Output[0];
    }

    private void AddPair(string value, string source, string? dequantizedName = null)
    {
        AffineParameters parameters = ParametersOf(value);
        string scale = _names.Fresh($"{value}_scale");
        string zeroPoint = _names.Fresh($"{value}_zero_point");
        string quantized = _names.Fresh($"{value}_quantized");
        string dequantized = dequantizedName ?? _names.Fresh($"{value}_dequantized");
        _index.Graph.Initializer.Add(Tensors.Create(scale, [], [parameters.Scale]));
        _index.Graph.Initializer.Add(_signedActivations ? Tensors.Create(zeroPoint, [], [(sbyte)parameters.ZeroPoint]) : Tensors.Create(zeroPoint, [], [(byte)parameters.ZeroPoint]));
        _nodes.Add(Nodes.Create("QuantizeLinear", _names.Fresh($"{value}_QuantizeLinear"), [source, scale, zeroPoint], [quantized]));
        _nodes.Add(Nodes.Create("DequantizeLinear", _names.Fresh($"{value}_DequantizeLinear"), [quantized, scale, zeroPoint], [dequantized]));
        _dequantized[value] = _dequantizedHere[value] = dequantized;
        _quantizedValues[value] = new StoredIntegers(quantized, scale, zeroPoint);
    }

    private void AddWeights(NodeProto node, NodeProto rewritten)
    {
        (StoredIntegers weights, StoredIntegers? bias) = _weights.Of(node, _index, ParametersOf(node.Input[0]).Scale);
        rewritten.Input[1] = Dequantize(node.Input[1], OperatorTraits.ChannelAxis(node), weights);
        if (bias is null)
            return;
        string dequantized = Dequantize(IntegerWeights.BiasName(node), 0, bias);
        if (rewritten.Input.Count > 2)
            rewritten.Input[2] = dequantized;
        else
            rewritten.Input.Add(dequantized);
    }

    private string Dequantize(string constant, int axis, StoredIntegers integers)
    {
        if (!_dequantizedHere.TryGetValue(integers.Values, out string? dequantized))
        {
            _dequantizedHere[integers.Values] = dequantized = _names.Fresh($"{constant}_dequantized");
            _nodes.Add(Nodes.Create("DequantizeLinear", _names.Fresh($"{constant}_DequantizeLinear"), [integers.Values, integers.Scale, integers.ZeroPoint], [dequantized], Nodes.Attribute("axis", axis)));
        }
        return dequantized;
    }

    private AffineParameters ParametersOf(string value)
    {
        while (_plan.SharedParameters.TryGetValue(value, out string? source))
            value = source;
        return _signedActivations ? AffineParameters.ForInt8(_ranges[value]) : AffineParameters.ForUInt8(_ranges[value]);
    }
}
