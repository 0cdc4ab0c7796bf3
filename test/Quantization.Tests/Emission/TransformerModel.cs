using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

/// <summary>A transformer block written by hand, as exporters write it: an embedding, attention, layer norm, and two layers with GELU.</summary>
internal static class TransformerModel
{
    public const int Width = 32;
    public const int Length = 6;
    private const int Heads = 4;

    /// <summary>Matrix products with constant weights in it: four projections, two layers, one classifier.</summary>
    public const int WeightedProducts = 7;

    /// <summary>Products of two activations: scores, and the weighted sum of values.</summary>
    public const int ActivationProducts = 2;

    public static ModelProto Build()
    {
        GraphBuilder builder = new(opset: 20);
        string tokens = builder.Input("tokens", TensorProto.Types.DataType.Int64, 1, Length);
        string x = builder.Node("Gather", [builder.Weights(100, Width), tokens]);
        string q = Split(builder, Linear(builder, x, Width, Width), [0, 2, 1, 3]);
        string k = Split(builder, Linear(builder, x, Width, Width), [0, 2, 3, 1]);
        string v = Split(builder, Linear(builder, x, Width, Width), [0, 2, 1, 3]);
        string scores = builder.Node("Div", [builder.Node("MatMul", [q, k]), builder.Constant([], [MathF.Sqrt(Width / Heads)])]);
        string attended = builder.Node("MatMul", [builder.Node("Softmax", [scores], Nodes.Attribute("axis", -1)), v]);
        string joined = builder.Node("Reshape", [builder.Node("Transpose", [attended], Nodes.Attribute("perm", [0L, 2, 1, 3])), builder.Constant([1, Length, Width])]);
        string first = LayerNormalization(builder, builder.Node("Add", [x, Linear(builder, joined, Width, Width)]));
        string inner = builder.Node("Gelu", [Linear(builder, first, Width, 4 * Width)]);
        string second = LayerNormalization(builder, builder.Node("Add", [first, Linear(builder, inner, 4 * Width, Width)]));
        builder.Output(Linear(builder, second, Width, 10), 1, Length, 10);
        return builder.Build();
    }

    public static NamedTensor Tokens(int seed = 1)
    {
        Random random = new(seed);
        return new NamedTensor("tokens", [1, Length], Enumerable.Range(0, Length).Select(_ => random.NextInt64(100)).ToArray());
    }

    private static string Linear(GraphBuilder builder, string x, int from, int to) =>
        builder.Node("Add", [builder.Weights(to), builder.Node("MatMul", [x, builder.Constant([from, to], builder.Values([from, to], MathF.Sqrt(3f / from)))])]);

    private static string Split(GraphBuilder builder, string x, long[] order) =>
        builder.Node("Transpose", [builder.Node("Reshape", [x, builder.Constant([1, Length, Heads, Width / Heads])])], Nodes.Attribute("perm", order));

    private static string LayerNormalization(GraphBuilder builder, string x) =>
        builder.Node("LayerNormalization", [x, builder.Constant([Width], Enumerable.Repeat(1f, Width).ToArray()), builder.Weights(Width)]);
}
