using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

/// <summary>An If with an LSTM and a product in one branch, and a product with weights of the graph around it in the other.</summary>
internal static class ConditionalModel
{
    private const int Width = 16;

    public static ModelProto Build()
    {
        GraphBuilder then = new();
        string states = DynamicEmitterTests.Lstm(then, "x", "forward", Width, Width);
        then.Output(then.Node("MatMul", [then.Node("Squeeze", [states, then.Constant([1])]), then.Weights(Width, Width)]));

        GraphBuilder outer = new(seed: 2);
        string x = outer.Input("x", 5, 1, Width);
        string condition = outer.Input("condition", TensorProto.Types.DataType.Bool, 1);
        string weights = outer.Weights(Width, Width);
        // A name of its own, which no constant of a branch hides.
        outer.Graph.Initializer[^1].Name = weights = "shared";

        GraphBuilder otherwise = new();
        otherwise.Output(otherwise.Node("MatMul", [x, weights]));

        outer.Output(outer.Node("If", [condition], Branch("then_branch", then), Branch("else_branch", otherwise)));
        return outer.Build();
    }

    public static NamedTensor[] Inputs(bool condition) => [Reference.Tensor("x", [5, 1, Width]), new NamedTensor("condition", [1], new[] { condition })];

    private static AttributeProto Branch(string name, GraphBuilder builder)
    {
        GraphProto graph = builder.Build().Graph;
        graph.Name = name;
        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = graph };
    }
}
