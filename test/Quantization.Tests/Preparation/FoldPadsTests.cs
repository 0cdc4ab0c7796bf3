using CsCheck;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class FoldPadsTests
{
    [Fact]
    public void Zeros_around_an_image_become_padding_of_the_convolution()
    {
        Gen.Select(Gen.Long[0, 2].Array[4], Gen.Long[0, 1], Gen.Long[1, 2], Gen.OneOfConst(1L, 2L)).Sample(test =>
        {
            (long[] pads, long own, long stride, long group) = test;
            GraphBuilder builder = new();
            string x = builder.Input("x", -1, 4, 6, 5);
            builder.Output(builder.Conv(Pad(builder, x, pads), 6, 4, 3, group: group, stride: stride, pad: own));
            ModelProto model = builder.Build();

            ModelProto result = FoldPads.Apply(model);

            Assert.Equal(0, result.Count("Pad"));
            Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 4, 6, 5]));
        }, iter: 20);
    }

    [Theory]
    [InlineData("MaxPool", true, 1, true)]
    [InlineData("MaxPool", false, 1, false)]
    [InlineData("AveragePool", false, 1, true)]
    public void A_pool_takes_zeros_that_its_own_padding_equals(string op, bool positive, long pad, bool folds)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        string y = positive ? builder.Node("Relu", [x]) : x;
        builder.Output(builder.Node(op, [Pad(builder, y, [0, pad, pad, 0])], Nodes.Attribute("kernel_shape", [3L, 3]), Nodes.Attribute("strides", [2L, 2])));
        ModelProto model = builder.Build();

        ModelProto result = FoldPads.Apply(model);

        Assert.Equal(folds ? 0 : 1, result.Count("Pad"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 6, 6]));
    }

    [Theory]
    [InlineData("reflect", 0)]
    [InlineData("constant", 0.5f)]
    public void Other_padding_stays(string mode, float value)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        string padded = builder.Node("Pad", [x, builder.Constant([0, 0, 1, 1, 0, 0, 1, 1]), builder.Constant([], [value])], Nodes.Attribute("mode", mode));
        builder.Output(builder.Conv(padded, 6, 4, 3));
        ModelProto model = builder.Build();

        Assert.Same(model, FoldPads.Apply(model));
    }

    [Fact]
    public void A_pool_whose_window_would_lie_in_padding_keeps_the_zeros()
    {
        GraphBuilder builder = new();
        string y = builder.Node("Relu", [builder.Input("x", 1, 4, 6, 6)]);
        builder.Output(builder.Node("MaxPool", [Pad(builder, y, [3, 0, 0, 0])], Nodes.Attribute("kernel_shape", [3L, 3])));
        ModelProto model = builder.Build();

        Assert.Same(model, FoldPads.Apply(model));
    }

    [Fact]
    public void Added_channels_stay()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        builder.Output(builder.Conv(builder.Node("Pad", [x, builder.Constant([0, 0, 0, 0, 0, 2, 0, 0])]), 6, 6, 3));
        ModelProto model = builder.Build();

        Assert.Same(model, FoldPads.Apply(model));
    }

    private static string Pad(GraphBuilder builder, string x, long[] pads) => builder.Node("Pad", [x, builder.Constant([0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]])]);
}
