using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Torch.Conversion;

/// <summary>Convolutions and transposed convolutions of one to three spatial dimensions.</summary>
internal static class Convolutions
{
    public static void Register(ConversionTable table)
    {
        table.Add(Convolve, "THSTensor_conv1d", "THSTensor_conv2d", "THSTensor_conv3d");
        table.Add(ConvolveNamedPadding, "THSTensor_conv1d_padding", "THSTensor_conv2d_padding", "THSTensor_conv3d_padding");
        table.Add(ConvolveTransposed, "THSTensor_conv_transpose1d", "THSTensor_conv_transpose2d", "THSTensor_conv_transpose3d");
    }

    private static void Convolve(ConversionContext call)
    {
        long[] padding = call.PerAxis("padding", Spatial(call), 0);
        Write(call, "Conv", [.. padding, .. padding]);
    }

    // 'valid' is 0, 'same' is 1: as many values as went in, the odd one behind.
    private static void ConvolveNamedPadding(ConversionContext call)
    {
        int spatial = Spatial(call);
        if (call.Integer("padding") == 0)
        {
            Write(call, "Conv", new long[2 * spatial]);
            return;
        }
        long[] dilation = call.PerAxis("dilation", spatial, 1);
        long[] total = [.. dilation.Select((step, axis) => step * (call.Tensor("weight").Shape[2 + axis].First - 1))];
        Write(call, "Conv", [.. total.Select(sum => sum / 2), .. total.Select(sum => sum - sum / 2)]);
    }

    private static void ConvolveTransposed(ConversionContext call)
    {
        int spatial = Spatial(call);
        long[] padding = call.PerAxis("padding", spatial, 0);
        Write(call, "ConvTranspose", [.. padding, .. padding], Nodes.Attribute("output_padding", call.PerAxis("outputPadding", spatial, 0)));
    }

    private static void Write(ConversionContext call, string operation, long[] pads, params ReadOnlySpan<AttributeProto> more)
    {
        int spatial = Spatial(call);
        List<string> inputs = [call.Batched("input", spatial), call.Value("weight")];
        if (call.OptionalTensor("bias") is { } bias)
            inputs.Add(call.Value(bias));
        string value = call.Add(operation, inputs,
        [
            Nodes.Attribute("kernel_shape", call.Tensor("weight").Shape[2..].Select(extent => extent.First)),
            Nodes.Attribute("strides", call.PerAxis("strides", spatial, 1)),
            Nodes.Attribute("pads", pads),
            Nodes.Attribute("dilations", call.PerAxis("dilation", spatial, 1)),
            Nodes.Attribute("group", call.Integer("groups")),
            .. more,
        ]);
        call.ReturnBatched(value, "input", spatial);
    }

    private static int Spatial(ConversionContext call) => call.Tensor("weight").Rank - 2;
}
