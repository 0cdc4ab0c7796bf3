using CsCheck;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class SmallImagesToMatricesTests
{
    [Fact]
    public void A_convolution_of_any_geometry_is_equal_as_a_product()
    {
        Gen.Select(Gen.Long[1, 2].Array[2], Gen.Long[1, 4].Array[2], Gen.Long[1, 3], Gen.Long[1, 2], Gen.Long[0, 2].Array[4], Gen.Bool, Gen.Long[1, 3])
            .Where(test => Fits(test.Item1, test.Item2, test.Item4, test.Item5)).Sample(test =>
        {
            (long[] image, long[] kernel, long stride, long dilation, long[] pads, bool bias, long batch) = test;
            GraphBuilder builder = new();
            string x = builder.Input("x", -1, 3, image[0], image[1]);
            string[] operands = [x, builder.Weights(5, 3, kernel[0], kernel[1]), .. bias ? [builder.Weights(5)] : Array.Empty<string>()];
            string y = builder.Node("Conv", operands, Nodes.Attribute("pads", pads), Nodes.Attribute("strides", [stride, stride]), Nodes.Attribute("dilations", [dilation, dilation]));
            builder.Output(builder.Node("Relu", [y]));
            ModelProto model = builder.Build();

            ModelProto result = SmallImagesToMatrices.Apply(model);

            if (!ReferenceEquals(model, result))
                Assert.Equal(1, result.Count("Gemm"));
            Reference.AssertEqual(model, result, Reference.Tensor(x, [batch, 3, image[0], image[1]]));
        }, iter: 60);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_stage_stays_in_rows(long extent)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", -1, 4, extent, extent);
        string y = builder.Conv(x, 8, 4, 1);
        string z = builder.Conv(FoldIntoResidualTests.Activated(builder, y, 8), 8, 8, 3, bias: false);
        z = builder.Conv(builder.Node("Clip", [z, builder.Constant([], [0]), builder.Constant([], [6])]), 8, 8, 1, group: 8);
        y = builder.Node("Relu", [builder.Node("Add", [builder.Conv(z, 8, 8, 1), y])]);
        builder.Output(builder.Node("Flatten", [builder.Conv(y, 6, 8, 3, stride: 2)]));
        ModelProto model = builder.Build();

        ModelProto result = SmallImagesToMatrices.Apply(model);

        Assert.Equal(5 - 1, result.Count("Gemm"));
        Assert.Equal(extent == 1 ? 0 : 1, result.Count("Transpose"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [3, 4, extent, extent]));
    }

    [Fact]
    public void Only_the_pixels_that_a_stride_reaches_are_read()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", -1, 4, 2, 2);
        builder.Output(builder.Node("Relu", [builder.Conv(x, 6, 4, 1, stride: 2)]));
        ModelProto model = builder.Build();

        ModelProto result = SmallImagesToMatrices.Apply(model);

        Assert.Equal([6, 4], result.Graph.Initializer.Single(tensor => tensor.Dims.Count == 2 && tensor.Dims[0] == 6).Dims);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [3, 4, 2, 2]));
    }

    [Theory]
    [InlineData(3, 3, 1)]
    [InlineData(-1, 3, 1)]
    [InlineData(2, 1, 2)]
    public void Large_unknown_and_grouped_ones_stay(long extent, long kernel, long group)
    {
        GraphBuilder builder = new();
        builder.Output(builder.Node("Relu", [builder.Conv(builder.Input("x", -1, 4, extent, extent), 6, 4, kernel, group: group)]));
        ModelProto model = builder.Build();

        Assert.Same(model, SmallImagesToMatrices.Apply(model));
    }

    private static bool Fits(long[] image, long[] kernel, long dilation, long[] pads) =>
        Enumerable.Range(0, 2).All(axis => image[axis] + pads[axis] + pads[axis + 2] >= (kernel[axis] - 1) * dilation + 1);
}
