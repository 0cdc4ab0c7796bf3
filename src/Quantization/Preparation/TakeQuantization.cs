using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Takes a model with quantize/dequantize pairs (QDQ), as quantization-aware training exports it, apart into a float model and what was trained:
/// the scales and zero points of its values, the integers of its weights.
/// </summary>
/// <remarks>
/// Taken are pairs of 8 bits with one scale for a value, and symmetric weights of 8 or fewer bits with one scale, or one a channel: as floats behind a
/// pair, or as integers behind a DequantizeLinear. A 32-bit bias becomes its float value. That is what static variants can carry; a model with
/// anything else is left as it is.
/// </remarks>
public sealed class TakeQuantization
{
    private readonly ModelProto _model;
    private readonly GraphIndex _index;
    private readonly HashSet<NodeProto> _removed = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, string> _source = new(StringComparer.Ordinal);
    private readonly ImmutableDictionary<string, TrainedActivation>.Builder _activations = ImmutableDictionary.CreateBuilder<string, TrainedActivation>(StringComparer.Ordinal);
    private readonly ImmutableDictionary<string, TrainedWeights>.Builder _weights = ImmutableDictionary.CreateBuilder<string, TrainedWeights>(StringComparer.Ordinal);

    private TakeQuantization(ModelProto model)
    {
        _model = model;
        _index = new GraphIndex(model.Graph);
    }

    /// <summary>Whether the node computes in integers, or makes them of floats. Weights may be stored as integers in a float model.</summary>
    public static bool IsQuantized(NodeProto node) =>
        node.OpType is "QuantizeLinear" or "DynamicQuantizeLinear" or "ConvInteger" or "MatMulInteger" or "MatMulIntegerToFloat" or "MatMulNBits" or "QGemm" or "QAttention"
        || node.OpType.StartsWith("QLinear", StringComparison.Ordinal);

    /// <summary>Takes the quantization out.</summary>
    /// <param name="model">The model, external data included; left as it is.</param>
    /// <param name="taken">The float model and what was trained.</param>
    /// <param name="reason">Why it cannot be taken.</param>
    public static bool TryTake(ModelProto model, [NotNullWhen(true)] out UnquantizedModel? taken, [NotNullWhen(false)] out string? reason)
    {
        try
        {
            (taken, reason) = (new TakeQuantization(ConstantsToInitializers.Apply(RawConstants.Apply(model)).Clone()).Take(), null);
            return true;
        }
        catch (NotSupportedException exception)
        {
            (taken, reason) = (null, exception.Message);
            return false;
        }
    }

    private UnquantizedModel Take()
    {
        GraphProto graph = _model.Graph;
        foreach (GraphProto inner in graph.WithSubgraphs().Where(inner => !ReferenceEquals(inner, graph)))
            if (inner.Node.FirstOrDefault(IsQuantized) is { } node)
                throw new NotSupportedException($"{node.OpType} '{node.DisplayName()}' lies inside an If, Loop or Scan");

        foreach (NodeProto node in graph.Node)
            if (!_removed.Contains(node) && (IsQuantized(node) || node.Is("DequantizeLinear")))
                Take(node);
        graph.Node.KeepWhere(node => !_removed.Contains(node));
        foreach (NodeProto node in graph.WithSubgraphs().SelectMany(inner => inner.Node))
            for (int i = 0; i < node.Input.Count; i++)
                node.Input[i] = SourceOf(node.Input[i]);
        // The graph's outputs keep their names.
        foreach (ValueInfoProto output in graph.Output.Where(output => _source.ContainsKey(output.Name)))
            graph.Node.Add(Nodes.Create("Identity", $"{output.Name}_Identity", [SourceOf(output.Name)], [output.Name]));
        MoveThroughTransposes();
        return new UnquantizedModel(RemoveUnused.Apply(_model), new TrainedQuantization(_activations.ToImmutable(), _weights.ToImmutable()));
    }

    private void Take(NodeProto node)
    {
        if (node.Is("DequantizeLinear") && _index.Initializer(node.InputAt(0)) is { } integers)
            TakeIntegers(node, integers);
        else if (node.Is("QuantizeLinear") && _index.Initializer(node.InputAt(0)) is { } floats)
            TakeFloats(node, floats);
        else if (node.Is("QuantizeLinear"))
            TakePair(node);
        else
            throw new NotSupportedException($"{node.OpType} '{node.DisplayName()}' is no part of a quantize/dequantize pair");
    }

