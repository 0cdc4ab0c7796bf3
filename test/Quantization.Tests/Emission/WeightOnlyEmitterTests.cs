using CsCheck;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

/// <summary>Weights in blocks: near the float model, smaller, and in the kernel that ONNX Runtime has for them.</summary>
public sealed class WeightOnlyEmitterTests
{
    // Uniform weights in 4 bits have 23 dB (a step is a fifteenth of the range), products of few terms may fall a little below.
    private static double LowestSqnrDb(string variant) => variant == Variants.Int4Weights ? 15 : 28;

    [Theory]
    [InlineData(Variants.Int8Weights)]
    [InlineData(Variants.Int4Weights)]
    public void Matrix_products_of_every_form_have_a_kernel(string name) => MatrixProducts.Of(leastInner: 12).Sample(test =>
    {
        ModelProto variant = Make(test.Model, name);
        Assert.Equal(new OptimizedGraph(1, 0, 0), Quantized.Optimized(variant));
        Assert.InRange(test.NoiseDb(variant), name == Variants.Int4Weights ? 12 : 28, double.PositiveInfinity);
    }, iter: 60, threads: 1);

    [Theory]
    [InlineData(Variants.Int8Weights, 2, 96)]
    [InlineData(Variants.Int8Weights, 50, 40)]
    [InlineData(Variants.Int4Weights, 50, 40)]
    [InlineData(Variants.Int4Weights, 3, 66)]
    public void Embeddings_become_smaller_too(string name, int rows, int columns)
    {
        GraphBuilder builder = new();
        string indices = builder.Input("indices", TensorProto.Types.DataType.Int64, 2, 2);
        string embedded = builder.Node("Gather", [builder.Weights(rows, columns), indices]);
        builder.Output(embedded);
        builder.Output(builder.Node("MatMul", [embedded, builder.Weights(columns, 40)]));
        ModelProto model = builder.Build();

        ModelProto variant = Make(model, name);

        Assert.Equal(0, variant.Count("Gather"));
        Assert.InRange(variant.CalculateSize(), 1, model.CalculateSize() * (name == Variants.Int4Weights ? 0.4 : 0.6));
        Assert.InRange(Quantized.SqnrDb(model, variant, new NamedTensor(indices, [2, 2], new long[] { 0, 1, rows - 1, 1 })), LowestSqnrDb(name), Agreement.LimitDb);
    }

    [Fact]
    public void Skewed_weights_get_zero_points_and_even_ones_do_not()
    {
        Assert.True(HasZeroPoints(builder => builder.Constant([64, 8], [.. builder.Values([64, 8], 1).Select(value => value + 1.5f)])));
        Assert.False(HasZeroPoints(builder => builder.Constant([64, 8], [.. Enumerable.Range(0, 64 * 8).Select(i => (i / 8 % 15 - 7) / 7f)])));

        static bool HasZeroPoints(Func<GraphBuilder, string> weights)
        {
            GraphBuilder builder = new();
            string x = builder.Input("x", 3, 64);
            builder.Output(builder.Node("MatMul", [x, weights(builder)]));
            ModelProto model = builder.Build();
            ModelProto variant = Make(model, Variants.Int4Weights);
            Assert.InRange(Quantized.SqnrDb(model, variant, Reference.Tensor(x, [3, 64])), LowestSqnrDb(Variants.Int4Weights), Agreement.LimitDb);
            return variant.Graph.Node.Single(node => node.OpType == "MatMulNBits").Input.Count > 3;
        }
    }

    [Fact]
    public void What_would_grow_stays_float()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 3, 64);
        builder.Output(builder.Node("MatMul", [builder.Node("MatMul", [x, builder.Weights(64, 4)]), builder.Weights(4, 64)]));

        Octet.Quantization.Emission.VariantBuild build = Quantized.Variant(builder.Build(), Variants.Int8Weights);

        Assert.Equal(1, build.Model.Count("MatMul"));
        Assert.Equal("its weights would not become smaller in blocks", (string)build.Recipe["float"]![0]!["reason"]!);
    }

    [Fact]
    public void Only_a_product_that_may_compute_in_integers_counts_as_one()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 3, 64);
        builder.Output(builder.Node("MatMul", [x, builder.Weights(64, 16)]));
        ModelProto variant = Make(builder.Build(), Variants.Int8Weights);
        Assert.Equal(new OptimizedGraph(1, 0, 0), OptimizedGraph.Count(variant));

        variant.Graph.Node[0].RemoveAttribute("accuracy_level");
        Assert.Equal(new OptimizedGraph(0, 1, 0), OptimizedGraph.Count(variant));
    }

    [Theory]
    [InlineData(Variants.Int8Weights)]
    [InlineData(Variants.Int4Weights)]
    public void A_transformer_keeps_only_products_of_activations_in_float(string name)
    {
        ModelProto model = TransformerModel.Build();
        ModelProto variant = Make(model, name);

        OptimizedGraph optimized = Quantized.Optimized(variant);
        Assert.Equal((TransformerModel.WeightedProducts, TransformerModel.ActivationProducts), (optimized.IntegerNodes, optimized.FloatComputeNodes));
        Assert.InRange(Quantized.SqnrDb(model, variant, TransformerModel.Tokens()), name == Variants.Int4Weights ? 12 : 28, Agreement.LimitDb);
    }

    [Fact]
    public void Products_inside_an_if_are_quantized()
    {
        ModelProto model = ConditionalModel.Build();
        ModelProto variant = Make(model, Variants.Int8Weights);
        Assert.Equal(0, variant.Count("MatMul"));
        Assert.Equal(1, variant.Count("LSTM"));
        foreach (bool condition in new[] { false, true })
            Assert.InRange(Quantized.SqnrDb(model, variant, ConditionalModel.Inputs(condition)), 28, Agreement.LimitDb);
    }

    [Fact]
    public void The_same_model_gives_the_same_bytes()
    {
        ModelProto model = TransformerModel.Build();
        Assert.Equal(Make(model, Variants.Int4Weights), Make(model, Variants.Int4Weights));
    }

    private static ModelProto Make(ModelProto model, string variant) => Quantized.Variant(model, variant).Model;
}
