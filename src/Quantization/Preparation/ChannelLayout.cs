using System.Numerics.Tensors;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Where channels lie in a tensor: [groups, rows a group, channels a group, inner], row-major. Output channels of Conv and of a transposed Gemm
/// have one row a group; ConvTranspose [C, M/group, ...] has its input channels as rows, group by group.
/// </summary>
internal sealed record ChannelLayout(long Groups, long RowsPerGroup, long ChannelsPerGroup, long Inner)
{
    /// <summary>The number of channels.</summary>
    public long Channels => Groups * ChannelsPerGroup;

    /// <summary>The number of values.</summary>
    public long Elements => Groups * RowsPerGroup * ChannelsPerGroup * Inner;

    /// <summary>Channels that lie along a tensor's last axis.</summary>
    public static ChannelLayout OfLastAxis(long channels) => new(1, 1, channels, 1);

    /// <summary>The output channels in a Conv's, ConvTranspose's, Gemm's or MatMul's weights; null for other nodes, and for a Gemm that scales its operands.</summary>
    public static ChannelLayout? Of(NodeProto compute, TensorProto weights)
    {
        long[] dims = [.. weights.Dims];
        long Product(int from) => dims.Skip(from).Aggregate(1L, (product, extent) => product * extent);
        if (compute.Is("Conv") && dims.Length > 1)
            return new ChannelLayout(1, 1, dims[0], Product(1));
        if (compute.Is("ConvTranspose") && dims.Length > 2 && compute.Int("group", 1) is > 0 and var groups && dims[0] % groups == 0)
            return new ChannelLayout(groups, dims[0] / groups, dims[1], Product(2));
        if (compute.Is("Gemm") && dims.Length == 2 && compute.Float("alpha", 1) == 1 && compute.Float("beta", 1) == 1)
            return compute.Int("transB", 0) != 0 ? new ChannelLayout(1, 1, dims[0], dims[1]) : new ChannelLayout(1, dims[0], dims[1], 1);
        if (compute.Is("MatMul") && dims.Length == 2)
            return new ChannelLayout(1, dims[0], dims[1], 1);
        return null;
    }

    /// <summary>The input channels in a Conv's, Gemm's or MatMul's weights; null for other nodes.</summary>
    public static ChannelLayout? OfInputs(NodeProto compute, TensorProto weights)
    {
        long[] dims = [.. weights.Dims];
        if (compute.Is("Conv") && dims.Length > 1 && compute.Int("group", 1) is > 0 and var groups && dims[0] % groups == 0)
            return new ChannelLayout(groups, dims[0] / groups, dims[1], dims.Skip(2).Aggregate(1L, (product, extent) => product * extent));
        if (dims.Length != 2 || !(compute.Is("MatMul") || compute.Is("Gemm")))
            return null;
        return compute.Is("Gemm") && compute.Int("transB", 0) != 0 ? new ChannelLayout(1, dims[0], dims[1], 1) : new ChannelLayout(1, 1, dims[0], dims[1]);
    }

    /// <summary>Multiplies each channel's values by its factor.</summary>
    public void Scale(Span<float> values, ReadOnlySpan<double> scale)
    {
        int position = 0;
        for (long group = 0; group < Groups; group++)
            for (long row = 0; row < RowsPerGroup; row++)
                for (long channel = 0; channel < ChannelsPerGroup; channel++)
                {
                    double factor = scale[(int)(group * ChannelsPerGroup + channel)];
                    foreach (ref float value in values.Slice(position, (int)Inner))
                        value = (float)(value * factor);
                    position += (int)Inner;
                }
    }

    /// <summary>The largest magnitude in each channel.</summary>
    public double[] Magnitudes(ReadOnlySpan<float> values)
    {
        double[] magnitudes = new double[Channels];
        int position = 0;
        for (long group = 0; group < Groups; group++)
            for (long row = 0; row < RowsPerGroup; row++)
                for (long channel = group * ChannelsPerGroup; channel < (group + 1) * ChannelsPerGroup; channel++)
                {
                    magnitudes[channel] = Math.Max(magnitudes[channel], MathF.Abs(TensorPrimitives.MaxMagnitude(values.Slice(position, (int)Inner))));
                    position += (int)Inner;
                }
        return magnitudes;
    }
}
