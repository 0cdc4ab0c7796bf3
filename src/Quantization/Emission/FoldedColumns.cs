using System.Numerics;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>
/// A convolution of images with one to three channels as one of narrower images with more: with the channels last, neighbouring columns are one column with the channels
/// of all, at no cost, and so are the results.
/// </summary>
/// <remarks>
/// ONNX Runtime's fast integer convolution reads channels by fours; with fewer it copies every window first, a few bytes at a time. The first layer of
/// ResNet-50 (7x7, three channels) ran 1.5 times, a detector's (3x3) 3.1 times as fast like this, though both multiply by zeros where windows are not whole columns.
/// </remarks>
/// <param name="Columns">Columns of the input that become one.</param>
/// <param name="Results">Columns of the result that become one.</param>
/// <param name="First">The first folded column that a window reads, counted from its own: 0 or negative.</param>
/// <param name="Last">The last.</param>
/// <param name="Width">Folded columns of the input, and of the result.</param>
internal sealed record FoldedColumns(int Columns, int Results, int First, int Last, long Width)
{
    private const int ChannelsRead = 4;
    private const double LargestGrowth = 4;

    /// <summary>Width of the folded filter.</summary>
    public int KernelWidth => Last - First + 1;

    /// <summary>How a node can be folded; null where it cannot, or had better not be.</summary>
    /// <param name="node">A Conv.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="index">Of its graph.</param>
    public static FoldedColumns? Of(NodeProto node, TensorProto weights, GraphIndex index)
    {
        if (weights.Dims is not [_, > 0 and < ChannelsRead and var channels, var kernelHeight, var kernelWidth] || kernelHeight * kernelWidth == 1 || node.Int("group", 1) != 1
            || node.Text("auto_pad", "NOTSET") is not ("NOTSET" or "VALID" or "") || index.Extents(node.Input[0]) is not [_, _, _, > 0 and var width])
            return null;
        int stride = (int)(node.Ints("strides") ?? [1, 1])[1], columns = (int)(ChannelsRead / (long)BigInteger.GreatestCommonDivisor(channels, ChannelsRead));
        columns *= stride / (int)BigInteger.GreatestCommonDivisor(stride, columns);
        int padding = PaddingLeft(node), reach = (int)(kernelWidth - 1) * DilationOf(node);
        long resultWidth = FloorDivide((int)width + padding + (int)(node.Ints("pads") ?? [0, 0, 0, 0])[3] - reach - 1, stride) + 1;
        if (width % columns != 0 || resultWidth * stride != width)
            return null;
        FoldedColumns folded = new(columns, columns / stride, FloorDivide(-padding, columns), FloorDivide(columns - stride - padding + reach, columns), width / columns);
        return folded.First <= 0 && folded.Last >= 0 && (double)folded.KernelWidth * columns / kernelWidth <= LargestGrowth ? folded : null;
    }

    /// <summary>The filter: [results * outputs, columns * inputs, kernel height, folded width] from [outputs, inputs, kernel height, kernel width].</summary>
    public sbyte[] Spread(NodeProto node, ReadOnlySpan<sbyte> weights, IReadOnlyList<long> dims)
    {
        int outputs = (int)dims[0], inputs = (int)dims[1], kernelHeight = (int)dims[2], kernelWidth = (int)dims[3];
        int stride = Columns / Results, padding = PaddingLeft(node), dilation = DilationOf(node);
        sbyte[] spread = new sbyte[Results * outputs * Columns * inputs * kernelHeight * KernelWidth];
        for (int result = 0; result < Results; result++)
            for (int tap = 0; tap < kernelWidth; tap++)
            {
                int column = stride * result - padding + tap * dilation;
                int folded = FloorDivide(column, Columns), inside = column - folded * Columns;
                for (int output = 0; output < outputs; output++)
                    for (int input = 0; input < inputs; input++)
                        for (int row = 0; row < kernelHeight; row++)
                            spread[(((result * outputs + output) * Columns * inputs + inside * inputs + input) * kernelHeight + row) * KernelWidth + folded - First] =
                                weights[((output * inputs + input) * kernelHeight + row) * kernelWidth + tap];
            }
        return spread;
    }

    /// <summary>The attributes of the folded convolution.</summary>
    public AttributeProto[] Attributes(NodeProto node, IReadOnlyList<long> dims)
    {
        long[] strides = node.Ints("strides") ?? [1, 1], dilations = node.Ints("dilations") ?? [1, 1], pads = node.Ints("pads") ?? [0, 0, 0, 0];
        return
        [
            Nodes.Attribute("kernel_shape", [dims[2], KernelWidth]),
            Nodes.Attribute("strides", [strides[0], 1]),
            Nodes.Attribute("dilations", [dilations[0], 1]),
            Nodes.Attribute("pads", [pads[0], -First, pads[2], Last]),
            Nodes.Attribute("channels_last", 1),
        ];
    }

    private static int PaddingLeft(NodeProto node) => (int)(node.Ints("pads") ?? [0, 0, 0, 0])[1];

    private static int DilationOf(NodeProto node) => (int)(node.Ints("dilations") ?? [1, 1])[1];

    private static int FloorDivide(int dividend, int divisor) => (int)Math.Floor((double)dividend / divisor);
}
