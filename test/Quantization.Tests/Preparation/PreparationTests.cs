using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class PreparationTests
{
    [Fact]
    public void Constants_become_initializers_and_outputs_stay()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4);
        string sum = builder.Node("Add", [x, builder.ConstantNode([4], [1, 2, 3, 4])]);
        builder.Output(sum, 1, 4);
        ModelProto model = builder.Build();

        ModelProto result = ConstantsToInitializers.Apply(model);

        Assert.Equal(0, result.Count("Constant"));
        Assert.Single(result.Graph.Initializer);
        Assert.Equal(1, model.Count("Constant"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4]));
    }

    [Fact]
    public void A_constant_that_leaves_the_graph_stays_a_node()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1);
        builder.Output(builder.Node("Relu", [x]), 1);
        builder.Output(builder.ConstantNode([1], [5]), 1);

        Assert.Equal(1, ConstantsToInitializers.Apply(builder.Build()).Count("Constant"));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void Batch_normalization_folds_into_convolution(int group, bool bias)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 8, 8);
        string y = builder.BatchNormalization(builder.Conv(x, 6, 4, 3, bias, group), 6);
        builder.Output(y, 1, 6, 8, 8);
        ModelProto model = builder.Build();

        ModelProto result = FoldBatchNormalization.Apply(model);

        Assert.Equal(0, result.Count("BatchNormalization"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 8, 8]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Batch_normalization_folds_into_transposed_convolution(int group)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 5, 5);
        string conv = builder.Node("ConvTranspose", [x, builder.Weights(4, 3, 2, 2)], Nodes.Attribute("strides", [2L, 2]), Nodes.Attribute("group", group));
        builder.Output(builder.BatchNormalization(conv, 3 * group), 1, 3 * group, 10, 10);
        ModelProto model = builder.Build();

        ModelProto result = FoldBatchNormalization.Apply(model);

        Assert.Equal(0, result.Count("BatchNormalization"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 5, 5]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Batch_normalization_folds_into_gemm(int transposed)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 3, 5);
        string weights = transposed == 1 ? builder.Weights(7, 5) : builder.Weights(5, 7);
        string gemm = builder.Node("Gemm", [x, weights, builder.Weights(7)], Nodes.Attribute("transB", transposed));
        builder.Output(builder.BatchNormalization(gemm, 7), 3, 7);
        ModelProto model = builder.Build();

        ModelProto result = FoldBatchNormalization.Apply(model);

        Assert.Equal(0, result.Count("BatchNormalization"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [3, 5]));
    }

    [Fact]
    public void Batch_normalization_of_a_value_with_another_reader_stays()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 8, 8);
        string conv = builder.Conv(x, 4, 4, 3);
        builder.Output(builder.Node("Add", [builder.BatchNormalization(conv, 4), conv]), 1, 4, 8, 8);

        Assert.Equal(1, FoldBatchNormalization.Apply(builder.Build()).Count("BatchNormalization"));
    }

    [Fact]
    public void Weights_shared_with_an_unfolded_convolution_keep_their_values()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        string weights = builder.Weights(4, 4, 1, 1);
        string first = builder.BatchNormalization(builder.Node("Conv", [x, weights]), 4);
        builder.Output(builder.Node("Conv", [first, weights]), 1, 4, 6, 6);
        ModelProto model = builder.Build();

        ModelProto result = FoldBatchNormalization.Apply(model);

        Assert.Equal(0, result.Count("BatchNormalization"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 6, 6]));
    }

    public static TheoryData<bool, bool, bool> HardSwishSpellings()
    {
        TheoryData<bool, bool, bool> spellings = [];
        foreach (bool divideFirst in new[] { false, true })
            foreach (bool byDivision in new[] { false, true })
                foreach (bool swapped in new[] { false, true })
                    spellings.Add(divideFirst, byDivision, swapped);
        return spellings;
    }

    [Theory]
    [MemberData(nameof(HardSwishSpellings))]
    public void Hard_swish_is_recognised_however_it_is_spelled(bool divideFirst, bool byDivision, bool swapped)
    {
        GraphBuilder builder = new(opset: 14);
        string x = builder.Input("x", 2, 9);
        string three = builder.Constant([], [3]);
        string clip = builder.Node("Clip", [builder.Node("Add", swapped ? [three, x] : [x, three]), builder.Constant([], [0]), builder.Constant([], [6])]);
        string Sixth(string value) => byDivision ? builder.Node("Div", [value, builder.Constant([], [6])]) : builder.Node("Mul", [value, builder.Constant([], [1f / 6])]);
        string Times(string value) => builder.Node("Mul", swapped ? [value, x] : [x, value]);
        builder.Output(divideFirst ? Times(Sixth(clip)) : Sixth(Times(clip)), 2, 9);
        ModelProto model = builder.Build();

        ModelProto result = FuseHardSwish.Apply(model);

        Assert.Equal("HardSwish", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 9], scale: 8));
    }

    [Theory]
    [InlineData(3, 0, 5)]
    [InlineData(2, 0, 6)]
    [InlineData(3, -1, 6)]
    public void What_only_looks_like_hard_swish_stays(float shift, float low, float high)
    {
        GraphBuilder builder = new(opset: 14);
        string x = builder.Input("x", 2, 9);
        string clip = builder.Node("Clip", [builder.Node("Add", [x, builder.Constant([], [shift])]), builder.Constant([], [low]), builder.Constant([], [high])]);
        builder.Output(builder.Node("Div", [builder.Node("Mul", [clip, x]), builder.Constant([], [6])]), 2, 9);

        Assert.Equal(0, FuseHardSwish.Apply(builder.Build()).Count("HardSwish"));
    }

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

    [Fact]
    public void Unread_nodes_and_weights_go()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4);
        builder.Node("Add", [x, builder.Weights(4)]);
        builder.Output(builder.Node("Relu", [x]), 1, 4);

        ModelProto result = RemoveUnused.Apply(builder.Build());

        Assert.Single(result.Graph.Node);
        Assert.Empty(result.Graph.Initializer);
    }

    [Fact]
    public void Nodes_get_names_of_their_own()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 4);
        builder.Output(builder.Node("Relu", [builder.Node("Relu", [builder.Node("Neg", [x])])]), 4);
        ModelProto model = builder.Build();
        model.Graph.Node[0].Name = "";
        model.Graph.Node[1].Name = "same";
        model.Graph.Node[2].Name = "same";

        ModelProto result = NameNodes.Apply(model);

        Assert.Equal(3, result.Graph.Node.Select(node => node.Name).Distinct().Count());
        Assert.DoesNotContain("", result.Graph.Node.Select(node => node.Name));
        Assert.Equal("same", result.Graph.Node[1].Name);
    }
}
