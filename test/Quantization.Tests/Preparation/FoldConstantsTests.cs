using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Tests.Preparation;

public sealed class FoldConstantsTests
{
    [Fact]
    public void Weights_that_are_computed_become_constants()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 6);
        string weights = builder.Node("Transpose", [builder.Node("Reshape", [builder.Weights(24), builder.Constant([4L, 6])])], Nodes.Attribute("perm", [1L, 0]));
        builder.Output(builder.Node("MatMul", [x, weights]), 2, 4);
        ModelProto model = builder.Build();

        ModelProto result = FoldConstants.Apply(model);

        Assert.Equal("MatMul", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 6]));
    }

    [Fact]
    public void Large_weights_are_computed_too()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 700);
        builder.Output(builder.Node("MatMul", [x, builder.Node("Transpose", [builder.Weights(900, 700)])]), 2, 900);
        ModelProto model = builder.Build();

        ModelProto result = FoldConstants.Apply(model);

        Assert.Equal("MatMul", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 700]));
    }

    [Fact]
    public void Arithmetic_on_a_known_shape_is_done()
    {
        GraphBuilder builder = new(opset: 15);
        string x = builder.Input("x", 2, 3, 4);
        string relu = builder.Node("Relu", [x]);
        string batch = builder.Node("Gather", [builder.Node("Shape", [relu]), Index(builder, 0)], Nodes.Attribute("axis", 0));
        string rest = builder.Node("Cast", [builder.Node("Cast", [builder.Constant([-1L])], Nodes.Attribute("to", (long)DataType.Float))], Nodes.Attribute("to", (long)DataType.Int64));
        string shape = builder.Node("Concat", [builder.Node("Unsqueeze", [batch, builder.Constant([0L])]), rest], Nodes.Attribute("axis", 0));
        string zeros = builder.Node("ConstantOfShape", [builder.Node("Shape", [relu], Nodes.Attribute("start", 1), Nodes.Attribute("end", -1))]);
        string range = builder.Node("Range", [builder.Constant([], [0]), builder.Constant([], [12]), builder.Constant([], [1])]);
        string sum = builder.Node("Add", [builder.Node("Reshape", [relu, shape]), range]);
        builder.Output(sum, 2, 12);
        builder.Output(builder.Node("Add", [builder.Node("Unsqueeze", [zeros, builder.Constant([1L])]), relu]), 2, 3, 4);
        ModelProto model = builder.Build();

        ModelProto result = FoldConstants.Apply(InferShapes.Apply(model));

        Assert.Equal(["Relu", "Reshape", "Add", "Add"], result.Graph.Node.Select(node => node.OpType));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 3, 4]));
    }

    [Fact]
    public void Arithmetic_on_a_dynamic_shape_stays()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", -1, 3);
        string batch = builder.Node("Gather", [builder.Node("Shape", [x]), Index(builder, 0)]);
        builder.Output(builder.Node("Reshape", [x, builder.Node("Concat", [builder.Node("Unsqueeze", [batch, builder.Constant([0L])]), builder.Constant([3L, 1])], Nodes.Attribute("axis", 0))]));
        ModelProto model = builder.Build();

        ModelProto result = FoldConstants.Apply(InferShapes.Apply(model));

        Assert.Equal(1, result.Count("Shape"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [5, 3]));
    }

    [Theory]
    [InlineData("RandomNormalLike")]
    [InlineData("Bernoulli")]
    public void Random_operators_stay(string op)
    {
        GraphBuilder builder = new(opset: 15);
        string x = builder.Input("x", 3);
        builder.Output(builder.Node("Add", [x, builder.Node(op, [builder.Weights(3)])]), 3);

        Assert.Equal(1, FoldConstants.Apply(builder.Build()).Count(op));
    }

    [Theory]
    [InlineData(1000L, 1000L)]
    // Computing it to see its size would end the process.
    [InlineData(10_000_000_000L, 10_000_000_000L)]
    public void What_would_make_the_model_large_stays(long rows, long columns)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1);
        string large = builder.Node("Neg", [builder.Node("ConstantOfShape", [builder.Node("Neg", [builder.Constant([-rows, -columns])])])]);
        builder.Output(builder.Node("Add", [x, large]));

        ModelProto result = FoldConstants.Apply(builder.Build());

        Assert.Equal(["ConstantOfShape", "Neg", "Add"], result.Graph.Node.Select(node => node.OpType));
    }

    [Fact]
    public void Operands_that_broadcast_to_something_large_stay()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1);
        builder.Output(builder.Node("Add", [x, builder.Node("Add", [builder.Weights(1, 3000), builder.Weights(3000, 1)])]));

        Assert.Equal(2, FoldConstants.Apply(builder.Build()).Count("Add"));
    }

    [Fact]
    public void Many_results_may_not_make_the_model_large_together()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1);
        for (int i = 0; i < 100; i++)
            x = builder.Node("Add", [x, builder.Node("ConstantOfShape", [builder.Constant([512L, 512])])]);
        builder.Output(x);

        ModelProto result = FoldConstants.Apply(builder.Build());

        Assert.InRange(result.Graph.Initializer.Sum(tensor => tensor.ByteCount()), 1, 1 << 27);
        Assert.InRange(result.Count("ConstantOfShape"), 1, 99);
    }

    [Fact]
    public void A_node_that_fails_does_not_keep_others_from_being_folded()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2);
        // 5 elements do not make 2 times 2.
        builder.Graph.Node.Add(Nodes.Create("Reshape", "broken", [builder.Weights(5), builder.Constant([2L, 2])], ["unread"]));
        string y = x;
        for (int i = 0; i < 3; i++)
            y = builder.Node("Add", [y, builder.Node("Neg", [builder.Weights(2)])]);
        builder.Output(y, 2);
        builder.Output("unread");

        ModelProto result = FoldConstants.Apply(builder.Build());

        Assert.Equal(0, result.Count("Neg"));
        Assert.Equal(1, result.Count("Reshape"));
    }

    [Fact]
    public void A_constant_that_leaves_the_graph_stays()
    {
        GraphBuilder builder = new();
        builder.Output(builder.Node("Relu", [builder.Input("x", 2)]), 2);
        builder.Output(builder.Node("Neg", [builder.Weights(2)]), 2);
        ModelProto model = builder.Build();

        ModelProto result = FoldConstants.Apply(model);

        Assert.Equal(1, result.Count("Neg"));
        Reference.AssertEqual(model, result, Reference.Tensor("x", [2]));
    }

    private static string Index(GraphBuilder builder, long position)
    {
        string name = builder.Constant([position]);
        builder.Graph.Initializer[^1].Dims.Clear();
        return name;
    }
}
