using CsCheck;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class MoveConstantsTests
{
    private static readonly string[] Passing = ["Relu", "LeakyRelu", "MaxPool", "AveragePool", "Resize", "Pad", "Concat", "Gate", "Add", "Mul", "Sub"];

    [Fact]
    public void A_scale_passes_any_chain_into_the_convolution()
    {
        Gen.Select(Gen.OneOfConst(Passing).Array[0, 4], Gen.Bool, Gen.Bool).Sample(test =>
        {
            (string[] chain, bool perChannel, bool padded) = test;
            GraphBuilder builder = new();
            string x = builder.Input("x", -1, 4, 16, 16);
            string scaled = builder.Node("Mul", [x, Positive(builder, perChannel ? 4 : 1)]);
            (string y, long channels) = chain.Aggregate((scaled, 4L), (value, op) => Step(builder, value.Item1, value.Item2, op));
            builder.Output(builder.Conv(y, 6, channels, 3, pad: padded ? 1 : 0));
            ModelProto model = builder.Build();

            ModelProto result = MoveConstants.Apply(model);

            Assert.DoesNotContain(result.Graph.Node, node => node.OpType == "Mul" && node.Input[0] == x);
            Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 4, 16, 16]));
        }, iter: 40);
    }

    [Fact]
    public void A_shift_passes_pools_into_a_convolution_without_padding()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 8, 8);
        string y = builder.Node("GlobalAveragePool", [builder.Node("MaxPool", [builder.Node("Add", [x, builder.Weights(4, 1, 1)])], Nodes.Attribute("kernel_shape", [2L, 2]))]);
        builder.Output(builder.Conv(y, 6, 4, 1));
        ModelProto model = builder.Build();

        ModelProto result = MoveConstants.Apply(model);

        Assert.Equal(0, result.Count("Add"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 8, 8]));
    }

    [Fact]
    public void The_mean_of_each_channel_passes_it_to_a_product()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", -1, 4, 8, 8);
        string y = builder.Node("GlobalAveragePool", [builder.Node("Relu", [builder.Node("Mul", [x, Positive(builder, 4)])])]);
        builder.Output(builder.Node("Gemm", [builder.Node("Flatten", [y]), builder.Weights(4, 3), builder.Weights(3)]));
        ModelProto model = builder.Build();

        ModelProto result = MoveConstants.Apply(model);

        Assert.Equal(0, result.Count("Mul"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 4, 8, 8]));
    }

    [Fact]
    public void An_image_and_the_gate_made_of_it_both_take_the_scale()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 8, 8);
        string scaled = builder.Node("Mul", [x, Positive(builder, 1)]);
        string gate = builder.Node("Sigmoid", [builder.Conv(builder.Node("GlobalAveragePool", [scaled]), 4, 4, 1)]);
        builder.Output(builder.Conv(builder.Node("Mul", [scaled, gate]), 6, 4, 3));
        ModelProto model = builder.Build();

        ModelProto result = MoveConstants.Apply(model);

        Assert.Equal(1, result.Count("Mul"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 8, 8]));
    }

    [Theory]
    [InlineData("negative before Relu")]
    [InlineData("shift before Relu")]
    [InlineData("shift before padding")]
    [InlineData("sigmoid")]
    [InlineData("squared")]
    [InlineData("output")]
    [InlineData("zero")]
    public void Where_it_would_change_the_result_it_stays(string why)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 8, 8);
        string y = why.StartsWith("shift", StringComparison.Ordinal)
            ? builder.Node("Add", [x, builder.Weights(4, 1, 1)])
            : builder.Node("Mul", [x, builder.Constant([4, 1, 1], why is "zero" ? [1, 0, 2, 3] : why is "negative before Relu" ? [1, -1, 2, 3] : [1, 2, 3, 4])]);
        if (why == "output")
            builder.Output(y);
        string z = why switch { "squared" => builder.Node("Mul", [builder.Node("Relu", [y]), y]), "sigmoid" => builder.Node("Sigmoid", [y]), "shift before padding" => builder.Node("MaxPool", [y], Nodes.Attribute("kernel_shape", [1L, 1])), _ => builder.Node("Relu", [y]) };
        builder.Output(builder.Conv(z, 6, 4, 3));
        ModelProto model = builder.Build();

        Assert.Same(model, MoveConstants.Apply(model));
    }

    private static (string, long) Step(GraphBuilder builder, string x, long channels, string op) => op switch
    {
        "MaxPool" or "AveragePool" => (builder.Node(op, [x], Nodes.Attribute("kernel_shape", [5L, 5]), Nodes.Attribute("pads", [1L, 1, 1, 1])), channels),
        "Resize" => (builder.Node("Resize", [x, "", builder.Constant([4], [1, 1, 2, 2])], Nodes.Attribute("mode", "linear")), channels),
        "Pad" => (builder.Node("Pad", [x, builder.Constant([0, 0, 1, 0, 0, 0, 0, 1])]), channels),
        "Concat" => (builder.Node("Concat", [x, builder.Conv(x, 2, channels, 1)], Nodes.Attribute("axis", 1)), channels + 2),
        "Gate" => (builder.Node("Mul", [builder.Node("Sigmoid", [builder.Conv(builder.Node("GlobalAveragePool", ["x"]), channels, 4, 1)]), x]), channels),
        "Add" or "Sub" => (builder.Node(op, [x, builder.Weights(channels, 1, 1)]), channels),
        "Mul" => (builder.Node("Mul", [Positive(builder, channels), x]), channels),
        _ => (builder.Node(op, [x]), channels),
    };

    private static string Positive(GraphBuilder builder, long channels) => builder.Constant([channels, 1, 1], [.. builder.Values([channels], 0.5f).Select(value => value + 1)]);
}
