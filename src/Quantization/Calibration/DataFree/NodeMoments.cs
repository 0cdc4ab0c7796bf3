using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Calibration.DataFree;

/// <summary>What is known of a node's results, from what is known of its inputs.</summary>
internal sealed class NodeMoments
{
    // Two places of one channel of one image are alike, neighbours more than others. Were they independent, a global mean would have hardly any range;
    // were they equal, that of the channel, which is three times too wide on MobileNets.
    private const double NeighbourCorrelation = 0.5;
    private const double GlobalCorrelation = 1.0 / 16;

    private readonly NodeProto _node;
    private readonly GraphIndex _index;
    private readonly ValueShapes _shapes;
    private readonly double _deviations;
    private readonly Func<string, ChannelMoments?> _known;

    /// <summary>Looks at one node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="index">Its graph.</param>
    /// <param name="shapes">Its values' extents.</param>
    /// <param name="deviations">How far ranges reach.</param>
    /// <param name="known">What is known of a value that is computed or an input.</param>
    public NodeMoments(NodeProto node, GraphIndex index, ValueShapes shapes, double deviations, Func<string, ChannelMoments?> known)
    {
        _node = node;
        _index = index;
        _shapes = shapes;
        _deviations = deviations;
        _known = known;
    }

    /// <summary>A result; null where nothing is known of it.</summary>
    public ChannelMoments? Output(int position)
    {
        if (!_node.IsStandard() && _node.Domain != ContribOperators.Domain)
            return null;
        if (_node.IsStandard() && _node.OpType == "Split")
            return Input(0) is { } whole ? Split(whole, position) : null;
        if (position > 0)
            return null;
        // A BatchNormalization knows its result whatever its input.
        if (NormalizationStatistics.Of(_node, _index) is { } statistics)
            return statistics.Output(Input(0), _deviations);
        if (ElementwiseFunction.Of(_node, _index) is { } function)
            return Input(0)?.Apply(function);
        return _node.IsStandard() ? StandardOutput() : null;
    }

    private ChannelMoments? StandardOutput() => _node.OpType switch
    {
        "Identity" or "Dropout" => Input(0),
        "Add" or "Sub" or "Mul" or "Div" => Binary(),
        "Min" or "Max" or "Sum" => _node.Input.Count == 1 ? Input(0) : _node.Input.Count == 2 ? Binary() : null,
        "PRelu" => PRelu(),
        "Conv" => Compute((input, weights, bias) => LinearMoments.OfConv(_node, input, weights, bias, _deviations)),
        "ConvTranspose" => Compute((input, weights, bias) => LinearMoments.OfConvTranspose(_node, input, weights, bias, _deviations)),
        "Gemm" => Compute(Gemm),
        "MatMul" => Compute((input, weights, bias) =>
            Rank(_node.Input[0]) is { } rank ? LinearMoments.OfProduct(input, rank - 1, weights, transposed: false, 1, bias, rank - 1, _deviations) : null),
        "MaxPool" => Input(0) is { } input ? Largest(input, Extent("kernel_shape")) : null,
        "GlobalMaxPool" => Input(0) is { } input ? Largest(input, InnerExtent(2)) : null,
        "AveragePool" => AveragePool(),
        "GlobalAveragePool" => Input(0)?.Map(channel => channel.MeanOf(InnerExtent(2), GlobalCorrelation, _deviations)),
        "ReduceMean" => ReduceMean(),
        "Concat" => Concat(),
        "Slice" => Slice(),
        "Gather" => Gather(),
        "Pad" => Pad(),
        "Softmax" => Softmax(),
        // Cubic interpolation leaves the range of its samples.
        "Resize" or "Upsample" when _node.Text("mode", "nearest") is "nearest" or "linear" => Input(0) is { } input ? input.Moved(input.Axis) : null,
        "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" => Input(0) is { } input ? MovedMoments.Reshaped(input, _shapes.Of(_node.Input[0]), _shapes.Of(_node.Output[0])) : null,
        "Transpose" => Transpose(),
        "DepthToSpace" or "SpaceToDepth" => Input(0)?.Merge(),
        _ => null,
    };

