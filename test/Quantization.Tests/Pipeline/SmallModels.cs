using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Tests.Pipeline;

/// <summary>Models that a run takes a moment for.</summary>
internal static class SmallModels
{
    public static readonly long[] Shape = [1, 3, 8, 8];

    /// <summary>Two convolutions, the second's result being the output.</summary>
    public static ModelProto Convolutions(int opset = 13, long batch = 1)
    {
        GraphBuilder graph = new(opset);
        string first = graph.Node("Relu", [graph.Conv(graph.Input("x", batch, 3, 8, 8), 16, 3, 3)]);
        string second = graph.Conv(first, 8, 16, 3);
        graph.Output(second);
        return graph.Build();
    }

    /// <summary>A convolution with BatchNormalization, pooling and a fully connected layer: scores of ten classes.</summary>
    public static ModelProto Classifier(int opset = 13, long batch = 1)
    {
        GraphBuilder graph = new(opset);
        string features = graph.Node("Relu", [graph.BatchNormalization(graph.Conv(graph.Input("x", batch, 3, 8, 8), 16, 3, 3), 16)]);
        string pooled = graph.Node("Flatten", [graph.Node("GlobalAveragePool", [features])]);
        graph.Output(graph.Node("Gemm", [pooled, graph.ScaledWeights(10, 16), graph.Weights(10)], Nodes.Attribute("transB", 1L)));
        return graph.Build();
    }

    /// <summary>Nothing but an activation.</summary>
    public static ModelProto WithoutCompute()
    {
        GraphBuilder graph = new();
        graph.Output(graph.Node("Sigmoid", [graph.Input("x", Shape)]));
        return graph.Build();
    }
}
