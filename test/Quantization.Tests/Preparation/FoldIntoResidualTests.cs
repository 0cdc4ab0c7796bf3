using CsCheck;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class FoldIntoResidualTests
{
    [Fact]
    public void Normalizations_of_a_shortcut_disappear_into_the_convolutions()
    {
        Gen.Select(Gen.Int[1, 4], Gen.Long[1, 6], Gen.Bool, Gen.Int[1, 100]).Sample(test =>
        {
            (int blocks, long channels, bool bias, int seed) = test;
            GraphBuilder builder = new(seed: seed);
            string x = builder.Input("x", -1, channels, 5, 4);
            string y = builder.Conv(x, channels, channels, 1, bias);
            for (int block = 0; block < blocks; block++)
                y = Block(builder, y, channels, bias);
            builder.Output(builder.Conv(Activated(builder, y, channels), 3, channels, 3, bias));
            ModelProto model = builder.Build();

            ModelProto result = FoldIntoResidual.Apply(model);

            Assert.Equal(0, result.Count("BatchNormalization"));
            Reference.AssertEqual(model, result, Reference.Tensor(x, [2, channels, 5, 4]));
        }, iter: 30);
    }

    [Theory]
    [InlineData("negative scale")]
    [InlineData("no convolution gives the sum")]
    [InlineData("the sum leaves")]
    public void Otherwise_a_normalization_stays(string why)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 5, 4);
        string y = builder.Node("Add", why is "no convolution gives the sum" ? [x, builder.Node("Relu", [x])] : [x, builder.Conv(x, 4, 4, 1)]);
        builder.Output(builder.Conv(Activated(builder, y, 4, negative: why is "negative scale"), 3, 4, 3));
        if (why is "the sum leaves")
            builder.Output(y);
        ModelProto model = builder.Build();

        Assert.Same(model, FoldIntoResidual.Apply(model));
    }

    private static string Block(GraphBuilder builder, string y, long channels, bool bias)
    {
        string z = builder.Conv(Activated(builder, y, channels), channels, channels, 3, bias);
        return builder.Node("Add", bias ? [y, z] : [z, y]);
    }

    internal static string Activated(GraphBuilder builder, string x, long channels, bool negative = false)
    {
        string Around(float centre) => builder.Constant([channels], [.. builder.Values([channels], 0.5f).Select(value => value + centre)]);
        return builder.Node("Relu", [builder.Node("BatchNormalization", [x, Around(negative ? -1 : 1), builder.Weights(channels), builder.Weights(channels), Around(1)])]);
    }
}
