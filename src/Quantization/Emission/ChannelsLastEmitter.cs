using System.Collections.Immutable;
using Octet.Quantization.Calibration;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Emission;

/// <summary>
/// Writes a plan into a model as the integer operators themselves, with the channels last: what ONNX Runtime makes of quantize/dequantize pairs
/// (<see cref="QdqEmitter"/>) when all goes well, with nothing left to its pattern matching, and with operators that it has none of.
/// Activations are unsigned 8-bit per tensor, weights signed 8-bit per channel, biases 32-bit.
/// </summary>
/// <remarks>
/// <para>Values between integer nodes exist as bytes only; one that float nodes read too is dequantized once, under its own name. Bytes are kept in
/// the order of axes that their node computes: convolutions and pools want the channels last, matrix products and what moves axes want them as ONNX
/// has them, and operators element by element take what is there.</para>
/// <para>Nodes in subgraphs stay float.</para>
/// </remarks>
public sealed class ChannelsLastEmitter
{
    private readonly ModelProto _model;
    private readonly QuantizationPlan _plan;
    private readonly IntegerValues _values;
    private readonly ComputeOperators _compute;
    private readonly ConnectingLayers _connecting;
    private readonly HashSet<string> _quantized;

    private ChannelsLastEmitter(
        ModelProto prepared, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges, int weightLimit, bool customOperators,
        IReadOnlyDictionary<string, ImmutableArray<double>>? inputMeans, int images, IReadOnlyDictionary<string, QuantizedWeights>? trained)
    {
        _model = prepared.Clone();
        _plan = plan;
        _quantized = [.. plan.Activations, .. plan.SharedParameters.Keys];
        UniqueNames names = new(_model);
        _values = new IntegerValues(_model, new GraphIndex(_model.Graph), names, value => ParametersOf(value, plan, ranges), customOperators);
        // Of a pool that rounds up ONNX Runtime infers one extent and computes another.
        bool roundsUp = _model.Graph.Node.Any(node => node.Int("ceil_mode", 0) != 0);
        bool Connects(NodeProto node) => plan.ConnectingNodes.Contains(node.Name);
        _compute = new ComputeOperators(_values, new IntegerWeights(_model, names, weightLimit, inputMeans, trained), Connects, roundsUp ? null : images);
        _connecting = new ConnectingLayers(_values, Connects);
    }

    /// <summary>Returns the quantized model; the prepared one is left as it is.</summary>
    /// <param name="prepared">The model that the plan was made for, opset 13 or newer.</param>
    /// <param name="plan">What becomes integer.</param>
    /// <param name="ranges">A usable range for each of the plan's activations.</param>
    /// <param name="weightLimit">Largest magnitude of a weight: 127 (8 bits) or 63 (7 bits).</param>
    /// <param name="customOperators">Whether the operators of <see cref="QuantizedOperators"/> may be used; without, only those of ONNX Runtime are.</param>
    /// <param name="inputMeans">As for <see cref="QdqEmitter"/>: the mean of each input channel, for <see cref="BiasCorrection"/>.</param>
    /// <param name="images">The number of images that a run will have, where the model does not tell: of many small images some convolutions are written as one product.</param>
    /// <param name="trained">As for <see cref="QdqEmitter"/>: weights whose integers are given.</param>
    /// <exception cref="ArgumentException">The plan was made for custom operators, and there are none.</exception>
    public static EmittedModel Emit(
        ModelProto prepared, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges, int weightLimit, bool customOperators,
        IReadOnlyDictionary<string, ImmutableArray<double>>? inputMeans = null, int images = 1, IReadOnlyDictionary<string, QuantizedWeights>? trained = null)
    {
        if (plan.Operators == ConnectingOperators.WithTables && !customOperators)
            throw new ArgumentException("The plan has operators that ONNX Runtime has not.", nameof(plan));
        return new ChannelsLastEmitter(prepared, plan, ranges, weightLimit, customOperators, inputMeans, images, trained).Emit();
    }

    private EmittedModel Emit()
    {
        foreach (NodeProto node in _model.Graph.Node)
            if (!_values.IsJoined(node))
                Write(node);
        foreach (ValueInfoProto output in _model.Graph.Output)
            _values.Float(output.Name);

        _model.Graph.Node.Clear();
        _model.Graph.Node.AddRange(_values.Nodes);
        ModelProto emitted = RemoveUnused.Apply(_model);
        HashSet<string> floats = [.. emitted.Graph.Node.SelectMany(node => node.Output)];
        return new EmittedModel(emitted, _plan.Activations.Where(floats.Contains).ToImmutableDictionary(value => value, StringComparer.Ordinal));
    }

    private void Write(NodeProto node)
    {
        string result = StaticQuantization.QuantizedResult(node, _values.Index);
        if (_plan.ComputeNodes.Contains(node.Name) && StaticQuantization.GivesFloat(node, _values.Index, _quantized.Contains))
        {
            NodeProto product = _compute.ProductToFloat(node);
            Join(node, product.Output[0]);
        }
        else if (_plan.ComputeNodes.Contains(node.Name))
        {
            bool isInteger = _quantized.Contains(result);
            _compute.Write(node, isInteger ? result : null);
            if (isInteger)
                Join(node, result);
        }
        else if (_plan.ConnectingNodes.Contains(node.Name) && _connecting.Write(node, result))
        {
            Join(node, result);
        }
        else
        {
            WriteFloat(node);
        }
    }

    /// <summary>What stands between a node and its result, a clamp or a bias, is part of it.</summary>
    private void Join(NodeProto node, string result)
    {
        if (_values.Index.Producer(result) is { } last && !ReferenceEquals(last, node))
            _values.Join(last);
    }

    private void WriteFloat(NodeProto node)
    {
        if (node.Is("Transpose") && _values.IsComputed(node.Input[0]) && _values.IsLast(node.Input[0])
            && node.Ints("perm") is { Length: > 2 } permutation && permutation.SequenceEqual(ChannelsLastLayout.ToLast(permutation.Length)))
        {
            _values.Dequantize(node.Input[0], _values.Last(node.Input[0]), node.Output[0]);
            return;
        }
        if (node.Is("Shape") && _values.IsComputed(node.Input[0]) && node.Attribute.Count == 0)
        {
            WriteShape(node);
            return;
        }
        foreach (string read in node.Input.Concat(node.CapturedNames()))
            _values.Float(read);
        _values.Write(node.Clone());
    }

    /// <summary>Bytes have the extents of the floats.</summary>
    private void WriteShape(NodeProto node)
    {
        string value = node.Input[0];
        if (!_values.IsLast(value))
        {
            _values.Write(Nodes.Create("Shape", node.Name, [_values.First(value)], node.Output));
            return;
        }
        string extents = _values.Write(Nodes.Create("Shape", node.Name, [_values.Last(value)], [_values.Fresh($"{node.Output[0]}_channels_last")]));
        _values.Pick(extents, ChannelsLastLayout.ToFirst(_values.Rank(value)!.Value), node.Output[0]);
    }

    private static (AffineParameters, string) ParametersOf(string value, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges)
    {
        while (plan.SharedParameters.TryGetValue(value, out string? source))
            value = source;
        return (AffineParameters.ForUInt8(ranges[value]), value);
    }
}
