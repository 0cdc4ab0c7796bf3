using CsCheck;
using Octet.Quantization.Calibration;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Preparation;

public sealed class EqualizeAcrossLayersTests
{
    [Fact]
    public void Convolutions_of_every_shape_stay_equal()
    {
        var cases =
            from transposed in Gen.Bool
            from groups in Gen.Int[1, 3]
            from nextGroups in Gen.Int[1, 3]
            from perGroup in Gen.Int[1, 3]
            from between in Gen.OneOfConst("", "Relu", "LeakyRelu", "PRelu", "MaxPool", "AveragePool", "GlobalAveragePool")
            from bias in Gen.Bool
            from readers in Gen.Int[1, 2]
            from seed in Gen.Int[0, 1000]
            select (transposed, groups, nextGroups, perGroup, between, bias, readers, seed);
        cases.Sample(test =>
        {
            GraphBuilder builder = new(seed: test.seed);
            // A multiple of both numbers of groups; where it is the second, the second convolution is depthwise.
            int channels = test.groups * test.nextGroups * test.perGroup;
            string weights = test.transposed ? builder.Weights(test.groups * 2, channels / test.groups, 3, 3) : builder.Weights(channels, 2, 3, 3);
            string x = builder.Input("x", 1, test.groups * 2, 8, 8);
            string y = builder.Node(test.transposed ? "ConvTranspose" : "Conv", test.bias ? [x, weights, builder.Weights(channels)] : [x, weights], Nodes.Attribute("group", (long)test.groups));
            y = Between(builder, test.between, y, channels);
            for (int i = 0; i < test.readers; i++)
                builder.Output(builder.Node("Conv", [y, builder.Weights(test.nextGroups * 2, channels / test.nextGroups, 1, 1)], Nodes.Attribute("group", (long)test.nextGroups)));
            AssertEqualized(builder.Build(), y, 1, channels, Reference.Tensor(x, [1, test.groups * 2, 8, 8], test.seed));
        }, iter: 60, threads: 1);
    }

    [Fact]
    public void Matrix_products_of_every_shape_stay_equal()
    {
        var cases =
            from rank in Gen.Int[2, 3]
            from first in Gen.OneOfConst("MatMul", "MatMul Add", "Gemm", "Gemm transposed")
            from between in Gen.OneOfConst("", "Relu", "LeakyRelu")
            from second in Gen.OneOfConst("MatMul", "Gemm", "Gemm transposed")
            from columns in Gen.Int[1, 9]
            from seed in Gen.Int[0, 1000]
            where rank == 2 || (first.StartsWith("MatMul", StringComparison.Ordinal) && second == "MatMul")
            select (rank, first, between, second, columns, seed);
        cases.Sample(test =>
        {
            GraphBuilder builder = new(seed: test.seed);
            long[] shape = [.. Enumerable.Repeat(3L, test.rank - 1), 5];
            string x = builder.Input("x", shape);
            string y = Product(builder, test.first, x, 5, test.columns);
            if (test.between.Length > 0)
                y = builder.Node(test.between, [y]);
            builder.Output(Product(builder, test.second, y, test.columns, 4));
            AssertEqualized(builder.Build(), y, -1, test.columns, Reference.Tensor(x, shape, test.seed));
        }, iter: 60, threads: 1);
    }

    [Theory]
    [InlineData("Flatten", 4)]
    [InlineData("Reshape", 4)]
    [InlineData("Reshape", 1)]
    [InlineData("Squeeze", 1)]
    public void Channels_are_found_behind_what_flattens_them(string flattening, long extent)
    {
        GraphBuilder builder = new(opset: 13);
        string x = builder.Input("x", 2, 3, extent, extent);
        string y = builder.Node("Relu", [builder.Node("Conv", [x, builder.Weights(5, 3, 1, 1), builder.Weights(5)])]);
        y = builder.Node(flattening, flattening switch { "Flatten" => [y], "Reshape" => [y, builder.Constant([0, -1])], _ => [y, builder.Constant([2, 3])] });
        long columns = 5 * extent * extent;
        builder.Output(builder.Node("Gemm", [y, builder.Weights(columns, 4), builder.Weights(4)]));

        AssertEqualized(InferShapes.Apply(builder.Build()), y, -1, columns, Reference.Tensor(x, [2, 3, extent, extent]));
    }

    [Fact]
    public void Shared_weights_are_scaled_for_one_reader_only()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        string shared = builder.Weights(4, 4, 3, 3);
        string bias = builder.Weights(4);
        string y = builder.Node("Relu", [builder.Node("Conv", [x, shared, bias])]);
        builder.Output(builder.Node("Conv", [y, shared, bias]));
        builder.Output(builder.Node("Conv", [x, shared, bias]));