    private ChannelMoments? Input(int position) => _known(_node.InputAt(position));

    private int? Rank(string value) => _shapes.Of(value)?.Length;

    private ChannelMoments? Binary()
    {
        TensorProto? left = FloatConstant(0), right = FloatConstant(1);
        if (Rank(_node.Output[0]) is not { } rank)
            // Without a rank nothing can be lined up, but for one number.
            return Combine(Whole(0, left), Whole(1, right));
        ChannelMoments? first = Lined(0, rank), second = Lined(1, rank);
        int? axis = Axis(first) ?? Axis(second) ?? AxisOf(left, rank) ?? AxisOf(right, rank);
        return Combine(Operand(first, left), Operand(second, right));

        ChannelMoments? Operand(ChannelMoments? value, TensorProto? constant)
        {
            if (constant is not null)
                return BinaryMoments.OfConstant(constant, rank, axis ?? 0, axis is { } along ? Math.Max(Channels(first), Math.Max(Channels(second), Along(left, rank, along, Along(right, rank, along, 1)))) : 1);
            return value is null || value.Channels.Length == 1 || value.Axis == axis ? value : value.Merge();
        }
    }

    private ChannelMoments? Combine(ChannelMoments? left, ChannelMoments? right)
    {
        if (left is null || right is null)
            return null;
        if (left.Channels.Length > 1 && right.Channels.Length > 1 && left.Channels.Length != right.Channels.Length)
            (left, right) = (left.Merge(), right.Merge());
        return BinaryMoments.Of(_node.OpType, left, right, _deviations);
    }

    private ChannelMoments? Whole(int position, TensorProto? constant) => constant is null ? Input(position)?.Merge() : BinaryMoments.OfConstant(constant, 0, -1, 1);

    /// <summary>An input with its channels' dimension as the result counts it: dimensions are lined up from the last.</summary>
    private ChannelMoments? Lined(int position, int rank)
    {
        if (Input(position) is not { } value || value.Channels.Length == 1)
            return Input(position);
        if (Rank(_node.Input[position]) is not { } own)
            return value.Merge();
        return own == rank ? value : value with { Axis = value.Axis + rank - own };
    }

    private TensorProto? FloatConstant(int position) => _index.Initializer(_node.InputAt(position)) is { } tensor && tensor.IsFloatingPoint() ? tensor : null;

    private static int? Axis(ChannelMoments? value) => value is { Channels.Length: > 1 } ? value.Axis : null;

    private static int Channels(ChannelMoments? value) => value?.Channels.Length ?? 1;

    /// <summary>The only dimension along which a constant varies, as the result counts it.</summary>
    private static int? AxisOf(TensorProto? constant, int rank)
    {
        if (constant is null)
            return null;
        int[] varying = [.. Enumerable.Range(0, constant.Dims.Count).Where(d => constant.Dims[d] > 1)];
        return varying is [int axis] ? axis + rank - constant.Dims.Count : null;
    }

    private static int Along(TensorProto? constant, int rank, int axis, int otherwise)
    {
        int own = constant is null ? -1 : axis - (rank - constant.Dims.Count);
        return own >= 0 && own < constant!.Dims.Count && constant.Dims[own] > 1 ? (int)constant.Dims[own] : otherwise;
    }

