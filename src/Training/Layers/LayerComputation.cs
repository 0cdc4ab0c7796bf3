using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Octet.Training.Layers;

/// <summary>What a layer with weights computes, as a function of them.</summary>
/// <param name="Apply">From input, weights and bias (or null) to the result.</param>
/// <param name="Weight">Its weights.</param>
/// <param name="Bias">Its bias, or null.</param>
/// <param name="Axis">The axis of the weights along which output channels lie.</param>
/// <param name="Channels">The number of output channels.</param>
/// <param name="RoundsResult">Whether an integer kernel gives its result as integers; a matrix product gives floats where nothing integer reads it.</param>
internal sealed record LayerComputation(Func<Tensor, Tensor, Tensor?, Tensor> Apply, Parameter Weight, Parameter? Bias, int Axis, long Channels, bool RoundsResult)
{
    /// <summary>Whether the module is one that is prepared, if it can be.</summary>
    public static bool IsCompute(nn.Module module) => module is Convolution or Linear;

    /// <summary>What the module computes.</summary>
    /// <exception cref="NotSupportedException">It cannot be computed with other weights; the message says why.</exception>
    public static LayerComputation Of(nn.Module module) => module switch
    {
        Linear linear => new LayerComputation((input, weight, bias) => nn.functional.linear(input, weight, bias), linear.weight, linear.bias, 0, linear.out_features, RoundsResult: false),
        Convolution { padding_mode: not PaddingModes.Zeros } convolution => throw new NotSupportedException($"it pads with {convolution.padding_mode}, not with zeros"),
        Convolution { transposed: true, groups: not 1 } => throw new NotSupportedException("it is a transposed convolution with groups, whose channels have no axis of their own"),
        Convolution convolution => new LayerComputation(
            Function(convolution), convolution.weight, convolution.bias, convolution.transposed ? 1 : 0, convolution.out_channels, RoundsResult: true),
        _ => throw new NotSupportedException($"it is a {module.GetType().Name}"),
    };

    private static Func<Tensor, Tensor, Tensor?, Tensor> Function(Convolution layer)
    {
        long[] stride = layer.stride, dilation = layer.dilation, outputPadding = layer.output_padding ?? [];
        long groups = layer.groups;
        if (layer.padding_type is { } kind)
            return layer switch
            {
                Conv1d => (input, weight, bias) => nn.functional.conv1d_padding(input, weight, bias, stride[0], kind, dilation[0], groups),
                Conv2d => (input, weight, bias) => nn.functional.conv2d_padding(input, weight, bias, stride, kind, dilation, groups),
                Conv3d => (input, weight, bias) => nn.functional.conv3d_padding(input, weight, bias, stride, kind, dilation, groups),
                _ => throw new NotSupportedException($"it is a {layer.GetType().Name} with the padding {kind}"),
            };
        long[] padding = layer.padding ?? [];
        return layer switch
        {
            Conv1d => (input, weight, bias) => nn.functional.conv1d(input, weight, bias, stride[0], padding[0], dilation[0], groups),
            Conv2d => (input, weight, bias) => nn.functional.conv2d(input, weight, bias, stride, padding, dilation, groups),
            Conv3d => (input, weight, bias) => nn.functional.conv3d(input, weight, bias, stride, padding, dilation, groups),
            ConvTranspose1d => (input, weight, bias) => nn.functional.conv_transpose1d(input, weight, bias, stride[0], padding[0], outputPadding[0], dilation[0], groups),
            ConvTranspose2d => (input, weight, bias) => nn.functional.conv_transpose2d(input, weight, bias, stride, padding, outputPadding, dilation, groups),
            ConvTranspose3d => (input, weight, bias) => nn.functional.conv_transpose3d(input, weight, bias, stride, padding, outputPadding, dilation, groups),
            _ => throw new NotSupportedException($"it is a {layer.GetType().Name}"),
        };
    }
}
