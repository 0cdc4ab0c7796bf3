using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Calibration.DataFree;

/// <summary>What training has left in a BatchNormalization: y = Scale * (x - Mean) / sqrt(Variance + epsilon) + Shift.</summary>
internal sealed record NormalizationStatistics(float[] Scale, float[] Shift, float[] Mean, float[] Variance, float Epsilon)
{
    /// <summary>Reads a node; null for other nodes, in training, with statistics per element (spatial = 0, up to opset 8) or such that are computed.</summary>
    public static NormalizationStatistics? Of(NodeProto node, GraphIndex index)
    {
        if (!node.Is("BatchNormalization") || node.Int("training_mode", 0) != 0 || node.Int("spatial", 1) == 0)
            return null;
        float[]?[] parameters = [.. Enumerable.Range(1, 4).Select(i => index.Initializer(node.InputAt(i)) is { } tensor && tensor.IsFloatingPoint() ? tensor.ToFloats() : null)];
        if (parameters is not [{ } scale, { } shift, { } mean, { } variance] || scale.Length == 0 || Array.Exists(parameters, parameter => parameter!.Length != scale.Length))
            return null;
        return new NormalizationStatistics(scale, shift, mean, variance, node.Float("epsilon", 1e-5f));
    }

    /// <summary>What is known of the input.</summary>
    public ChannelMoments Input(ChannelMoments? bounds, double deviations) =>
        Normal(c => Mean[c], c => Math.Max(0, Variance[c]), c => BoundsOf(bounds, c), deviations);

    /// <summary>What is known of the result.</summary>
    public ChannelMoments Output(ChannelMoments? input, double deviations) => Normal(
        c => Shift[c],
        // Where a channel hardly varies, epsilon keeps it from being stretched to the full scale.
        c => (double)Scale[c] * Scale[c] * Math.Max(0, Variance[c]) / (Math.Max(0, Variance[c]) + Epsilon),
        c =>
        {
            double factor = Scale[c] / Math.Sqrt(Math.Max(0, Variance[c]) + Epsilon), shift = Shift[c] - Mean[c] * factor;
            return BoundsOf(input, c) * new Interval(factor, factor) + new Interval(shift, shift);
        },
        deviations);

    private ChannelMoments Normal(Func<int, double> mean, Func<int, double> variance, Func<int, Interval> bounds, double deviations) =>
        new([.. Enumerable.Range(0, Scale.Length).Select(c => Moments.Normal(mean(c), variance(c), deviations, bounds(c)))], 1);

    private Interval BoundsOf(ChannelMoments? value, int channel) =>
        value is null ? Interval.All : value.Channels.Length == Scale.Length ? value.Channels[channel].Bounds : value.Bounds;
}