    private ChannelMoments? PRelu()
    {
        if (Input(0) is not { } input || FloatConstant(1) is not { } slopes || Rank(_node.Input[0]) is not { } rank)
            return null;
        int axis = input.Channels.Length > 1 ? input.Axis : AxisOf(slopes, rank) ?? 0;
        int channels = Math.Max(input.Channels.Length, Along(slopes, rank, axis, 1));
        ChannelMoments slope = BinaryMoments.OfConstant(slopes, rank, axis, channels);
        if (!slope.IsConstant)
            return null;
        // x for positive x, slope * x for negative: max(x, 0) + slope * min(x, 0), both functions of the same x.
        ChannelMoments zero = ChannelMoments.Single(Moments.Of(0));
        ChannelMoments? negative = BinaryMoments.Of("Mul", BinaryMoments.Of("Min", input, zero, _deviations)!, slope, _deviations);
        return negative is null ? null : BinaryMoments.Of("Add", BinaryMoments.Of("Max", input, zero, _deviations)!, negative, _deviations);
    }

    private ChannelMoments? Compute(Func<ChannelMoments, TensorProto, float[]?, ChannelMoments?> compute)
    {
        if (Input(0) is not { } input || FloatConstant(1) is not { } weights)
            return null;
        bool biased = _node.InputAt(2).Length > 0;
        return biased && FloatConstant(2) is null ? null : compute(input, weights, biased ? FloatConstant(2)!.ToFloats() : null);
    }

    private ChannelMoments? Gemm(ChannelMoments input, TensorProto weights, float[]? bias)
    {
        double beta = _node.Float("beta", 1);
        float[]? scaled = bias is null ? null : [.. bias.Select(value => (float)(beta * value))];
        int inputAxis = _node.Int("transA", 0) != 0 ? 0 : 1;
        return LinearMoments.OfProduct(input, inputAxis, weights, _node.Int("transB", 0) != 0, _node.Float("alpha", 1), scaled, axis: 1, _deviations);
    }

    private ChannelMoments? AveragePool()
    {
        double count = Extent("kernel_shape");
        // Zeros of the padding that are counted pull towards 0.
        bool zeros = _node.Int("count_include_pad", 0) != 0 && _node.Ints("pads")?.Any(pad => pad != 0) == true;
        return Input(0)?.Map(channel => WithZeros(channel.MeanOf(count, NeighbourCorrelation, _deviations), zeros));
    }

    private static Moments WithZeros(Moments channel, bool zeros) =>
        zeros ? channel with { Range = channel.Range.Hull(Interval.Zero), Bounds = channel.Bounds.Hull(Interval.Zero) } : channel;

    private double Extent(string attribute) => _node.Ints(attribute) is { Length: > 0 } extents ? extents.Aggregate(1.0, (product, extent) => product * extent) : 1;

    /// <summary>The number of elements from a dimension on; infinite where it is not known.</summary>
    private double InnerExtent(int from) =>
        _shapes.Of(_node.Input[0]) is { } extents && extents.Length > from && extents.Skip(from).All(extent => extent > 0) ? extents.Skip(from).Aggregate(1.0, (product, extent) => product * extent) : double.PositiveInfinity;

    private static ChannelMoments Largest(ChannelMoments input, double count) => new(
        [.. input.Channels.Select((channel, i) => double.IsInfinity(count)
            ? new Moments(channel.Range.High, 0, channel.Range, channel.Bounds)
            : NormalGrid.Largest(input.Curve(i), count, channel.Bounds))],
        input.Axis);

    private ChannelMoments? ReduceMean()
    {
        if (Input(0) is not { } input || _shapes.Of(_node.Input[0]) is not { } extents || Axes("axes", 1, extents.Length) is not { } axes)
            return null;
        int[] reduced = axes.Length == 0 ? [.. Enumerable.Range(0, extents.Length)] : axes;
        double count = reduced.Aggregate(1.0, (product, axis) => extents[axis] > 0 ? product * extents[axis] : double.PositiveInfinity);
        ChannelMoments kept = reduced.Contains(input.Axis) ? input.Merge() : input;
        int axis = _node.Int("keepdims", 1) != 0 ? kept.Axis : kept.Axis - reduced.Count(other => other < kept.Axis);
        return kept.Map(channel => channel.MeanOf(count, GlobalCorrelation, _deviations)) with { Axis = axis };
    }