        AssertEqualized(builder.Build(), y, 1, 4, Reference.Tensor(x, [1, 4, 6, 6]));
    }

    [Theory]
    [InlineData("output")]
    [InlineData("added")]
    [InlineData("sigmoid")]
    [InlineData("computed weights")]
    [InlineData("read twice before")]
    public void What_others_see_is_left_alone(string obstacle)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        string y = builder.Node("Conv", [x, builder.Weights(4, 4, 1, 1)]);
        string z = builder.Node(obstacle == "sigmoid" ? "Sigmoid" : "Relu", [y]);
        string weights = builder.Weights(2, 4, 1, 1);
        builder.Output(builder.Node("Conv", [z, obstacle == "computed weights" ? builder.Node("Neg", [weights]) : weights]));
        if (obstacle == "output")
            builder.Output(z);
        if (obstacle == "added")
            builder.Output(builder.Node("Add", [z, x]));
        if (obstacle == "read twice before")
            builder.Output(builder.Node("Sigmoid", [y]));
        ModelProto model = builder.Build();

        Assert.Empty(EqualizeAcrossLayers.Values(model));
        Assert.Same(model, EqualizeAcrossLayers.Apply(model));
        Assert.Same(model, EqualizeAcrossLayers.Apply(model, new Dictionary<string, IReadOnlyList<float>> { [z] = [1, 2, 3, 4] }));
    }

    [Fact]
    public void Values_that_were_not_seen_are_left_alone()
    {
        ModelProto model = BadlyScaled(1);
        Assert.Same(model, EqualizeAcrossLayers.Apply(model, new Dictionary<string, IReadOnlyList<float>>()));
        Assert.Same(model, EqualizeAcrossLayers.Apply(model, EqualizeAcrossLayers.Values(model).ToDictionary(value => value.Value, _ => (IReadOnlyList<float>)[1])));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_badly_scaled_net_keeps_its_accuracy(int seed)
    {
        ModelProto model = BadlyScaled(seed);
        NamedTensor input = Reference.Tensor("x", [1, 3, 16, 16]);
        ModelProto seen = EqualizeAcrossLayers.Apply(model, Balanced.Magnitudes(model, EqualizeAcrossLayers.Values(model).Select(value => new ChannelAxis(value.Value, value.Axis)), input));

        double plain = Quantized.SqnrDb(model, Quantized.Make(model, input).Model, input);
        Assert.InRange(plain, 0, 25);
        Assert.InRange(Quantized.SqnrDb(model, Quantized.Make(EqualizeAcrossLayers.Apply(model), input).Model, input), plain + 8, 60);
        Assert.InRange(Quantized.SqnrDb(model, Quantized.Make(seen, input).Model, input), plain + 8, 60);
    }

    /// <summary>Channels that differ by factors of up to a hundred, which the next layer's weights take back.</summary>
    private static ModelProto BadlyScaled(int seed)
    {
        GraphBuilder builder = new(seed: seed);
        Random random = new(seed);
        double[] Factors(int count) => [.. Enumerable.Range(0, count).Select(_ => Math.Pow(10, 2 * random.NextDouble() - 1))];
        string Scaled(string name, int inner, Func<int, double> factor)
        {
            TensorProto tensor = builder.Graph.Initializer.Single(constant => constant.Name == name);
            return builder.Constant([.. tensor.Dims], [.. tensor.ToFloats().Select((value, position) => (float)(value * factor(position / inner)))]);
        }

        double[] first = Factors(16), second = Factors(16);
        string x = builder.Input("x", 1, 3, 16, 16);
        string y = builder.Node("Relu", [builder.Node("Conv", [x, Scaled(builder.ScaledWeights(16, 3, 3, 3), 27, channel => first[channel]), Scaled(builder.Weights(16), 1, channel => first[channel])])]);
        y = builder.Node("Relu", [builder.Node("Conv", [y, Scaled(builder.ScaledWeights(16, 1, 3, 3), 9, channel => second[channel] / first[channel])], Nodes.Attribute("group", 16L))]);
        builder.Output(builder.Node("Conv", [y, Scaled(builder.ScaledWeights(8, 16, 1, 1), 1, position => 1 / second[position % 16])]));
        return PreparationPipeline.Run(builder.Build(), "test.onnx");
    }

    private static string Between(GraphBuilder builder, string op, string value, long channels) => op switch
    {
        "" => value,
        "PRelu" => builder.Node(op, [value, builder.Weights(channels, 1, 1)]),
        "MaxPool" or "AveragePool" => builder.Node(op, [builder.Node("Relu", [value])], Nodes.Attribute("kernel_shape", [2, 2])),
        _ => builder.Node(op, [value]),
    };

    private static string Product(GraphBuilder builder, string op, string value, long rows, long columns) => op switch
    {
        "MatMul" => builder.Node("MatMul", [value, builder.Weights(rows, columns)]),
        "MatMul Add" => builder.Node("Add", [builder.Weights(columns), builder.Node("MatMul", [value, builder.Weights(rows, columns)])]),
        "Gemm" => builder.Node("Gemm", [value, builder.Weights(rows, columns), builder.Weights(columns)]),
        _ => builder.Node("Gemm", [value, builder.Weights(columns, rows)], Nodes.Attribute("transB", 1L)),
    };

    private static void AssertEqualized(ModelProto model, string value, int axis, long channels, NamedTensor input)
    {
        Assert.Contains((value, axis), EqualizeAcrossLayers.Values(model));
        ModelProto before = model.Clone();
        // Without data the weights decide, with data what is claimed to have been seen.
        float[] magnitudes = [.. Enumerable.Range(0, (int)channels).Select(channel => channel % 5 == 4 ? 0 : MathF.Pow(10, channel % 7 - 3))];
        foreach (ModelProto equalized in new[] { EqualizeAcrossLayers.Apply(model), EqualizeAcrossLayers.Apply(model, new Dictionary<string, IReadOnlyList<float>> { [value] = magnitudes }) })
        {
            Assert.Equal(model.Graph.Node.Select(node => (node.Name, node.Output[0])), equalized.Graph.Node.Select(node => (node.Name, node.Output[0])));
            Reference.AssertEqual(model, equalized, input);
        }
        Assert.Equal(EqualizeAcrossLayers.Apply(model), EqualizeAcrossLayers.Apply(model));
        Assert.Equal(before, model);
        if (channels > 1)
            Assert.NotEqual(model, EqualizeAcrossLayers.Apply(model));
    }
}
