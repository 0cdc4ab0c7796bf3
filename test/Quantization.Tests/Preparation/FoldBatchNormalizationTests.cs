using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class FoldBatchNormalizationTests
{
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

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void Batch_normalization_folds_into_the_convolutions_behind_it(int group, bool bias)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 8, 8);
        string normalized = builder.BatchNormalization(x, 4);
        string first = builder.Conv(normalized, 6, 4, 3, bias, group, pad: 0);
        string second = builder.Conv(normalized, 6, 4, 3, bias: false, stride: 2, pad: 0);
        builder.Output(first, 1, 6, 6, 6);
        builder.Output(second, 1, 6, 3, 3);
        ModelProto model = builder.Build();

        ModelProto result = FoldBatchNormalization.Apply(model);

        Assert.Equal(0, result.Count("BatchNormalization"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 8, 8]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Batch_normalization_folds_into_the_gemm_behind_it(int transposed)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 3, 5);
        string weights = transposed == 1 ? builder.Weights(7, 5) : builder.Weights(5, 7);
        builder.Output(builder.Node("Gemm", [builder.BatchNormalization(x, 5), weights], Nodes.Attribute("transB", transposed)), 3, 7);
        ModelProto model = builder.Build();

        ModelProto result = FoldBatchNormalization.Apply(model);

        Assert.Equal(0, result.Count("BatchNormalization"));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [3, 5]));
    }

    [Fact]
    public void A_shift_does_not_pass_through_padding()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 8, 8);
        builder.Output(builder.Conv(builder.BatchNormalization(x, 4), 6, 4, 3, pad: 1), 1, 6, 8, 8);

        Assert.Equal(1, FoldBatchNormalization.Apply(builder.Build()).Count("BatchNormalization"));
    }

    [Fact]
    public void A_bias_that_varies_by_row_is_no_bias_of_channels()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 7, 5);
        string gemm = builder.Node("Gemm", [x, builder.Weights(5, 7), builder.Weights(7, 1)]);
        builder.Output(builder.BatchNormalization(gemm, 7), 7, 7);
        ModelProto model = builder.Build();

        Reference.AssertEqual(model, FoldBatchNormalization.Apply(model), Reference.Tensor(x, [7, 5]));
    }
}
