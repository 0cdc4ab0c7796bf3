using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

/// <summary>The emitted model agrees with the float model, and ONNX Runtime really fuses it. Operators one by one: <see cref="QuantizedOperatorTests"/>.</summary>
public sealed class QdqEmitterTests
{
    // 8 bits over a uniform range give about 50 dB; sums of products of two such operands, requantized, stay above this.
    private const double LowestSqnrDb = 28;

    private static readonly string[] Operators = ["Add", "Concat", "GlobalAveragePool", "AveragePool", "MaxPool", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Resize"];

    public static TheoryData<string> Connecting() => [.. Operators];

    [Theory]
    [MemberData(nameof(Connecting))]
    public void An_operator_between_two_convolutions_needs_no_conversion(string op) => AssertConnects(op, signed: false);

    // On x64 ONNX Runtime makes signed values unsigned before it fuses, and does not fuse those with several readers; ARM64 takes them as they are. So
    // Add and Concat, whose two convolutions read the same input here, are left out.
    public static TheoryData<string> ConnectingOneReader() => [.. Operators.Except(["Add", "Concat"])];

    [Theory]
    [MemberData(nameof(ConnectingOneReader))]
    public void The_same_holds_for_signed_activations(string op) => AssertConnects(op, signed: true);

    [Fact]
    public void Signed_activations_with_several_readers_are_right_all_the_same()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        builder.Output(builder.Conv(builder.Node("Add", [builder.Node("Relu", [builder.Conv(x, 8, 3, 3)]), builder.Conv(x, 8, 3, 1)]), 4, 8, 1));
        ModelProto model = builder.Build();
        NamedTensor input = Reference.Tensor(x, [1, 3, 8, 8]);

        ModelProto variant = Quantized.Make(model, input, signed: true).Model;

        Assert.Contains(variant.Graph.Initializer, tensor => tensor.DataType == (int)TensorProto.Types.DataType.Int8 && tensor.Dims.Count == 0);
        Assert.InRange(Quantized.SqnrDb(model, variant, input), LowestSqnrDb, Agreement.LimitDb);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_product_that_float_nodes_read_gives_float_without_a_detour(bool signed)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 3, 32);
        builder.Output(builder.Node("Softmax", [builder.Node("Add", [builder.Weights(16), builder.Node("MatMul", [x, builder.Weights(32, 16)])])]));
        ModelProto model = builder.Build();
        NamedTensor input = Reference.Tensor(x, [3, 32]);

        ModelProto variant = Quantized.Make(model, input, signed).Model;

