using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Preparation;

/// <summary>Graphs inside If, Loop and Scan: weights of the graph around them are constants there too, and names stay unique.</summary>
public sealed class SubgraphTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Branches_are_prepared_with_the_weights_around_them(bool condition)
    {
        GraphBuilder outer = new();
        string x = outer.Input("x", 1, 4, 8, 8);
        outer.Graph.Initializer.Add(Tensors.Create("shared", [4, 4, 1, 1], outer.Values([4, 4, 1, 1], 1)));
        string flag = outer.Input("condition", TensorProto.Types.DataType.Bool);
        outer.Output(outer.Node("If", [flag], Branch("then_branch", Body(1)), Branch("else_branch", Body(2))), 1, 4, 8, 8);
        ModelProto model = outer.Build();

        ModelProto result = PreparationPipeline.Run(model, "test.onnx");

        Assert.Equal(0, result.Count("BatchNormalization"));
        Assert.Equal(0, result.Count("Constant"));
        Assert.Equal(0, result.Count("Identity"));
        Assert.Equal(2, result.Count("HardSwish"));
        Assert.Equal(4, result.Count("Conv"));
        AssertNamesAreUnique(result);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 8, 8]), new NamedTensor(flag, [], new[] { condition }));
    }

    [Fact]
    public void Bodies_of_loops_are_prepared()
    {
        GraphBuilder body = new();
        body.Input("iteration", TensorProto.Types.DataType.Int64);
        body.Input("go_on", TensorProto.Types.DataType.Bool);
        string state = body.Input("state", 1, 4);
        string again = body.Node("Identity", ["go_on"]);
        string next = body.Node("Mul", [body.Node("Gemm", [state, "shared"]), body.ConstantNode([4], [1, 2, 3, 4])]);
        body.Graph.Output.Add(new ValueInfoProto { Name = again, Type = body.Graph.Input[1].Type });
        body.Output(next, 1, 4);
        body.Output(body.Node("Relu", [next]), 1, 4);

        GraphBuilder outer = new();
        string x = outer.Input("x", 1, 4);
        outer.Graph.Initializer.Add(Tensors.Create("shared", [4, 4], outer.Values([4, 4], 0.5f)));
        outer.Graph.Initializer.Add(Tensors.Create("trips", [], [3L]));
        string[] results = outer.Node("Loop", ["trips", "", x], 2, Branch("body", body.Build().Graph));
        outer.Output(results[0], 1, 4);
        outer.Output(results[1]);
        ModelProto model = outer.Build();

        ModelProto result = PreparationPipeline.Run(model, "test.onnx");

        Assert.Equal(0, result.Count("Mul"));
        AssertNamesAreUnique(result);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4]));
    }

    [Fact]
    public void Bodies_of_scans_are_prepared()
    {
        GraphBuilder body = new();
        string state = body.Input("state", 4);
        string row = body.Input("row", 4);
        string sum = body.Node("Add", [state, body.Node("Dropout", [row])]);
        body.Output(sum, 4);
        body.Output(body.Node("Relu", [body.Node("Mul", [sum, body.Node("Neg", [body.Constant([4], [1, 2, 3, 4])])])]), 4);

        GraphBuilder outer = new();
        string x = outer.Input("x", 5, 4);
        string[] results = outer.Node("Scan", [outer.Weights(4), x], 2, Branch("body", body.Build().Graph), Nodes.Attribute("num_scan_inputs", 1));
        outer.Output(results[0], 4);
        outer.Output(results[1], 5, 4);
        ModelProto model = outer.Build();

        ModelProto result = PreparationPipeline.Run(model, "test.onnx");

        Assert.Equal(0, result.Count("Neg"));
        Assert.Equal(0, result.Count("Dropout"));
        AssertNamesAreUnique(result);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [5, 4]));
    }

    [Fact]
    public void An_identity_around_a_captured_value_goes_and_the_branches_follow()
    {
        GraphBuilder inner = new();
        inner.Output(inner.Node("Neg", ["captured"]), 4);
        GraphBuilder outer = new();
        string x = outer.Input("x", 4);
        string flag = outer.Input("condition", TensorProto.Types.DataType.Bool);
        outer.Graph.Node.Add(Nodes.Create("Identity", "identity", [outer.Node("Relu", [x])], ["captured"]));
        outer.Output(outer.Node("If", [flag], Branch("then_branch", inner.Build().Graph), Branch("else_branch", inner.Build().Graph)), 4);
        ModelProto model = outer.Build();

        ModelProto result = RemoveIdentities.Apply(model);

        Assert.Equal(0, result.Count("Identity"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [4]), new NamedTensor(flag, [], new[] { true }));
    }

    [Fact]
    public void What_only_a_dead_part_of_a_branch_reads_goes()
    {
        GraphBuilder inner = new();
        inner.Node("Add", ["x", "unread"]);
        inner.Output(inner.Node("Neg", ["x"]), 4);
        GraphBuilder outer = new();
        outer.Input("x", 4);
        string flag = outer.Input("condition", TensorProto.Types.DataType.Bool);
        outer.Graph.Initializer.Add(Tensors.Create("unread", [4], outer.Values([4], 1)));
        outer.Output(outer.Node("If", [flag], Branch("then_branch", inner.Build().Graph), Branch("else_branch", inner.Build().Graph)), 4);

        ModelProto result = RemoveUnused.Apply(outer.Build());

        Assert.Empty(result.Graph.Initializer);
        Assert.Equal(2, result.Count("Neg"));
        Assert.Equal(0, result.Count("Add"));
    }

    /// <summary>A Conv with its own weights in a Constant node, one with the weights around, both normalized; then hard-swish, spelled out.</summary>
    private static GraphProto Body(int seed)
    {
        GraphBuilder builder = new(seed: seed);
        string own = builder.Node("Conv", ["x", builder.ConstantNode([4, 4, 1, 1], builder.Values([4, 4, 1, 1], 1))]);
        string captured = builder.Node("Conv", [builder.Node("Identity", [builder.BatchNormalization(own, 4)]), "shared"]);
        string y = builder.BatchNormalization(captured, 4);
        string clip = builder.Node("Clip", [builder.Node("Add", [y, builder.Constant([], [3])]), builder.Constant([], [0]), builder.Constant([], [6])]);
        builder.Output(builder.Node("Mul", [builder.Node("Div", [clip, builder.Constant([], [6])]), y]), 1, 4, 8, 8);
        return builder.Build().Graph;
    }

    private static AttributeProto Branch(string name, GraphProto graph) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = graph };

    private static void AssertNamesAreUnique(ModelProto model)
    {
        string[] names = [.. model.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Select(node => node.Name)];
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.DoesNotContain("", names);
        string[] values = [.. model.Graph.WithSubgraphs().SelectMany(graph => graph.DefinedNames()).Where(name => name.Length > 0)];
        Assert.Equal(values.Length, values.Distinct().Count());
    }
}