    private void TakePair(NodeProto quantize)
    {
        if (ScalesOf(quantize) is not [float scale])
            throw new NotSupportedException($"'{quantize.DisplayName()}' has a scale for each channel of an activation");
        (int zeroPoint, int lowest, _) = ZeroPointOf(quantize);
        string value = SourceOf(quantize.Input[0]);
        TrainedActivation trained = new(scale, zeroPoint - lowest);
        _removed.Add(quantize);
        foreach (NodeProto dequantize in Dequantizers(quantize, quantize))
        {
            _removed.Add(dequantize);
            _source[dequantize.Output[0]] = value;
            // A pass may leave either name.
            _activations[dequantize.Output[0]] = trained;
        }
        // Of pairs in a row, or side by side, the first is what an integer kernel gives.
        _activations.TryAdd(value, trained);
    }

    private void TakeFloats(NodeProto quantize, TensorProto floats)
    {
        (int zeroPoint, int lowest, int highest) = ZeroPointOf(quantize);
        NodeProto last = quantize;
        // Fewer than 8 bits: a Clip of the integers.
        if (_index.Consumers(quantize.Output[0]) is [NodeProto clip] && clip.Is("Clip"))
        {
            (lowest, highest, last) = (LimitOf(clip, 1, lowest), LimitOf(clip, 2, highest), clip);
            _removed.Add(clip);
        }
        (float[] scales, int axis) = ChannelsOf(quantize, floats);
        int[] integers = [.. floats.ToFloats().Select((value, i) =>
            (int)Math.Clamp(MathF.Round(value / scales[ChannelOf(i, floats, axis, scales.Length)], MidpointRounding.ToEven) + zeroPoint, lowest, highest) - zeroPoint)];
        _removed.Add(quantize);
        foreach (NodeProto dequantize in Dequantizers(quantize, last))
        {
            _removed.Add(dequantize);
            AddWeights(dequantize.Output[0], floats.Dims, integers, scales, axis);
        }
    }

    private void TakeIntegers(NodeProto dequantize, TensorProto integers)
    {
        (float[] scales, int axis) = ChannelsOf(dequantize, integers);
        _removed.Add(dequantize);
        string result = dequantize.Output[0];
        if ((DataType)integers.DataType == DataType.Int32)
        {
            float[] values = [.. integers.ToInt64s().Select((value, i) => value * scales[ChannelOf(i, integers, axis, scales.Length)])];
            Add(Tensors.Create(result, integers.Dims, values));
            return;
        }
        (int zeroPoint, int lowest, _) = ZeroPointOf(dequantize, (DataType)integers.DataType);
        byte[] bytes = integers.ToBytes().ToArray();
        AddWeights(result, integers.Dims, [.. bytes.Select(value => (lowest < 0 ? (int)(sbyte)value : value) - zeroPoint)], scales, axis);
    }

    private void AddWeights(string name, IReadOnlyList<long> dims, int[] integers, float[] scales, int axis)
    {
        if (integers.Any(integer => integer is < sbyte.MinValue or > sbyte.MaxValue))
            throw new NotSupportedException($"the integers of '{name}' do not lie around 0, as symmetric weights do");
        TensorProto tensor = Tensors.Create(name, dims, new float[integers.Length]);
        Add(Tensors.Create(name, dims, [.. integers.Select((integer, i) => scales[ChannelOf(i, tensor, axis, scales.Length)] * integer)]));
        _weights[name] = new TrainedWeights([.. integers.Select(integer => (sbyte)integer)], [.. scales], axis);
    }

    private void Add(TensorProto initializer)
    {
        _model.Graph.Initializer.Add(initializer);
        _index.Add(initializer);
    }

    // Everything that reads the integers must turn them back into the floats they stand for.
    private NodeProto[] Dequantizers(NodeProto quantize, NodeProto last)
    {
        NodeProto[] readers = [.. _index.Consumers(last.Output[0])];
        if (readers.FirstOrDefault(reader => !reader.Is("DequantizeLinear")) is { } other)
            throw new NotSupportedException($"the integers of '{quantize.DisplayName()}' are read by {other.OpType}");
        if (readers.Length == 0 || _index.IsOutput(last.Output[0]))
            throw new NotSupportedException($"the integers of '{quantize.DisplayName()}' leave the model");
        if (readers.FirstOrDefault(reader => !ScalesOf(reader).SequenceEqual(ScalesOf(quantize)) || ZeroPointOf(reader, ZeroPointTypeOf(quantize)) != ZeroPointOf(quantize)) is { } different)
            throw new NotSupportedException($"'{quantize.DisplayName()}' and '{different.DisplayName()}' have different scales or zero points");
        return readers;
    }

