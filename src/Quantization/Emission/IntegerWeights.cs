using System.Collections.Immutable;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>
/// The weights and biases of a model's integer compute nodes, stored beside the float ones: each once, whatever the number of nodes that share it.
/// </summary>
/// <param name="model">The model that is written.</param>
/// <param name="names">Its names.</param>
/// <param name="limit">Largest magnitude of a weight.</param>
/// <param name="inputMeans">The mean of each input channel, by value, for <see cref="BiasCorrection"/>; null for none.</param>
/// <param name="trained">Weights whose integers are given, by initializer; null for none. Those beyond the limit are quantized anew.</param>
internal sealed class IntegerWeights(
    ModelProto model, UniqueNames names, int limit, IReadOnlyDictionary<string, ImmutableArray<double>>? inputMeans, IReadOnlyDictionary<string, QuantizedWeights>? trained)
{
    private readonly IReadOnlyDictionary<string, ImmutableArray<double>> _inputMeans = inputMeans ?? ImmutableDictionary<string, ImmutableArray<double>>.Empty;
    private readonly Dictionary<(string Weights, int Axis, string Bias, float ActivationScale, string CorrectedFor), (StoredIntegers Weights, StoredIntegers? Bias)> _stored = [];
    private readonly Dictionary<string, (StoredIntegers Stored, QuantizedWeights Integers)> _ofProducts = new(StringComparer.Ordinal);

    /// <summary>The weights of a node with an integer result, and its bias, which may be one that only corrects; null where it has none.</summary>
    /// <param name="node">A Conv, Gemm or MatMul.</param>
    /// <param name="index">Of its graph.</param>
    /// <param name="activationScale">The scale of its input.</param>
    public (StoredIntegers Weights, StoredIntegers? Bias) Of(NodeProto node, GraphIndex index, float activationScale)
    {
        // The activation's scale decides the bias, and through it the weights; its means correct the bias.
        string correctedFor = _inputMeans.ContainsKey(node.Input[0]) ? node.Input[0] : "";
        if (node.InputAt(2).Length == 0 && correctedFor.Length == 0)
            activationScale = 0;
        (string, int, string, float, string) key = (node.Input[1], OperatorTraits.ChannelAxis(node), node.InputAt(2), activationScale, correctedFor);
        if (!_stored.TryGetValue(key, out (StoredIntegers Weights, StoredIntegers? Bias) stored))
            _stored[key] = stored = Quantize(node, index, activationScale);
        return stored;
    }

    /// <summary>The name that a node's bias has, or would have.</summary>
    public static string BiasName(NodeProto node) => node.InputAt(2).Length > 0 ? node.Input[2] : $"{node.Input[1]}_bias";

    /// <summary>A MatMul as MatMulIntegerToFloat, the bias behind it included (<see cref="StaticQuantization.BiasBehind"/>).</summary>
    /// <param name="node">The MatMul.</param>
    /// <param name="index">Of its graph.</param>
    /// <param name="input">Its quantized input.</param>
    /// <remarks>A clamp behind the product stays a float operator and keeps its own output.</remarks>
    public NodeProto ProductToFloat(NodeProto node, GraphIndex index, StoredIntegers input)
    {
        TensorProto floats = index.Initializer(node.Input[1])!;
        if (!_ofProducts.TryGetValue(node.Input[1], out (StoredIntegers Stored, QuantizedWeights Integers) weights))
        {
            QuantizedWeights integers = Integers(floats, axis: 1, []);
            _ofProducts[node.Input[1]] = weights = (Store(index, floats, integers), integers);
        }
        NodeProto? add = StaticQuantization.BiasBehind(node, index);
        string bias = add is null ? "" : StaticQuantization.BiasOf(add, node);
        if (Corrected(node, bias.Length > 0 ? index.Initializer(bias)!.ToFloats() : null, floats, weights.Integers, axis: 1) is { } corrected)
        {
            TensorProto tensor = Tensors.Create(names.Fresh($"{(bias.Length > 0 ? bias : floats.Name)}_corrected"), [corrected.Length], corrected);
            index.GraphOfInitializer(node.Input[1])!.Initializer.Add(tensor);
            bias = tensor.Name;
        }
        NodeProto product = Nodes.Create("MatMulIntegerToFloat", node.Name,
            [input.Values, weights.Stored.Values, input.Scale, weights.Stored.Scale, input.ZeroPoint, weights.Stored.ZeroPoint, bias], [(add ?? node).Output[0]]);
        product.Domain = ContribOperators.Domain;
        model.ImportContribOperators();
        return product;
    }

    private (StoredIntegers Weights, StoredIntegers? Bias) Quantize(NodeProto node, GraphIndex index, float activationScale)
    {
        TensorProto weights = index.Initializer(node.Input[1])!;
        float[]? bias = node.InputAt(2).Length > 0 ? index.Initializer(node.Input[2])!.ToFloats() : null;
        int axis = OperatorTraits.ChannelAxis(node);
        float[] smallestScales = bias is null ? [] : QuantizedBias.SmallestWeightScales(bias, activationScale);
        QuantizedWeights quantized = Integers(weights, axis, smallestScales);

        StoredIntegers storedWeights = Store(index, weights, quantized);
        // A MatMul with an integer result has no bias.
        bias = (node.OpType == "MatMul" ? null : Corrected(node, bias, weights, quantized, axis)) ?? bias;
        if (bias is null)
            return (storedWeights, null);

        (int[] values, float[] scales) = QuantizedBias.Quantize(bias, activationScale, quantized.Scales);
        string name = BiasName(node);
        return (storedWeights, Store(index, name, weights.Name, scales, Tensors.Create(names.Fresh($"{name}_quantized"), [values.Length], values), Tensors.Create(names.Fresh($"{name}_zero_point"), [values.Length], new int[values.Length])));
    }

    private QuantizedWeights Integers(TensorProto weights, int axis, ReadOnlySpan<float> smallestScales) =>
        trained?.GetValueOrDefault(weights.Name) is { } given && given.Fits(limit)
            ? given.WithScalesOfAtLeast(smallestScales, (int)weights.Dims.Skip(axis + 1).Aggregate(1L, (product, extent) => product * extent))
            : QuantizedWeights.Quantize(weights.AsFloats(), weights.Dims, axis, limit, smallestScales);

    /// <summary>The bias (null: 0) without what the rounded weights add to the mean; null where it is not known.</summary>
    private float[]? Corrected(NodeProto node, float[]? bias, TensorProto weights, QuantizedWeights quantized, int axis) =>
        _inputMeans.TryGetValue(node.Input[0], out ImmutableArray<double> means) && BiasCorrection.Shifts(node, weights, quantized, axis, means) is { } shifts
            ? [.. shifts.Select((shift, channel) => (float)((bias?[channel] ?? 0) - shift))]
            : null;

    private StoredIntegers Store(GraphIndex index, TensorProto weights, QuantizedWeights quantized) => Store(index, weights.Name, weights.Name, quantized.Scales,
        Tensors.Create(names.Fresh($"{weights.Name}_quantized"), weights.Dims, quantized.Values),
        Tensors.Create(names.Fresh($"{weights.Name}_zero_point"), [quantized.Scales.Length], new sbyte[quantized.Scales.Length]));

    private StoredIntegers Store(GraphIndex index, string constant, string weights, float[] scales, TensorProto values, TensorProto zeroPoints)
    {
        string scale = names.Fresh($"{constant}_scale");
        // Beside the constant, or the weights where it is new, so that whatever graph reads the one can read the other.
        GraphProto graph = index.GraphOfInitializer(constant) ?? index.GraphOfInitializer(weights)!;
        graph.Initializer.Add(values);
        graph.Initializer.Add(Tensors.Create(scale, [scales.Length], scales));
        graph.Initializer.Add(zeroPoints);
        return new StoredIntegers(values.Name, scale, zeroPoints.Name);
    }
}