        Assert.Equal(new OptimizedGraph(1, 0, 1), Quantized.Optimized(variant));
        Assert.InRange(Quantized.SqnrDb(model, variant, input), LowestSqnrDb, Agreement.LimitDb);
    }

    [Fact]
    public void A_clamp_behind_a_product_that_gives_float_stays()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 3, 32);
        builder.Output(builder.Node("Relu", [builder.Node("MatMul", [x, builder.Weights(32, 16)])]));
        ModelProto model = builder.Build();
        NamedTensor input = Reference.Tensor(x, [3, 32]);

        ModelProto variant = Quantized.Make(model, input).Model;

        Assert.Equal(new OptimizedGraph(1, 0, 1), Quantized.Optimized(variant));
        Assert.InRange(Quantized.SqnrDb(model, variant, input), LowestSqnrDb, Agreement.LimitDb);
    }

    [Fact]
    public void A_transformer_keeps_only_products_of_activations_in_float()
    {
        ModelProto model = TransformerModel.Build();
        NamedTensor tokens = TransformerModel.Tokens();

        ModelProto variant = Quantized.Make(model, tokens).Model;

        OptimizedGraph optimized = Quantized.Optimized(variant);
        Assert.Equal((TransformerModel.WeightedProducts, TransformerModel.ActivationProducts), (optimized.IntegerNodes, optimized.FloatComputeNodes));
        // One for each input of products: the embedding, what was attended, both layer norms, the GELU.
        Assert.Equal(5, optimized.ConversionNodes);
        Assert.InRange(Quantized.SqnrDb(model, variant, tokens), LowestSqnrDb, Agreement.LimitDb);
    }

    private static void AssertConnects(string op, bool signed)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        string a = builder.Node("Relu", [builder.Conv(x, 8, 3, 3)]);
        string between = op switch
        {
            "Add" or "Concat" => builder.Node(op, [a, builder.Conv(x, 8, 3, 1)], op == "Concat" ? [Nodes.Attribute("axis", 1)] : []),
            "GlobalAveragePool" => builder.Node(op, [a]),
            "AveragePool" or "MaxPool" => builder.Node(op, [a], Nodes.Attribute("kernel_shape", [2L, 2]), Nodes.Attribute("strides", [2L, 2])),
            "Reshape" => builder.Node(op, [a, builder.Constant([1, 8, 4, 16])]),
            "Transpose" => builder.Node(op, [a], Nodes.Attribute("perm", [0L, 1, 3, 2])),
            "Flatten" => builder.Node("Reshape", [builder.Node(op, [a], Nodes.Attribute("axis", 2)), builder.Constant([1, 8, 8, 8])]),
            "Squeeze" => builder.Node("Reshape", [builder.Node(op, [a, builder.Constant([0])]), builder.Constant([1, 8, 8, 8])]),
            "Unsqueeze" => builder.Node("Reshape", [builder.Node(op, [a, builder.Constant([0])]), builder.Constant([1, 8, 8, 8])]),
            _ => builder.Node(op, [a, "", builder.Constant([4], [1, 1, 2, 2])], Nodes.Attribute("mode", "nearest")),
        };
        builder.Output(builder.Conv(between, 4, op == "Concat" ? 16 : 8, 1));
        ModelProto model = builder.Build();
        NamedTensor input = Reference.Tensor(x, [1, 3, 8, 8]);

        ModelProto variant = Quantized.Make(model, input, signed).Model;
        OptimizedGraph optimized = Quantized.Optimized(variant);

        Assert.Equal(model.Count("Conv"), optimized.IntegerNodes);
        Assert.Equal(0, optimized.FloatComputeNodes);
        Assert.Equal(2, optimized.ConversionNodes);
        Assert.InRange(Quantized.SqnrDb(model, variant, input), LowestSqnrDb, Agreement.LimitDb);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_clamp_behind_a_convolution_disappears(bool signed)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        string clipped = builder.Node("Clip", [builder.Conv(x, 8, 3, 3), builder.Constant([], [0]), builder.Constant([], [0.5f])]);
        builder.Output(builder.Conv(clipped, 4, 8, 1));
        ModelProto model = builder.Build();
        NamedTensor input = Reference.Tensor(x, [1, 3, 8, 8]);

        ModelProto variant = Quantized.Make(model, input, signed).Model;

        Assert.Equal(new OptimizedGraph(2, 0, 2), Quantized.Optimized(variant));
        Assert.InRange(Quantized.SqnrDb(model, variant, input), LowestSqnrDb, Agreement.LimitDb);
    }

    [Fact]
    public void A_value_read_by_float_and_integer_nodes_serves_both()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        string a = builder.Conv(x, 4, 3, 3);
        string wave = builder.Node("Sin", [a]);
        builder.Output(builder.Node("Add", [builder.Conv(a, 4, 4, 3), wave]));
        builder.Output(a);
        ModelProto model = builder.Build();
        NamedTensor input = Reference.Tensor(x, [1, 3, 8, 8]);

        ModelProto variant = Quantized.Make(model, input).Model;

        Assert.Equal(model.Graph.Output.Select(output => output.Name), variant.Graph.Output.Select(output => output.Name));
        Assert.Equal(2, Quantized.Optimized(variant).IntegerNodes);
        Assert.InRange(Quantized.SqnrDb(model, variant, input), LowestSqnrDb, Agreement.LimitDb);
    }

    [Fact]
    public void Weights_shared_by_nodes_that_see_different_ranges_are_right_for_each()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        string weights = builder.Weights(4, 4, 1, 1);
        string bias = builder.Weights(4);
        string first = builder.Node("Conv", [x, weights, bias]);
        builder.Output(builder.Node("Conv", [first, weights, bias]));
        AssertInteger(builder.Build(), Reference.Tensor(x, [1, 4, 6, 6]));
    }

    [Fact]
    public void A_bias_far_beyond_its_weights_does_not_overflow()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 2, 4, 4);
        builder.Output(builder.Node("Conv", [x, builder.Constant([2, 2, 1, 1], [1e-9f, 1e-9f, 1, 1]), builder.Constant([2], [100, 1])]));
        AssertInteger(builder.Build(), Reference.Tensor(x, [1, 2, 4, 4]));
    }

    [Theory]
    [InlineData("Conv*", 0)]
    [InlineData("Conv", 0)]
    [InlineData("Conv1", 1)]
    [InlineData("nothing", 2)]
    public void What_is_excluded_stays_float(string pattern, int integer)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        NodeProtoNames(builder, x);
        ModelProto model = builder.Build();
        model.Graph.Node[0].Name = "Conv1";
        model.Graph.Node[1].Name = "second";

        Assert.Equal(integer, Quantized.Optimized(Quantized.Make(model, Reference.Tensor(x, [1, 3, 8, 8]), pattern).Model).IntegerNodes);
    }

    [Fact]
    public void No_name_is_lost_and_nothing_unread_is_left()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        builder.Output(builder.BatchNormalization(builder.Conv(x, 4, 3, 3), 4), 1, 4, 8, 8);

        ModelProto variant = Quantized.Make(builder.Build(), Reference.Tensor(x, [1, 3, 8, 8])).Model;

        HashSet<string> read = [.. variant.Graph.Node.SelectMany(node => node.Input)];
        Assert.All(variant.Graph.Initializer, initializer => Assert.Contains(initializer.Name, read));
        Assert.DoesNotContain(variant.Graph.Initializer, initializer => initializer.IsFloatingPoint() && initializer.ElementCount() > 4);
    }

    private static void NodeProtoNames(GraphBuilder builder, string x) => builder.Output(builder.Conv(builder.Conv(x, 4, 3, 3), 2, 4, 3));

    private static void AssertInteger(ModelProto model, NamedTensor input, bool signed = false)
    {
        int compute = model.Count("Conv") + model.Count("Gemm") + model.Count("MatMul");
        ModelProto variant = Quantized.Make(model, input, signed).Model;

        OptimizedGraph optimized = Quantized.Optimized(variant);
        Assert.Equal(compute, optimized.IntegerNodes);
        Assert.Equal(0, optimized.FloatComputeNodes);
        Assert.InRange(Quantized.SqnrDb(model, variant, input), LowestSqnrDb, Agreement.LimitDb);
    }
}