    private float[] ScalesOf(NodeProto node)
    {
        if (_index.Initializer(node.InputAt(1)) is not { } tensor || (DataType)tensor.DataType != DataType.Float)
            throw new NotSupportedException($"the scale of '{node.DisplayName()}' is computed, or no 32-bit floating-point number");
        float[] scales = tensor.ToFloats();
        if (scales.Any(scale => !(scale > 0 && float.IsFinite(scale))))
            throw new NotSupportedException($"a scale of '{node.DisplayName()}' is not positive");
        return scales;
    }

    private DataType ZeroPointTypeOf(NodeProto node) => node.InputAt(2).Length > 0
        ? (DataType)(_index.Initializer(node.Input[2])?.DataType ?? 0)
        : (DataType)node.Int("output_dtype", (long)DataType.Uint8);

    private (int ZeroPoint, int Lowest, int Highest) ZeroPointOf(NodeProto node) => ZeroPointOf(node, ZeroPointTypeOf(node));

    private (int ZeroPoint, int Lowest, int Highest) ZeroPointOf(NodeProto node, DataType type)
    {
        if (type is not (DataType.Int8 or DataType.Uint8))
            throw new NotSupportedException($"the integers of '{node.DisplayName()}' are of type {type}");
        bool signed = type == DataType.Int8;
        int[] values = [0];
        if (node.InputAt(2).Length > 0)
        {
            if (_index.Initializer(node.Input[2]) is not { } tensor)
                throw new NotSupportedException($"the zero point of '{node.DisplayName()}' is computed");
            values = [.. tensor.ToBytes().ToArray().Select(value => signed ? (int)(sbyte)value : value).Distinct()];
        }
        if (values is not [int zeroPoint])
            throw new NotSupportedException($"'{node.DisplayName()}' has channels with different zero points");
        return signed ? (zeroPoint, sbyte.MinValue, sbyte.MaxValue) : (zeroPoint, byte.MinValue, byte.MaxValue);
    }

    private (float[] Scales, int Axis) ChannelsOf(NodeProto node, TensorProto tensor)
    {
        float[] scales = ScalesOf(node);
        long axis = node.Int("axis", 1);
        axis = scales.Length == 1 ? 0 : axis < 0 ? axis + tensor.Dims.Count : axis;
        if (node.Int("block_size", 0) != 0 || (scales.Length > 1 && (axis >= tensor.Dims.Count || tensor.Dims[(int)axis] != scales.Length)))
            throw new NotSupportedException($"'{node.DisplayName()}' has a scale for each block");
        return (scales, (int)axis);
    }

    private static int ChannelOf(int position, TensorProto tensor, int axis, int channels) =>
        channels == 1 ? 0 : (int)(position / tensor.Dims.Skip(axis + 1).Aggregate(1L, (product, extent) => product * extent) % channels);

    private int LimitOf(NodeProto clip, int input, int otherwise)
    {
        if (clip.InputAt(input).Length == 0)
            return otherwise;
        if (_index.Initializer(clip.Input[input]) is not { } limit || (DataType)limit.DataType is not (DataType.Int8 or DataType.Uint8))
            throw new NotSupportedException($"the limits of '{clip.DisplayName()}' are computed, or not of 8 bits");
        return (DataType)limit.DataType == DataType.Int8 ? (sbyte)limit.ToBytes().Span[0] : limit.ToBytes().Span[0];
    }

    private string SourceOf(string value) => _source.GetValueOrDefault(value, value);

    /// <summary>Matrices are often stored by rows and transposed where they are read: preparation folds that, so the integers go along.</summary>
    private void MoveThroughTransposes()
    {
        foreach (NodeProto node in _model.Graph.Node.Where(node => node.Is("Transpose")).ToArray())
        {
            if (!_weights.TryGetValue(node.Input[0], out TrainedWeights? weights) || _index.Initializer(node.Input[0]) is not { Dims: [long rows, long columns] } || _index.IsOutput(node.Output[0])
                || node.Ints("perm") is { } permutation && permutation is not [1, 0])
                continue;
            int[] transposed = [.. Enumerable.Range(0, weights.Integers.Length).Select(i => (int)weights.Integers[(int)(i % rows * columns + i / rows)])];
            AddWeights(node.Output[0], [columns, rows], transposed, [.. weights.Scales], weights.Scales.Length == 1 ? 0 : 1 - weights.Axis);
            _removed.Add(node);
        }
        _model.Graph.Node.KeepWhere(node => !_removed.Contains(node));
    }
}
