using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>An operator with constant operands that computes y = x * Scale[c] + Shift[c] for each channel c, in double.</summary>
/// <param name="Input">The value x.</param>
/// <param name="Scale">One factor a channel, or one for all.</param>
/// <param name="Shift">One summand a channel, or one for all.</param>
internal sealed record ChannelAffine(string Input, double[] Scale, double[] Shift)
{
    /// <summary>Whether nothing is added.</summary>
    public bool OnlyScales => Shift.All(shift => shift == 0);

    /// <summary>The same with one number a channel; null where the number of channels does not fit.</summary>
    public ChannelAffine? For(long channels)
    {
        double[]? Spread(double[] values) => values.Length == channels ? values : values.Length == 1 ? [.. Enumerable.Repeat(values[0], (int)channels)] : null;
        return Spread(Scale) is { } scale && Spread(Shift) is { } shift ? new ChannelAffine(Input, scale, shift) : null;
    }

    /// <summary>Reads a BatchNormalization at inference: s = scale / sqrt(variance + epsilon), y = x * s + (B - mean * s).</summary>
    public static ChannelAffine? OfBatchNormalization(NodeProto node, GraphIndex index)
    {
        // Outputs beyond the first, training_mode and per-element statistics (spatial = 0, up to opset 8) belong to training.
        if (!node.Is("BatchNormalization") || node.Output.Skip(1).Any(output => output.Length > 0) || node.Int("training_mode", 0) != 0 || node.Int("spatial", 1) == 0 || node.Input.Count < 5)
            return null;
        float[]?[] parameters = [.. Enumerable.Range(1, 4).Select(i => index.Initializer(node.Input[i]) is { } tensor && tensor.IsFloatingPoint() ? tensor.ToFloats() : null)];
        if (parameters is not [{ } gamma, { } beta, { } mean, { } variance] || beta.Length != gamma.Length || mean.Length != gamma.Length || variance.Length != gamma.Length)
            return null;

        double epsilon = node.Float("epsilon", 1e-5f);
        double[] scale = [.. gamma.Select((factor, channel) => factor / Math.Sqrt(variance[channel] + epsilon))];
        return new ChannelAffine(node.Input[0], scale, [.. beta.Select((shift, channel) => shift - mean[channel] * scale[channel])]);
    }

    /// <summary>Reads an Add, Sub, Mul or Div with a constant.</summary>
    /// <param name="node">The node.</param>
    /// <param name="index">Its graph.</param>
    /// <param name="rank">The number of dimensions of the value it works on.</param>
    /// <param name="axis">The channel axis among them.</param>
    public static ChannelAffine? OfArithmetic(NodeProto node, GraphIndex index, int rank, int axis)
    {
        if (!node.IsStandard() || node.OpType is not ("Add" or "Sub" or "Mul" or "Div") || node.Input.Count != 2)
            return null;
        bool constantFirst = index.Initializer(node.Input[0]) is not null;
        if (index.Initializer(node.Input[constantFirst ? 0 : 1]) is not { } constant || constant.DataType != (int)TensorProto.Types.DataType.Float || !LiesAlong(constant, rank, axis))
            return null;

        string input = node.Input[constantFirst ? 1 : 0];
        double[] values = [.. constant.ToFloats().Select(value => (double)value)];
        double[] negated = [.. values.Select(value => -value)];
        return node.OpType switch
        {
            "Add" => new ChannelAffine(input, [1], values),
            "Sub" when constantFirst => new ChannelAffine(input, [-1], values),
            "Sub" => new ChannelAffine(input, [1], negated),
            "Mul" => new ChannelAffine(input, values, [0]),
            "Div" when !constantFirst && !values.Contains(0) => new ChannelAffine(input, [.. values.Select(value => 1 / value)], [0]),
            _ => null,
        };
    }

    // Broadcasting aligns at the right and must not add dimensions.
    internal static bool LiesAlong(TensorProto constant, int rank, int axis)
    {
        int missing = rank - constant.Dims.Count;
        return missing >= 0 && constant.Dims.Select((extent, position) => extent == 1 || position + missing == axis).All(fits => fits);
    }
}
