using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Where the output channels lie in a weight tensor: [groups, inputs a group, channels a group, inner], row-major. Conv and a transposed Gemm
/// have one input "row" a group; ConvTranspose [C, M/group, ...] has its input channels outside, group by group.
/// </summary>
internal sealed record ChannelLayout(long Groups, long InputsPerGroup, long ChannelsPerGroup, long Inner)
{
    /// <summary>The number of output channels.</summary>
    public long Channels => Groups * ChannelsPerGroup;

    /// <summary>The layout of a Conv's, ConvTranspose's, Gemm's or MatMul's weights; null for other nodes, and for a Gemm that scales its operands.</summary>
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

    /// <summary>Multiplies each output channel's weights by its factor.</summary>
    public void Scale(Span<float> values, ReadOnlySpan<double> scale)
    {
        int position = 0;
        for (long group = 0; group < Groups; group++)
            for (long input = 0; input < InputsPerGroup; input++)
                for (long channel = 0; channel < ChannelsPerGroup; channel++)
                {
                    double factor = scale[(int)(group * ChannelsPerGroup + channel)];
                    foreach (ref float value in values.Slice(position, (int)Inner))
                        value = (float)(value * factor);
                    position += (int)Inner;
                }
    }
}
