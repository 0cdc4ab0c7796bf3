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
