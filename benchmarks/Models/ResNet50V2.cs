using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests;

namespace Octet.Benchmarks.Models;

/// <summary>
/// ResNet-50 v2 (He et al. 2016, pre-activation; strides on the 3x3 convolutions) with random weights and plausible statistics: enough for times. The batch is dynamic.
/// </summary>
internal static class ResNet50V2
{
    /// <param name="size">Height and width of the images, a multiple of 32: at 32 the last two stages see 2x2 and 1x1 values.</param>
    /// <param name="classes">The number of outputs.</param>
    /// <param name="negativeScales">Whether half of the scales are negative; training begins at 1, and few if any end below 0.</param>
    public static ModelProto Build(int size = 224, int classes = 1000, bool negativeScales = false)
    {

        GraphBuilder builder = new(opset: 13);
        string Activated(string x, long channels) => builder.Node("Relu", [Normalization(builder, x, channels, negativeScales)]);
        string x = builder.Input("input", -1, 3, size, size);
        string y = Activated(builder.Conv(x, 64, 3, 7, bias: false, stride: 2), 64);
        y = builder.Node("MaxPool", [y], Nodes.Attribute("kernel_shape", [3L, 3]), Nodes.Attribute("strides", [2L, 2]), Nodes.Attribute("pads", [1L, 1, 1, 1]));
        long inputs = 64;
        int[] repeats = [3, 4, 6, 3];
        for (int stage = 0; stage < repeats.Length; stage++)
        {
            long width = 64L << stage;
            for (int repeat = 0; repeat < repeats[stage]; repeat++)
            {
                long stride = repeat == 0 && stage > 0 ? 2 : 1;
                string activated = Activated(y, inputs);
                string shortcut = repeat == 0 ? builder.Conv(activated, 4 * width, inputs, 1, bias: false, stride: stride) : y;
                string z = Activated(builder.Conv(activated, width, inputs, 1, bias: false), width);
                z = Activated(builder.Conv(z, width, width, 3, bias: false, stride: stride), width);
                y = builder.Node("Add", [builder.Conv(z, 4 * width, width, 1, bias: false), shortcut]);
                inputs = 4 * width;
            }
        }
        string features = builder.Node("Flatten", [builder.Node("GlobalAveragePool", [Activated(y, inputs)])]);
        builder.Output(builder.Node("Gemm", [features, builder.ScaledWeights(classes, inputs), builder.Weights(classes)], Nodes.Attribute("transB", 1)), -1, classes);
        return builder.Build();
    }

    private static string Normalization(GraphBuilder builder, string x, long channels, bool negativeScales)
    {
        float[] Around(float centre, float width) => [.. builder.Values([channels], width).Select(value => value + centre)];
        string scale = builder.Constant([channels], negativeScales ? Around(0, 1.5f) : Around(1, 0.5f));
        return builder.Node("BatchNormalization", [x, scale, builder.Weights(channels), builder.Weights(channels), builder.Constant([channels], Around(1, 0.5f))], Nodes.Attribute("epsilon", 1e-3f));
    }
}
