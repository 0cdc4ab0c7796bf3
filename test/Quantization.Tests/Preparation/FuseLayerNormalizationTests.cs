using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class FuseLayerNormalizationTests
{
    public static TheoryData<int, string, string, string, bool, string> Spellings()
    {
        TheoryData<int, string, string, string, bool, string> spellings = [];
        foreach (int opset in new[] { 17, 18 })
            foreach (string axes in new[] { "-1", "2", "-2,-1", "1,2" })
                spellings.Add(opset, axes, "Pow", "Div", false, "scale and bias");
        foreach (string square in new[] { "Pow", "Mul" })
            foreach (string quotient in new[] { "Div", "Reciprocal", "1/" })
                foreach (bool twice in new[] { false, true })
                    spellings.Add(17, "-1", square, quotient, twice, "scale and bias");
        foreach (string affine in new[] { "none", "scale", "bias" })
            spellings.Add(17, "-1", "Pow", "Div", false, affine);
        return spellings;
    }

    [Theory]
    [MemberData(nameof(Spellings))]
    public void Layer_normalization_is_recognised_however_it_is_spelled(int opset, string axes, string square, string quotient, bool twice, string affine)
    {
        ModelProto model = Spell(opset, axes, square, quotient, twice, affine);

        ModelProto result = FuseLayerNormalization.Apply(model);

        Assert.Equal("LayerNormalization", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor("x", [2, 4, 8], scale: 3));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("0,2")]
    public void Other_axes_than_the_last_stay(string axes) =>
        Assert.Equal(0, FuseLayerNormalization.Apply(Spell(17, axes, "Pow", "Div", false, "none")).Count("LayerNormalization"));

    [Fact]
    public void A_mean_that_is_read_elsewhere_stays()
    {
        ModelProto model = Spell(17, "-1", "Pow", "Div", false, "scale and bias");
        model.Graph.Output.Add(new ValueInfoProto { Name = model.Graph.Node.First(node => node.OpType == "ReduceMean").Output[0] });

        Assert.Equal(0, FuseLayerNormalization.Apply(model).Count("LayerNormalization"));
    }

    [Fact]
    public void Below_its_opset_nothing_changes() =>
        Assert.Equal(0, FuseLayerNormalization.Apply(Spell(16, "-1", "Pow", "Div", false, "scale and bias")).Count("LayerNormalization"));

    private static ModelProto Spell(int opset, string axisList, string square, string quotient, bool twice, string affine)
    {
        long[] axes = [.. axisList.Split(',').Select(long.Parse)];
        GraphBuilder builder = new(opset);
        string x = builder.Input("x", 2, 4, 8);
        string Mean(string value) => opset >= 18 ? builder.Node("ReduceMean", [value, builder.Constant(axes)]) : builder.Node("ReduceMean", [value], Nodes.Attribute("axes", axes));
        string mean = Mean(x);
        string difference = builder.Node("Sub", [x, mean]);
        string squared = square == "Pow" ? builder.Node("Pow", [difference, builder.Constant([], [2])]) : builder.Node("Mul", [difference, difference]);
        string root = builder.Node("Sqrt", [builder.Node("Add", [Mean(squared), builder.Constant([], [1e-5f])])]);
        string dividend = twice ? builder.Node("Sub", [x, mean]) : difference;
        string y = quotient switch
        {
            "Div" => builder.Node("Div", [dividend, root]),
            "Reciprocal" => builder.Node("Mul", [dividend, builder.Node("Reciprocal", [root])]),
            _ => builder.Node("Mul", [builder.Node("Div", [builder.Constant([], [1]), root]), dividend]),
        };
        long[] extents = axes.Length == 2 ? [4, 8] : [8];
        if (affine.Contains("scale"))
            y = builder.Node("Mul", [y, builder.Weights(extents)]);
        if (affine.Contains("bias"))
            y = builder.Node("Add", [builder.Weights(extents), y]);
        builder.Output(y, 2, 4, 8);
        return builder.Build();
    }
}
