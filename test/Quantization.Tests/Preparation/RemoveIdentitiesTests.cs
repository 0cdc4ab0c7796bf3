using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class RemoveIdentitiesTests
{
    [Fact]
    public void Identities_go_and_names_of_outputs_stay()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 3);
        string relu = builder.Node("Relu", [builder.Node("Identity", [builder.Node("Dropout", [x])])]);
        string leaving = builder.Node("Identity", [relu]);
        builder.Output(leaving, 2, 3);
        ModelProto model = builder.Build();

        ModelProto result = RemoveIdentities.Apply(model);

        Assert.Equal("Relu", Assert.Single(result.Graph.Node).OpType);
        Assert.Equal(leaving, result.Graph.Output[0].Name);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 3]));
    }

    [Fact]
    public void An_identity_from_input_to_output_stays()
    {
        GraphBuilder builder = new();
        builder.Output(builder.Node("Identity", [builder.Input("x", 2)]), 2);

        Assert.Equal(1, RemoveIdentities.Apply(builder.Build()).Count("Identity"));
    }

    [Theory]
    [InlineData("Cast")]
    [InlineData("Clip")]
    [InlineData("Transpose")]
    [InlineData("Transpose pair")]
    [InlineData("Reshape pair")]
    public void What_does_nothing_goes(string kind)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 3, 4);
        string relu = builder.Node("Relu", [x]);
        string y = kind switch
        {
            "Cast" => builder.Node("Cast", [relu], Nodes.Attribute("to", (long)TensorProto.Types.DataType.Float)),
            "Clip" => builder.Node("Clip", [relu]),
            "Transpose" => Transpose(builder, relu, 0, 1, 2),
            "Transpose pair" => Transpose(builder, Transpose(builder, relu, 1, 2, 0), 2, 0, 1),
            _ => builder.Node("Reshape", [builder.Node("Reshape", [relu, builder.Constant([6L, -1])]), builder.Constant([2L, 3, 4])]),
        };
        builder.Output(builder.Node("Neg", [y]), 2, 3, 4);
        ModelProto model = builder.Build();

        ModelProto result = RemoveIdentities.Apply(InferShapes.Apply(model));

        Assert.Equal(["Relu", "Neg"], result.Graph.Node.Select(node => node.OpType));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 3, 4]));
    }

    [Theory]
    [InlineData("Cast")]
    [InlineData("Clip")]
    [InlineData("Transpose pair")]
    [InlineData("Reshape pair")]
    [InlineData("Reshape with zero")]
    public void What_does_something_keeps_doing_it(string kind)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 3, 4);
        string y = kind switch
        {
            "Cast" => builder.Node("Cast", [builder.Node("Cast", [x], Nodes.Attribute("to", (long)TensorProto.Types.DataType.Int32))], Nodes.Attribute("to", (long)TensorProto.Types.DataType.Float)),
            "Clip" => builder.Node("Clip", [x, "", builder.Constant([], [0.5f])]),
            "Transpose pair" => Transpose(builder, Transpose(builder, x, 1, 2, 0), 1, 2, 0),
            "Reshape pair" => builder.Node("Reshape", [builder.Node("Reshape", [x, builder.Constant([6L, 4])]), builder.Constant([3L, -1])]),
            _ => builder.Node("Reshape", [builder.Node("Reshape", [x, builder.Constant([6L, 4])]), builder.Constant([0L, 2, 2])]),
        };
        builder.Output(builder.Node("Neg", [y]));
        ModelProto model = builder.Build();

        ModelProto result = RemoveIdentities.Apply(InferShapes.Apply(model));

        Assert.True(result.Graph.Node.Count > 1);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 3, 4], scale: 3));
    }

    private static string Transpose(GraphBuilder builder, string value, params long[] perm) => builder.Node("Transpose", [value], Nodes.Attribute("perm", perm));
}
