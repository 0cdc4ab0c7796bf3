using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>Weights and geometry of a Conv or ConvTranspose with constant 32-bit weights and explicit padding; one number an image axis.</summary>
internal sealed record ConvolutionShape(TensorProto Weights, float[]? Bias, long Group, long[] Kernel, long[] Strides, long[] Dilations, long[] Begins, long[] Ends)
{
    /// <summary>Reads a node; null where it is none such.</summary>
    public static ConvolutionShape? Of(NodeProto node, GraphIndex index)
    {
        if (!(node.Is("Conv") || node.Is("ConvTranspose")) || index.Initializer(node.InputAt(1)) is not { DataType: (int)TensorProto.Types.DataType.Float, Dims.Count: > 2 } weights
            || node.Text("auto_pad", "NOTSET") is not ("NOTSET" or "VALID"))
            return null;
        TensorProto? bias = index.Initializer(node.InputAt(2));
        if (node.InputAt(2).Length > 0 && bias is not { DataType: (int)TensorProto.Types.DataType.Float })
            return null;
        int axes = weights.Dims.Count - 2;
        long[] All(long value) => [.. Enumerable.Repeat(value, axes)];
        long[] pads = node.Ints("pads") is { } given && node.Text("auto_pad", "NOTSET") == "NOTSET" ? given : [.. All(0), .. All(0)];
        return new ConvolutionShape(weights, bias?.ToFloats(), node.Int("group", 1), [.. weights.Dims.Skip(2)], node.Ints("strides") ?? All(1), node.Ints("dilations") ?? All(1), pads[..axes], pads[axes..]);
    }

    /// <summary>The number of channels along the weights' first axis: the output's of a Conv, the input's of a ConvTranspose.</summary>
    public int First => (int)Weights.Dims[0];

    /// <summary>The number of channels along the weights' second axis: the input's of a Conv's group, the output's of a ConvTranspose's.</summary>
    public int Second => (int)Weights.Dims[1];

    /// <summary>Whether every pixel of the result is made of the one pixel at its place.</summary>
    public bool IsPointwise => Kernel.All(extent => extent == 1) && Strides.All(stride => stride == 1) && !IsPadded;

    /// <summary>Whether zeros are read around the image.</summary>
    public bool IsPadded => Begins.Concat(Ends).Any(pad => pad != 0);

    /// <summary>Whether each output channel is made of the one input channel of its number.</summary>
    public bool IsDepthwise => Group == First && Second == 1;
}
