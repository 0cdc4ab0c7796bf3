using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>
/// A convolution of images of a few pixels as one matrix product: a row for each image with all its pixels and channels, a column for each pixel and channel
/// of the result. Where the image has one pixel, what is left of a 3x3 filter is its middle.
/// </summary>
/// <remarks>
/// ONNX Runtime convolves image by image, and on such images packs the weights more than it multiplies: 3x3 on 2x2 pixels, 256 channels and 256 images ran
/// at 126 GMAC/s, and at 2.9 times that speed as one product, though it multiplies by zeros; on one pixel it was 11 GMAC/s.
/// </remarks>
/// <param name="Height">Rows of an input image.</param>
/// <param name="Width">Columns of an input image.</param>
/// <param name="ResultHeight">Rows of a result's image.</param>
/// <param name="ResultWidth">Columns of a result's image.</param>
internal sealed record DenseConvolution(int Height, int Width, int ResultHeight, int ResultWidth)
{
    // The product of many rows is faster though it has more to multiply; a single image had better read fewer weights.
    private const int ManyImages = 8;
    private const double LargestGrowth = 2;

    /// <summary>The product that a node can be; null where it had better stay what it is.</summary>
    /// <param name="node">A Conv.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="index">Of its graph.</param>
    /// <param name="images">The number of images, or one that can be expected.</param>
    public static DenseConvolution? Of(NodeProto node, TensorProto weights, GraphIndex index, long images)
    {
        if (weights.Dims is not [_, _, var kernelHeight, var kernelWidth] || kernelHeight * kernelWidth == 1 || node.Int("group", 1) != 1 || node.Text("auto_pad", "NOTSET") is not ("NOTSET" or "VALID" or "")
            || index.Extents(node.Input[0]) is not [_, _, > 0 and var height, > 0 and var width] || index.Extents(node.Output[0]) is not [_, _, > 0 and var resultHeight, > 0 and var resultWidth])
            return null;
        double growth = (double)(height * width * resultHeight * resultWidth) / (kernelHeight * kernelWidth);
        return growth <= (images < ManyImages ? 1 : LargestGrowth) ? new DenseConvolution((int)height, (int)width, (int)resultHeight, (int)resultWidth) : null;
    }

    /// <summary>The matrix: [result pixels * outputs, pixels * inputs, 1, 1] from [outputs, inputs, kernel height, kernel width].</summary>
    public sbyte[] Spread(NodeProto node, ReadOnlySpan<sbyte> weights, IReadOnlyList<long> dims)
    {
        int outputs = (int)dims[0], inputs = (int)dims[1], kernelHeight = (int)dims[2], kernelWidth = (int)dims[3];
        long[] strides = node.Ints("strides") ?? [1, 1], dilations = node.Ints("dilations") ?? [1, 1], pads = node.Ints("pads") ?? [0, 0, 0, 0];
        sbyte[] dense = new sbyte[ResultHeight * ResultWidth * outputs * Height * Width * inputs];
        for (int resultPixel = 0; resultPixel < ResultHeight * ResultWidth; resultPixel++)
            for (int tap = 0; tap < kernelHeight * kernelWidth; tap++)
            {
                long row = resultPixel / ResultWidth * strides[0] - pads[0] + tap / kernelWidth * dilations[0];
                long column = resultPixel % ResultWidth * strides[1] - pads[1] + tap % kernelWidth * dilations[1];
                if (row < 0 || row >= Height || column < 0 || column >= Width)
                    continue;
                int pixel = (int)(row * Width + column);
                for (int output = 0; output < outputs; output++)
                    for (int input = 0; input < inputs; input++)
                        dense[((resultPixel * outputs + output) * Height * Width + pixel) * inputs + input] = weights[(output * inputs + input) * kernelHeight * kernelWidth + tap];
            }
        return dense;
    }
}
