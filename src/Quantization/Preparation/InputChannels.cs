using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>Which input channel each weight of a Conv [M, C/group, ...], Gemm or MatMul multiplies, and which output it adds to.</summary>
/// <param name="Groups">The number of groups.</param>
/// <param name="Outputs">The number of output channels.</param>
/// <param name="PerGroup">The number of input channels a group.</param>
/// <param name="Inner">The number of weights between two of them.</param>
/// <param name="OutputsInside">Whether output channels are the last axis.</param>
internal sealed record InputChannels(int Groups, int Outputs, int PerGroup, int Inner, bool OutputsInside)
{
    /// <summary>The number of input channels.</summary>
    public int Count => Groups * PerGroup;

    /// <summary>Those of a node with these weights.</summary>
    public static InputChannels Of(NodeProto compute, TensorProto weights)
    {
        int first = (int)weights.Dims[0];
        int second = (int)weights.Dims[1];
        if (compute.Is("Gemm") && compute.Int("transB", 0) != 0)
            return new InputChannels(1, first, second, 1, false);
        if (compute.Is("Gemm") || compute.Is("MatMul"))
            return new InputChannels(1, second, first, 1, true);
        int inner = weights.Dims.Skip(2).Aggregate(1, (product, extent) => product * (int)extent);
        return new InputChannels(Math.Max(1, (int)compute.Int("group", 1)), first, second, inner, false);
    }

    /// <summary>Adds to each output channel what the node makes of an input that is one number a channel everywhere.</summary>
    /// <param name="values">The weights.</param>
    /// <param name="input">One number an input channel.</param>
    /// <param name="sums">One sum an output channel.</param>
    public void AddWeighted(ReadOnlySpan<float> values, ReadOnlySpan<double> input, Span<double> sums)
    {
        int position = 0;
        if (OutputsInside)
        {
            for (int channel = 0; channel < PerGroup; channel++)
                for (int output = 0; output < Outputs; output++)
                    sums[output] += values[position++] * input[channel];
            return;
        }
        for (int output = 0; output < Outputs; output++)
        {
            int first = output / (Outputs / Groups) * PerGroup;
            foreach (double number in input.Slice(first, PerGroup))
                for (int i = 0; i < Inner; i++)
                    sums[output] += values[position++] * number;
        }
    }
}
