using CsCheck;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class ConvolutionRewritingTests
{
    [Fact]
    public void A_transposed_convolution_without_overlap_is_a_pointwise_one()
    {
        Gen.Select(Gen.Long[1, 3], Gen.Long[1, 3], Gen.Long[1, 5], Gen.Bool, Gen.OneOfConst("", "Relu", "Sigmoid", "HardSigmoid"), Gen.Long[1, 2]).Sample(test =>
        {
            (long first, long second, long outputs, bool bias, string activation, long batch) = test;
            GraphBuilder builder = new();
            string x = builder.Input("x", -1, 6, -2, -3);
            string y = Transposed(builder, x, 6, outputs, first, bias);
            if (activation.Length > 0)
                y = builder.Node(activation, [y]);
            builder.Output(Transposed(builder, y, outputs, 1, second, bias));
            ModelProto model = builder.Build();

            ModelProto result = TransposedToPointwise.Apply(model);

            Assert.Equal(0, result.Count("ConvTranspose"));
            Assert.Equal(first * first * second * second <= 32 ? 1 : 2, result.Count("DepthToSpace"));
            Reference.AssertEqual(model, result, Reference.Tensor(x, [batch, 6, 4, 3]));
        }, iter: 40);
    }

    [Theory]
    [InlineData(3, 2, 0)]
    [InlineData(2, 2, 1)]
    public void A_transposed_convolution_that_overlaps_or_crops_stays(long kernel, long stride, long pad)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 5, 5);
        builder.Output(builder.Node("ConvTranspose", [x, builder.Weights(4, 3, kernel, kernel)], Nodes.Attribute("strides", [stride, stride]), Nodes.Attribute("pads", [pad, pad, pad, pad])));
        ModelProto model = builder.Build();

        Assert.Same(model, TransposedToPointwise.Apply(model));
    }

    [Fact]
    public void Taps_that_only_see_padding_go()
    {
        Gen.Select(Gen.Long[1, 4].Array[2], Gen.OneOfConst(3L, 5L), Gen.Long[1, 2], Gen.Long[1, 2], Gen.OneOfConst(1L, 3L)).Sample(test =>
        {
            (long[] image, long kernel, long stride, long dilation, long group) = test;
            long pad = kernel / 2 * dilation;
            GraphBuilder builder = new();
            string x = builder.Input("x", -1, 3, image[0], image[1]);
            string y = builder.Node("Conv", [x, builder.Weights(6, 3 / group, kernel, kernel)], Nodes.Attribute("pads", [pad, pad, pad, pad]), Nodes.Attribute("strides", [stride, stride]), Nodes.Attribute("dilations", [dilation, dilation]), Nodes.Attribute("group", group));
            builder.Output(builder.Node("Relu", [y]));
            ModelProto model = builder.Build();

            ModelProto result = CropKernels.Apply(model);

            // With a stride of 1 a tap is seen while it is nearer to the centre than the image is long.
            if (stride == 1)
                Assert.Equal(image.Select(extent => Math.Min(kernel, 2 * ((extent - 1) / dilation) + 1)), result.Graph.Initializer.Single().Dims.Skip(2));
            Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 3, image[0], image[1]]));
        }, iter: 40);
    }

    [Fact]
    public void Two_convolutions_with_nothing_between_become_one_where_that_is_smaller()
    {
        Gen.Select(Gen.Long[1, 6], Gen.Long[1, 12], Gen.Long[1, 6], Gen.OneOfConst(1L, 3L), Gen.Bool, Gen.Bool).Sample(test =>
        {
            (long inputs, long between, long outputs, long kernel, bool firstBias, bool secondBias) = test;
            GraphBuilder builder = new();
            string x = builder.Input("x", -1, inputs, 5, 5);
            builder.Output(builder.Conv(builder.Conv(x, between, inputs, 1, firstBias), outputs, between, kernel, secondBias));
            ModelProto model = builder.Build();

            ModelProto result = MergeConvolutions.Apply(model);

            long taps = kernel * kernel;
            bool merges = inputs * outputs * taps <= inputs * between + between * outputs * taps && !(firstBias && kernel > 1);
            Assert.Equal(merges ? 1 : 2, result.Count("Conv"));
            Reference.AssertEqual(model, result, Reference.Tensor(x, [2, inputs, 5, 5]));
        }, iter: 40);
    }

    [Theory]
    [InlineData(4, 12, true, true)]
    [InlineData(12, 4, true, false)]
    [InlineData(12, 4, false, true)]
    public void The_narrower_side_is_pooled(long inputs, long outputs, bool alsoRead, bool swaps)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", -1, inputs, 5, 5);
        string y = builder.Conv(x, outputs, inputs, 1);
        builder.Output(builder.Node("GlobalAveragePool", [y]));
        if (alsoRead)
            builder.Output(builder.Node("Relu", [y]));
        ModelProto model = builder.Build();

        ModelProto result = PoolBeforeConvolution.Apply(model);

        Assert.Equal(swaps, !ReferenceEquals(model, result));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, inputs, 5, 5]));
    }

    [Theory]
    [InlineData("nearest", true, true)]
    [InlineData("nearest", false, true)]
    [InlineData("linear", true, true)]
    [InlineData("linear", false, false)]
    [InlineData("cubic", false, true)]
    public void A_pointwise_convolution_comes_before_the_resize(string mode, bool sizes, bool relu)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 4, 5, 5);
        string[] operands = sizes ? [x, "", "", builder.Constant([2, 4, 10, 15])] : [x, "", builder.Constant([4], [1, 1, 2, 3])];
        string y = builder.Conv(builder.Node("Resize", operands, Nodes.Attribute("mode", mode)), 6, 4, 1);
        builder.Output(relu ? builder.Node("Relu", [y]) : y);
        ModelProto model = builder.Build();

        ModelProto result = ResizeAfterConvolution.Apply(model);

        Assert.Equal("Conv", result.Graph.Node[0].OpType);
        Assert.Equal(relu && mode != "nearest" ? "Relu" : "Resize", result.Graph.Node[^1].OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 4, 5, 5]));
    }

    [Fact]
    public void A_resize_that_shrinks_stays()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        builder.Output(builder.Conv(builder.Node("Resize", [x, "", builder.Constant([4], [1, 1, 0.5f, 0.5f])]), 6, 4, 1));
        ModelProto model = builder.Build();

        Assert.Same(model, ResizeAfterConvolution.Apply(model));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(5, false)]
    public void A_gate_with_a_shortcut_is_a_larger_gate(long gateExtent, bool folds)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", -1, 4, 5, 5);
        string gate = builder.Node("Sigmoid", [builder.Input("g", -1, 4, gateExtent, gateExtent)]);
        builder.Output(builder.Node("Add", [x, builder.Node("Mul", [gate, x])]));
        ModelProto model = builder.Build();

        ModelProto result = FoldResidualGates.Apply(model);

        Assert.Equal(folds, !ReferenceEquals(model, result));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 4, 5, 5]), Reference.Tensor("g", [2, 4, gateExtent, gateExtent], seed: 3));
    }

    [Theory]
    [InlineData("BatchNormalization")]
    [InlineData("Mul, Add")]
    [InlineData("Add")]
    public void A_normalization_behind_an_add_becomes_one_depthwise_convolution(string what)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", -1, 4, 5, -2);
        string y = builder.Node("Add", [x, builder.Node("Relu", [x])]);
        y = what switch
        {
            "BatchNormalization" => builder.BatchNormalization(y, 4),
            "Add" => builder.Node("Add", [builder.Weights(4, 1, 1), y]),
            _ => builder.Node("Add", [builder.Node("Mul", [y, builder.Weights(4, 1, 1)]), builder.Weights(1)]),
        };
        builder.Output(builder.Node("Relu", [y]));
        ModelProto model = builder.Build();

        ModelProto result = NormalizationToConvolution.Apply(model);

        Assert.Equal(["Relu", "Add", "Conv", "Relu"], result.Graph.Node.Select(node => node.OpType));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 4, 5, 3]));
    }

    [Fact]
    public void A_constant_along_the_last_axis_is_no_normalization()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 5, 4);
        builder.Output(builder.Node("Mul", [x, builder.Weights(4)]));
        ModelProto model = builder.Build();

        Assert.Same(model, NormalizationToConvolution.Apply(model));
    }

    [Theory]
    [InlineData("MaxPool", 24, true)]
    [InlineData("Concat", 24, true)]
    [InlineData("MaxPool", 32, false)]
    [InlineData("MaxPool", 6, false)]
    public void A_shortcut_that_leaves_the_blocked_layout_comes_back_in(string op, long channels, bool enters)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", -1, channels, 8, 8);
        string shortcut = op == "MaxPool"
            ? builder.Node("MaxPool", [x], Nodes.Attribute("kernel_shape", [1L, 1]))
            : builder.Node("Concat", [builder.Conv(x, channels - 8, channels, 1), builder.Conv(x, 8, channels, 1)], Nodes.Attribute("axis", 1));
        builder.Output(builder.Node("Relu", [builder.Node("Add", [shortcut, builder.Conv(x, channels, channels, 3)])]));
        ModelProto model = builder.Build();

        ModelProto result = KeepBlockedLayout.Apply(model);

        Assert.Equal(enters, !ReferenceEquals(model, result));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, channels, 8, 8]));
    }

    [Fact]
    public void Channels_are_filled_up_to_whole_blocks_from_convolution_to_convolution()
    {
        Gen.Select(Gen.OneOfConst(4L, 8L, 12L, 20L, 24L), Gen.OneOfConst("Relu", "Clip", "Sigmoid", "HardSwish"), Gen.OneOfConst("MaxPool", "AveragePool"), Gen.Bool, Gen.Bool).Sample(test =>
        {
            (long channels, string activation, string pool, bool bias, bool zerosFirst) = test;
            GraphBuilder builder = new(opset: 14);
            string x = builder.Input("x", -1, 3, 8, 8);
            string[] bounds = activation == "Clip" ? [builder.Constant([], [-0.5f]), builder.Constant([], [0.5f])] : [];
            string y = builder.Node(activation, [builder.Conv(x, channels, 3, 3, bias), .. bounds]);
            string depthwise = builder.Node("Conv", [y, builder.Weights(channels, 1, 3, 3), .. bias ? [builder.Weights(channels)] : Array.Empty<string>()],
                Nodes.Attribute("group", channels), Nodes.Attribute("pads", [1L, 1, 1, 1]));
            y = builder.Node("Mul", [builder.Node("Add", [depthwise, y]), builder.Node("Sigmoid", [builder.Conv(builder.Node("GlobalAveragePool", [y]), channels, channels, 1, bias)])]);
            string pooled = builder.Node(pool, [y], Nodes.Attribute("kernel_shape", [2L, 2]), Nodes.Attribute("strides", [2L, 2]));
            string zeros = builder.Constant([1, 12, 4, 4], new float[12 * 16]);
            string shortcut = builder.Node("Concat", zerosFirst ? [zeros, pooled] : [pooled, zeros], Nodes.Attribute("axis", 1));
            string sum = builder.Node("Add", [shortcut, builder.Conv(y, channels + 12, channels, 3, bias, stride: 2)]);
            builder.Output(builder.Conv(sum, 5, channels + 12, 1, bias));
            ModelProto model = builder.Build();

            ModelProto result = WidenChannels.Apply(model);

            Assert.Equal(0, result.Count("Concat"));
            Assert.All(result.Graph.Initializer.Where(weights => weights.Dims is [> 5, _, _, _]), weights => Assert.Equal(0, weights.Dims[0] % 16));
            Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 3, 8, 8]));
        }, iter: 40);
    }

    [Theory]
    [InlineData("Conv", 24, true)]
    [InlineData("Conv", 32, false)]
    [InlineData("Conv", 6, false)]
    [InlineData("Softmax", 24, false)]
    [InlineData("", 24, false)]
    public void Channels_that_something_else_sees_stay(string reader, long channels, bool widens)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", -1, 4, 8, 8);
        string y = builder.Node("MaxPool", [builder.Conv(x, channels, 4, 3)], Nodes.Attribute("kernel_shape", [2L, 2]));
        builder.Output(reader switch { "Conv" => builder.Conv(y, 5, channels, 1), "Softmax" => builder.Node("Softmax", [y], Nodes.Attribute("axis", 1L)), _ => y });
        ModelProto model = builder.Build();

        ModelProto result = WidenChannels.Apply(model);

        Assert.Equal(widens, !ReferenceEquals(model, result));
        Reference.AssertEqual(model, result, Reference.Tensor(x, [2, 4, 8, 8]));
    }

    [Fact]
    public void Channels_that_no_slice_takes_are_not_computed()
    {
        Gen.Select(Gen.Int[0, 6], Gen.Int[1, 3], Gen.Int[0, 6], Gen.OneOfConst("", "Relu", "MaxPool", "by size", "by factor"), Gen.Bool, Gen.Bool).Sample(test =>
        {
            (int first, int count, int second, string between, bool bias, bool negative) = test;
            GraphBuilder builder = new();
            string x = builder.Input("x", 1, 3, 6, 6);
            string y = builder.Conv(x, 10, 3, 3, bias);
            y = between switch
            {
                "" => y,
                "MaxPool" => builder.Node("MaxPool", [y], Nodes.Attribute("kernel_shape", [2L, 2])),
                "by size" => builder.Node("Resize", [y, "", "", builder.Constant([1, 10, 12, 12])], Nodes.Attribute("mode", "linear")),
                "by factor" => builder.Node("Resize", [y, "", builder.Constant([4], [1, 1, 2, 2])], Nodes.Attribute("mode", "linear")),
                _ => builder.Node(between, [y]),
            };
            builder.Output(builder.Node("Slice", [y, builder.Constant([negative ? first - 10 : first]), builder.Constant([first + count]), builder.Constant([negative ? -3 : 1])]));
            builder.Output(builder.Node("Slice", [y, builder.Constant([0, second, 1]), builder.Constant([1, second + 4, int.MaxValue]), builder.Constant([0, 1, 2]), builder.Constant([1, 1, 2])]));
            ModelProto model = builder.Build();

            ModelProto result = CutUnreadChannels.Apply(model);

            Assert.Equal(Enumerable.Range(first, count).Union(Enumerable.Range(second, 4)).Count(), result.Graph.Initializer.Single(weights => weights.Dims is [_, 3, 3, 3]).Dims[0]);
            Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 3, 6, 6]));
        }, iter: 60);
    }

    [Theory]
    [InlineData("all")]
    [InlineData("output")]
    [InlineData("step")]
    [InlineData("rows")]
    public void Channels_that_somebody_reads_stay(string what)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 6, 6);
        string y = builder.Conv(x, 10, 3, 3);
        builder.Output(builder.Node("Slice",
            [y, builder.Constant([0]), builder.Constant([what == "all" ? 10 : 4]), builder.Constant([what == "rows" ? 2 : 1]), builder.Constant([what == "step" ? 2 : 1])]));
        if (what == "output")
            builder.Output(y);
        ModelProto model = builder.Build();

        Assert.Same(model, CutUnreadChannels.Apply(model));
    }

    [Fact]
    public void A_scale_and_shift_of_the_input_is_left_to_its_quantization()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 5, 3);
        builder.Output(builder.Node("Sub", [builder.Node("Mul", [x, builder.Weights(1)]), builder.Weights(1)]));
        ModelProto model = builder.Build();

        Assert.Same(model, NormalizationToConvolution.Apply(model));
    }

    private static string Transposed(GraphBuilder builder, string x, long inputs, long outputs, long block, bool bias) =>
        builder.Node("ConvTranspose", [x, builder.Weights(inputs, outputs, block, block), .. bias ? [builder.Weights(outputs)] : Array.Empty<string>()], Nodes.Attribute("strides", [block, block]));
}
