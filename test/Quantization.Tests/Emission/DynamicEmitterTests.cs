using CsCheck;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

/// <summary>Quantization at run time: near the float model, and in the kernels that ONNX Runtime fuses it to.</summary>
public sealed class DynamicEmitterTests
{
    private const double LowestSqnrDb = 28;

    [Fact]
    public void Matrix_products_of_every_form_fuse_to_one_operator() => MatrixProducts.Of(leastInner: 1).Sample(test =>
    {
        ModelProto variant = Make(test.Model);
        Assert.Equal(new OptimizedGraph(1, 0, 0), Quantized.Optimized(variant));
        Assert.InRange(test.NoiseDb(variant), LowestSqnrDb, double.PositiveInfinity);
    }, iter: 80, threads: 1);

    [Fact]
    public void Lstms_of_every_form_become_integer()
    {
        var cases =
            from direction in Gen.OneOfConst("forward", "reverse", "bidirectional")
            from inner in Gen.Int[1, 30]
            from hidden in Gen.Int[1, 30]
            from bias in Gen.Bool
            from initial in Gen.Bool
            from peepholes in Gen.Bool
            from named in Gen.Bool
            from seed in Gen.Int[0, 1000]
            select (direction, inner, hidden, bias, initial, peepholes, named, seed);
        cases.Sample(test =>
        {
            int directions = test.direction == "bidirectional" ? 2 : 1;
            GraphBuilder builder = new(seed: test.seed);
            string x = builder.Input("x", 7, 2, test.inner);
            builder.Output(Lstm(builder, x, test.direction, test.inner, test.hidden, test.bias, test.initial, test.peepholes));
            ModelProto model = builder.Build();

            ModelProto variant = Make(model);

            Assert.Equal(new OptimizedGraph(1, 0, 0), Quantized.Optimized(variant));
            Assert.InRange(Quantized.SqnrDb(model, variant, Reference.Tensor(x, [7, 2, test.inner], test.seed)), 25, Agreement.LimitDb);
        }, iter: 60, threads: 1);
    }

