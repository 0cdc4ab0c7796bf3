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

    /// <summary>Four convolutions, of which one, named <c>bad</c>, reads a value with one huge and many tiny channels, which one scale cannot serve.</summary>
    public static ModelProto OneBadLayer()
    {
        const int Channels = 16;
        GraphBuilder graph = new();
        float[] spread = [.. Enumerable.Range(0, Channels).Select(channel => channel == 0 ? 1000f : 1f)];
        // Tanh and Abs keep the scale from being folded into a convolution.
        string bounded = graph.Node("Tanh", [graph.Conv(graph.Input("x", Shape), Channels, 3, 3)]);
        string uneven = graph.Node("Abs", [graph.Node("Mul", [bounded, graph.Constant([1, Channels, 1, 1], spread)])]);
        float[] weights = graph.Values([Channels, Channels, 3, 3], 0.2f);
        for (int i = 0; i < weights.Length; i++)
            weights[i] /= spread[i / 9 % Channels];
        string bad = graph.Node("Conv", [uneven, graph.Constant([Channels, Channels, 3, 3], weights)], Nodes.Attribute("pads", [1L, 1, 1, 1]));
        graph.Graph.Node[^1].Name = "bad";
        string third = graph.Node("Relu", [graph.Conv(graph.Node("Tanh", [bad]), Channels, Channels, 3)]);
        graph.Output(graph.Conv(third, 4, Channels, 3));
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