    /// <summary>Axes from an attribute or, later, a constant input; empty where left out, null where computed.</summary>
    private int[]? Axes(string attribute, int input, int rank)
    {
        long[]? axes = _node.Ints(attribute) ?? Integers(input, []);
        return axes?.All(axis => axis >= -rank && axis < rank) == true ? [.. axes.Select(axis => (int)(axis < 0 ? axis + rank : axis))] : null;
    }

    private long[]? Integers(int input, long[]? leftOut) =>
        _node.InputAt(input).Length == 0 ? leftOut : _index.Initializer(_node.Input[input]) is { } tensor ? tensor.ToInt64s() : null;

    private int? NormalizedAxis(long defaultAxis) =>
        Rank(_node.Output[0]) is { } rank && _node.Int("axis", defaultAxis) is var axis && axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis) : null;

    private ChannelMoments? Concat()
    {
        ChannelMoments?[] parts = [.. _node.Input.Select((_, i) => Part(i))];
        if (Array.Exists(parts, part => part is null))
            return null;
        ChannelMoments Mixed() => ChannelMoments.Single(Moments.Mixture([.. parts.Select(part => part!.Merge().Channels[0])]));
        if (NormalizedAxis(1) is not { } axis)
            return Mixed();
        if (parts.All(part => part!.Channels.Length == 1 || part.Axis == axis))
        {
            long[] extents = [.. _node.Input.Select(input => _shapes.Of(input) is { } shape && axis < shape.Length ? shape[axis] : -1)];
            Moments[]?[] spread = [.. parts.Zip(extents, (part, extent) => part!.Channels.Length > 1 ? part.Channels : extent > 0 ? part.Spread(extent) : null)];
            return Array.Exists(spread, channels => channels is null) ? Mixed() : new ChannelMoments([.. spread.SelectMany(channels => channels!)], axis);
        }
        // Side by side along another dimension: each channel is a mixture of what it is in the parts.
        int count = parts.Max(part => part!.Channels.Length);
        int channelAxis = parts.First(part => part!.Channels.Length == count)!.Axis;
        return parts.All(part => part!.Channels.Length == 1 || (part.Channels.Length == count && part.Axis == channelAxis))
            ? new ChannelMoments([.. Enumerable.Range(0, count).Select(c => Moments.Mixture([.. parts.Select(part => part!.Channel(c))]))], channelAxis)
            : Mixed();

        ChannelMoments? Part(int position)
        {
            if (FloatConstant(position) is not { } constant)
                return Input(position);
            return NormalizedAxis(1) is { } along && along < constant.Dims.Count && constant.Dims[along] > 0
                ? BinaryMoments.OfConstant(constant, constant.Dims.Count, along, (int)constant.Dims[along])
                : BinaryMoments.OfConstant(constant, 0, -1, 1);
        }
    }

    private ChannelMoments Split(ChannelMoments whole, int position)
    {
        if (NormalizedAxis(0) is not { } axis)
            return whole.Merge();
        if (whole.Channels.Length == 1 || axis != whole.Axis)
            return whole.Moved(whole.Axis);
        long[] extents = [.. _node.Output.Select(output => _shapes.Of(output) is { } shape && axis < shape.Length ? shape[axis] : -1)];
        return extents.All(extent => extent > 0) && extents.Sum() == whole.Channels.Length
            ? whole.Select(Enumerable.Range((int)extents.Take(position).Sum(), (int)extents[position]))
            : whole.Merge();
    }

    private ChannelMoments? Slice()
    {
        if (Input(0) is not { } input || Rank(_node.Input[0]) is not { } rank)
            return Input(0)?.Merge();
        long[]? starts = _node.Ints("starts") ?? Integers(1, null), ends = _node.Ints("ends") ?? Integers(2, null);
        if (starts is null || ends is null || Axes("axes", 3, rank) is not { } given || Integers(4, [.. starts.Select(_ => 1L)]) is not { } steps)
            return input.Merge();
        int[] axes = given.Length == 0 ? [.. Enumerable.Range(0, starts.Length)] : given;
        int place = Array.IndexOf(axes, input.Axis);
        if (place < 0 || input.Channels.Length == 1)
            return input.Moved(input.Axis);
        int count = input.Channels.Length;
        long step = Math.Clamp(steps[place], -count, count);
        long start = Position(starts[place]), end = Position(ends[place]);
        List<int> chosen = [];
        for (long channel = start; step > 0 ? channel < end : step < 0 && channel > end; channel += step)
            chosen.Add((int)channel);
        return chosen.Count == 0 ? input.Merge() : input.Select(chosen);

        // Forward from 0 to behind the last, backward from the last to before the first.
        long Position(long value) => step > 0 ? Math.Clamp(value < 0 ? value + count : value, 0, count) : Math.Clamp(value < 0 ? value + count : value, -1, count - 1);
    }

    private ChannelMoments? Gather()
    {
        if (Input(0) is not { } input || Rank(_node.Input[0]) is not { } rank)
            return Input(0)?.Merge();
        long axis = _node.Int("axis", 0) is var given && given < 0 ? given + rank : given;
        if (input.Channels.Length == 1 || Integers(1, null) is not { } indices || _shapes.Of(_node.Input[1]) is not { } shape)
            return input.Merge();
        if (axis != input.Axis)
            return shape.Length == 1 ? input.Moved(input.Axis) : shape.Length == 0 ? input.Moved(input.Axis > axis ? input.Axis - 1 : input.Axis) : input.Merge();
        int[] chosen = [.. indices.Select(index => (int)(index < 0 ? index + input.Channels.Length : index))];
        return shape.Length == 1 && Array.TrueForAll(chosen, index => index >= 0 && index < input.Channels.Length) ? input.Select(chosen) : input.Merge();
    }

    private ChannelMoments? Pad()
    {
        if (Input(0) is not { } input)
            return null;
        // A dimension of channels that is padded has other channels afterwards.
        bool sameChannels = input.Channels.Length == 1 || (_shapes.Of(_node.Output[0]) is { } shape && input.Axis < shape.Length && shape[input.Axis] == input.Channels.Length);
        ChannelMoments kept = sameChannels ? input.Moved(input.Axis) : input.Merge();
        if (_node.Text("mode", "constant") != "constant")
            return kept;
        double? filled = _node.Attribute("value") is { } value ? value.F : _node.InputAt(2).Length == 0 ? 0 : _index.Scalar(_node.Input[2]);
        return filled is { } constant
            ? kept.Map(channel => channel with { Range = channel.Range.Hull(new Interval(constant, constant)), Bounds = channel.Bounds.Hull(new Interval(constant, constant)) })
            : null;
    }

    /// <summary>n numbers from 0 to 1 with the sum 1: their mean is 1 / n, and their variance at most mean * (1 - mean).</summary>
    private ChannelMoments? Softmax()
    {
        if (Rank(_node.Output[0]) is not { } rank || rank == 0)
            return null;
        long axis = _node.Int("axis", -1) is var given && given < 0 ? given + rank : given;
        double mean = _shapes.Of(_node.Output[0]) is { } extents && axis < rank && extents[axis] > 0 ? 1.0 / extents[axis] : 0.5;
        return ChannelMoments.Single(new Moments(mean, mean * (1 - mean), Interval.Unit, Interval.Unit));
    }

    private ChannelMoments? Transpose()
    {
        if (Input(0) is not { } input || input.Channels.Length == 1)
            return Input(0)?.Merge();
        if (_node.Ints("perm") is { } order)
            return Array.IndexOf(order, input.Axis) is >= 0 and var axis ? input.Moved(axis) : input.Merge();
        return Rank(_node.Input[0]) is { } rank ? input.Moved(rank - 1 - input.Axis) : input.Merge();
    }
}