    [Fact]
    public void Attention_of_the_runtime_becomes_integer()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 5, 16);
        string y = builder.Node("Attention", [x, builder.Constant([16, 48], builder.Values([16, 48], 0.4f)), builder.Weights(48)], Nodes.Attribute("num_heads", 4));
        builder.Graph.Node[0].Domain = "com.microsoft";
        builder.Output(y);
        ModelProto model = builder.Build();
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });

        ModelProto variant = Make(model);

        Assert.Equal(1, Quantized.Optimized(variant).IntegerNodes);
        Assert.InRange(Quantized.SqnrDb(model, variant, Reference.Tensor(x, [2, 5, 16])), LowestSqnrDb, Agreement.LimitDb);
    }

    [Fact]
    public void Products_with_the_same_input_quantize_it_once()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 3, 20);
        builder.Output(builder.Node("Add", [builder.Node("MatMul", [x, builder.Weights(20, 8)]), builder.Node("MatMul", [x, builder.Weights(20, 8)])]));
        ModelProto model = builder.Build();

        ModelProto variant = Make(model);

        Assert.Equal(1, variant.Count("DynamicQuantizeLinear"));
        Assert.Equal(new OptimizedGraph(2, 0, 1), Quantized.Optimized(variant));
        Assert.InRange(Quantized.SqnrDb(model, variant, Reference.Tensor(x, [3, 20])), LowestSqnrDb, Agreement.LimitDb);
    }

    [Fact]
    public void Shared_weights_stay_shared()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 3, 20);
        string weights = builder.Weights(20, 20);
        builder.Output(builder.Node("MatMul", [builder.Node("MatMul", [x, weights]), weights]));

        ModelProto variant = Make(builder.Build());

        Assert.Single(variant.Graph.Initializer, tensor => tensor.ElementCount() == 400);
    }

    [Fact]
    public void Convolutions_and_recurrences_without_a_kernel_stay_float()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        string image = builder.Conv(x, 4, 4, 3);
        string rows = builder.Node("Reshape", [image, builder.Constant([6, 1, 24])]);
        string states = builder.Node("GRU", [rows, builder.Weights(1, 24, 24), builder.Weights(1, 24, 8)], Nodes.Attribute("hidden_size", 8));
        builder.Output(builder.Node("MatMul", [states, builder.Weights(8, 5)]));
        ModelProto model = builder.Build();

        Octet.Quantization.Emission.VariantBuild build = Quantized.Variant(model, Variants.Int8Dynamic);

        Assert.Equal(1, build.Model.Count("Conv"));
        Assert.Equal(1, build.Model.Count("GRU"));
        Assert.Equal(new OptimizedGraph(1, 2, 0), Quantized.Optimized(build.Model));
        Assert.Equal(1, (int)build.Recipe["computeNodes"]!);
        Assert.Equal(["a convolution quantized at run time is slower than float", "ONNX Runtime has no integer kernel for GRU"], build.Recipe["float"]!.AsArray().Select(reason => (string)reason!["reason"]!));
    }

    [Fact]
    public void A_model_of_convolutions_is_refused_with_the_reason()
    {
        GraphBuilder builder = new();
        builder.Output(builder.Conv(builder.Input("x", 1, 3, 8, 8), 4, 3, 3));
        Assert.Contains("slower than float", Assert.Throws<InvalidDataException>(() => Make(builder.Build())).Message);
    }

    [Fact]
    public void Both_branches_of_an_if_are_quantized()
    {
        ModelProto model = ConditionalModel.Build();

        ModelProto variant = Make(model);

        Assert.Equal(0, variant.Count("LSTM"));
        Assert.Equal(0, variant.Count("MatMul"));
        Assert.Equal(3, Quantized.Optimized(variant).IntegerNodes);
        // Nothing of the float weights is left, neither outside nor inside.
        Assert.DoesNotContain(variant.Graph.WithSubgraphs().SelectMany(graph => graph.Initializer), tensor => tensor.IsFloatingPoint() && tensor.Dims.Count(extent => extent > 1) > 1);
        foreach (bool condition in new[] { false, true })
            Assert.InRange(Quantized.SqnrDb(model, variant, ConditionalModel.Inputs(condition)), 25, Agreement.LimitDb);
    }

    [Fact]
    public void What_is_excluded_stays_float()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 3, 20);
        builder.Output(builder.Node("MatMul", [builder.Node("MatMul", [x, builder.Weights(20, 20)]), builder.Weights(20, 4)]));
        ModelProto model = builder.Build();
        model.Graph.Node[0].Name = "first";

        Assert.Equal((1, 1), (Quantized.Optimized(Quantized.Variant(model, Variants.Int8Dynamic, "fir*").Model) is { } graph) ? (graph.IntegerNodes, graph.FloatComputeNodes) : default);
    }

    [Fact]
    public void Processors_that_saturate_get_seven_bits()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 3, 20);
        builder.Output(builder.Node("MatMul", [x, builder.Weights(20, 4)]));

        Octet.Quantization.Emission.VariantBuild build = Quantized.Variant(builder.Build(), Variants.Int8Dynamic, QuantizationTarget.X64Avx2);

        TensorProto weights = Assert.Single(build.Model.Graph.Initializer, tensor => tensor.ElementCount() == 80);
        Assert.Equal(63, weights.RawData.Max(value => Math.Abs((sbyte)value)));
        Assert.Equal("int7 per channel", (string)build.Recipe["weights"]!);
    }

    [Fact]
    public void A_transformer_keeps_only_products_of_activations_in_float()
    {
        ModelProto model = TransformerModel.Build();
        ModelProto variant = Make(model);

        OptimizedGraph optimized = Quantized.Optimized(variant);
        Assert.Equal((TransformerModel.WeightedProducts, TransformerModel.ActivationProducts), (optimized.IntegerNodes, optimized.FloatComputeNodes));
        Assert.InRange(Quantized.SqnrDb(model, variant, TransformerModel.Tokens()), 25, Agreement.LimitDb);
    }

    [Fact]
    public void The_same_model_gives_the_same_bytes()
    {
        ModelProto model = ConditionalModel.Build();
        Assert.Equal(Make(model), Make(model));
    }

    internal static string Lstm(GraphBuilder builder, string x, string direction, int inner, int hidden, bool bias = true, bool initial = false, bool peepholes = false)
    {
        int directions = direction == "bidirectional" ? 2 : 1;
        float scale = 1 / MathF.Sqrt(hidden);
        string Scaled(params long[] shape) => builder.Constant(shape, builder.Values(shape, scale));
        string[] operands =
        [
            x, Scaled(directions, 4 * hidden, inner), Scaled(directions, 4 * hidden, hidden), bias ? Scaled(directions, 8 * hidden) : "", "",
            initial ? builder.Weights(directions, 2, hidden) : "", initial ? builder.Weights(directions, 2, hidden) : "", peepholes ? Scaled(directions, 3 * hidden) : "",
        ];
        return builder.Node("LSTM", operands, Nodes.Attribute("hidden_size", hidden), Nodes.Attribute("direction", direction));
    }

    private static ModelProto Make(ModelProto model) => Quantized.Variant(model, Variants.Int8Dynamic).Model;
}
