using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests;

namespace Octet.Benchmarks.Models;

/// <summary>ResNet-50 v1 (He et al. 2015, table 1; strides on the 3x3 convolutions) with random weights: enough for times and memory.</summary>
internal static class ResNet50
{
    public static ModelProto Build(int size = 224)
    {
        GraphBuilder builder = new(opset: 13);
        string x = builder.Input("input", 1, 3, size, size);
        string y = Block(builder, x, 3, 64, 7, stride: 2, relu: true);
        y = builder.Node("MaxPool", [y], Nodes.Attribute("kernel_shape", [3L, 3]), Nodes.Attribute("strides", [2L, 2]), Nodes.Attribute("pads", [1L, 1, 1, 1]));
        long inputs = 64;
        int[] repeats = [3, 4, 6, 3];
        for (int stage = 0; stage < repeats.Length; stage++)
        {
            long width = 64L << stage;
            for (int repeat = 0; repeat < repeats[stage]; repeat++)
            {
                long stride = repeat == 0 && stage > 0 ? 2 : 1;
                string shortcut = repeat == 0 ? Block(builder, y, inputs, 4 * width, 1, stride, relu: false) : y;
                string z = Block(builder, y, inputs, width, 1, 1, relu: true);
                z = Block(builder, z, width, width, 3, stride, relu: true);
                z = Block(builder, z, width, 4 * width, 1, 1, relu: false);
                y = builder.Node("Relu", [builder.Node("Add", [z, shortcut])]);
                inputs = 4 * width;
            }
        }
        string features = builder.Node("Flatten", [builder.Node("GlobalAveragePool", [y])]);
        builder.Output(builder.Node("Gemm", [features, builder.ScaledWeights(1000, 2048), builder.Weights(1000)], Nodes.Attribute("transB", 1)), 1, 1000);
        return builder.Build();
    }

    private static string Block(GraphBuilder builder, string x, long inputs, long outputs, long kernel, long stride, bool relu)
    {
        string y = builder.BatchNormalization(builder.Conv(x, outputs, inputs, kernel, bias: false, stride: stride), outputs);
        return relu ? builder.Node("Relu", [y]) : y;
    }
}
