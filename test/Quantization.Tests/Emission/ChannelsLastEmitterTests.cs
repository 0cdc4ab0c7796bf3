using System.Collections.Immutable;
using CsCheck;
using Google.Protobuf;
using Octet.Quantization.Calibration;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Tests.Pipeline;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

/// <summary>Graphs of integer operators with the channels last. Each operator in random forms is held by <see cref="QuantizedOperatorTests"/>.</summary>
public sealed class ChannelsLastEmitterTests
{
    private const int WeightLimit = 63;

    public static TheoryData<string> Models() => [.. RealModel.All.Select(model => model.Name)];

    [Theory]
    [MemberData(nameof(Models))]
    public void Real_models_agree_as_well_as_with_conversions_around_each_node(string name)
    {
        RealModel real = RealModel.All.Single(model => model.Name == name);
        Recipe recipe = new(PreparationPipeline.Run(OnnxFile.Read(real.Path), real.Path), [.. Enumerable.Range(0, 4).Select(real.Picture)]);
        NamedTensor[] pictures = [.. Enumerable.Range(9, 3).Select(real.Picture)];
        ModelProto source = OnnxFile.Read(real.Path), pairs = recipe.Pairs();
        double expected = MeanSqnrDb(source, pairs, pictures);
        int integers = Quantized.Optimized(pairs).IntegerNodes;

        foreach ((ModelProto variant, double allowed) in new[] { (recipe.ChannelsLast(customOperators: false), 0.2), (recipe.ChannelsLast(customOperators: true), 0.6), (recipe.WithTables(), 1.0) })
        {
            Assert.Equal(integers, Quantized.Optimized(variant).IntegerNodes);
            Assert.InRange(MeanSqnrDb(source, variant, pictures), Math.Min(expected, 80) - allowed, Agreement.LimitDb);
        }
        Assert.Equal(recipe.WithTables().ToByteArray(), recipe.WithTables().ToByteArray());
    }

    [Theory]
    [InlineData("direction", 1, 1)]
    [InlineData("detector", 2, 1)]
    [InlineData("blazeface-back", 5, 0)]
    [InlineData("blazeface-front", 5, 0)]
    public void Nothing_but_integers_is_left_between_a_models_ends(string name, int conversions, int transposes)
    {
        RealModel real = RealModel.All.Single(model => model.Name == name);
        Recipe recipe = new(PreparationPipeline.Run(OnnxFile.Read(real.Path), real.Path), [real.Picture(0)]);
        ModelProto variant = recipe.WithTables();
        // Only where the picture comes in with its channels first.
        Assert.Equal(transposes, variant.Count("Transpose"));
        Assert.Equal(conversions, Quantized.Optimized(variant).ConversionNodes);
    }

    [Fact]
    public void Small_nets_are_what_conversions_make_of_them()
    {
        var cases =
            from channels in Gen.Long[1, 20]
            from size in Gen.Long[4, 9]
            from batch in Gen.Long[1, 3]
            from kinds in Gen.Int[0, 6].Array[1, 5]
            from seed in Gen.Int[0, 100_000]
            select (channels, size, batch, kinds, seed);
        cases.Sample(
            test =>
            {
                GraphBuilder graph = new(seed: test.seed);
                string x = graph.Input("x", test.batch, 3, test.size, test.size);
                string y = graph.Conv(x, test.channels, 3, 3);
                foreach (int kind in test.kinds)
                    y = kind switch
                    {
                        0 => graph.Node("Relu", [graph.Conv(y, test.channels, test.channels, 1)]),
                        1 => graph.Node("Relu", [graph.Node("Add", [y, graph.Conv(y, test.channels, test.channels, 3)])]),
                        2 => graph.Conv(y, test.channels, test.channels, 3, group: test.channels),
                        3 => graph.Conv(graph.Node("Concat", [y, graph.Conv(y, 2, test.channels, 1)], Nodes.Attribute("axis", 1)), test.channels, test.channels + 2, 1),
                        4 => graph.Node("MaxPool", [y], Nodes.Attribute("kernel_shape", [2L, 2]), Nodes.Attribute("strides", [1L, 1]), Nodes.Attribute("pads", [1L, 1, 0, 0])),
                        5 => graph.Node("AveragePool", [y], Nodes.Attribute("kernel_shape", [3L, 3]), Nodes.Attribute("pads", [1L, 1, 1, 1])),
                        _ => graph.Node("Conv", [y, graph.ScaledWeights(test.channels, test.channels, 3, 3)], Nodes.Attribute("auto_pad", "SAME_UPPER")),
                    };
                graph.Output(graph.Conv(y, 2, test.channels, 1));
                NamedTensor input = Reference.Tensor(x, [test.batch, 3, test.size, test.size], test.seed);
                Recipe recipe = new(PreparationPipeline.Run(graph.Build(), "test.onnx"), [input]);

                float[] expected = Reference.Run(recipe.Pairs(), input).Floats();
                double range = expected.Max() - expected.Min();
                foreach (ModelProto variant in new[] { recipe.ChannelsLast(customOperators: false), recipe.ChannelsLast(customOperators: true) })
                    // A step or two of the result, or of one before it, where an average lies between two.
                    Assert.All(Reference.Run(variant, input).Floats().Zip(expected), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.03 * range + 1e-6));
            },
            iter: 40,
            threads: 1);
    }

    [Fact]
    public void A_chain_of_functions_is_one_table_and_joins_a_sum_or_a_filter()
    {
        GraphBuilder graph = new(opset: 14);
        string x = graph.Input("x", 1, 8, 6, 6);
        string y = graph.Conv(x, 8, 8, 3);
        string plain = graph.Node("Mul", [graph.Node("HardSwish", [y]), graph.Constant([], [0.5f])]);
        string depthwise = graph.Node("Sigmoid", [graph.Conv(plain, 8, 8, 3, group: 8)]);
        string sum = graph.Node("Tanh", [graph.Node("LeakyRelu", [graph.Node("Add", [plain, depthwise])])]);
        graph.Output(graph.Conv(sum, 4, 8, 1));
        NamedTensor input = Reference.Tensor(x, [1, 8, 6, 6]);
        ModelProto model = graph.Build();
        ModelProto variant = new Recipe(PreparationPipeline.Run(model, "test.onnx"), [input]).WithTables();

        Assert.Equal(
            ["QuantizeLinear", "Transpose", "QLinearConv", "LookupTable", "QuantizedDepthwiseConv", "QuantizedAdd", "QLinearConv", "DequantizeNhwc"],
            variant.Graph.Node.Select(node => node.OpType));
        Assert.InRange(Quantized.SqnrDb(model, variant, input), 30, 60);
    }

    [Fact]
    public void Images_of_few_channels_with_their_columns_folded_give_the_same_integers()
    {
        int folded = 0;
        var cases =
            from channels in Gen.Long[1, 3]
            from height in Gen.Long[3, 7]
            from columns in Gen.Long[1, 4]
            from kernel in Gen.Select(Gen.Long[1, 3], Gen.Long[1, 7])
            from stride in Gen.Select(Gen.Long[1, 2], Gen.OneOfConst(1L, 2L, 4L))
            from dilation in Gen.Select(Gen.Long[1, 2], Gen.Long[1, 2])
            from pads in Gen.Long[0, 3].Array[4]
            from seed in Gen.Int[0, 100_000]
            select (channels, height, width: columns * 4, kernel, stride, dilation, pads, seed);
        cases.Sample(
            test =>
            {
                // As much padding as keeps the width a multiple: that is where columns can be folded.
                long reach = (test.kernel.Item2 - 1) * test.dilation.Item2, left = Math.Min(test.pads[1], reach), right = Math.Max(reach + 1 - test.stride.Item2 - left, 0);
                long rows = (test.kernel.Item1 - 1) * test.dilation.Item1 + 1;
                if (rows > test.height + test.pads[0] + test.pads[2] || reach + 1 > test.width + left + right)
                    return;
                GraphBuilder graph = new(seed: test.seed);
                string x = graph.Input("x", 2, test.channels, test.height, test.width);
                graph.Output(graph.Node("Conv", [x, graph.ScaledWeights(5, test.channels, test.kernel.Item1, test.kernel.Item2), graph.Weights(5)],
                    Nodes.Attribute("strides", [test.stride.Item1, test.stride.Item2]), Nodes.Attribute("dilations", [test.dilation.Item1, test.dilation.Item2]),
                    Nodes.Attribute("pads", [test.pads[0], left, test.pads[2], right])));
                NamedTensor input = Reference.Tensor(x, [2, test.channels, test.height, test.width], test.seed);
                Recipe recipe = new(PreparationPipeline.Run(graph.Build(), "test.onnx"), [input]);
                ModelProto variant = recipe.ChannelsLast(customOperators: false);
                folded += variant.Count("Reshape") == 2 ? 1 : 0;

                Assert.Equal(Reference.Run(recipe.Pairs(), input).Floats(), Reference.Run(variant, input).Floats());
            },
            iter: 150,
            threads: 1);
        Assert.InRange(folded, 20, 150);
    }

    [Fact]
    public void Squeeze_and_excitation_stays_integer()
    {
        GraphBuilder graph = new(opset: 14);
        string x = graph.Input("x", 2, 3, 9, 7);
        string y = graph.Conv(x, 16, 3, 3);
        string factor = graph.Node("Relu", [graph.Conv(graph.Node("GlobalAveragePool", [y]), 4, 16, 1)]);
        factor = graph.Node("HardSigmoid", [graph.Conv(factor, 16, 4, 1)]);
        graph.Output(graph.Conv(graph.Node("Mul", [factor, y]), 5, 16, 1));
        NamedTensor input = Reference.Tensor(x, [2, 3, 9, 7]);
        ModelProto model = graph.Build();
        ModelProto variant = new Recipe(PreparationPipeline.Run(model, "test.onnx"), [input]).WithTables();

        Assert.Equal(1, variant.Count("QuantizedChannelScale"));
        Assert.Equal(new OptimizedGraph(4, 0, 2), Quantized.Optimized(variant));
        Assert.InRange(Quantized.SqnrDb(model, variant, input), 30, 60);
    }

    [Fact]
    public void Padding_and_wider_channels_are_zeros_of_the_input()
    {
        GraphBuilder graph = new();
        string x = graph.Input("x", 1, 3, 6, 6);
        string y = graph.Conv(x, 4, 3, 3);
        string wider = graph.Node("Concat", [y, graph.Constant([1, 2, 6, 6], new float[72])], Nodes.Attribute("axis", 1));
        string padded = graph.Node("Pad", [wider, graph.Constant([0, 1, 0, 1, 0, 2, 3, 0])]);
        graph.Output(graph.Conv(padded, 4, 9, 3));
        NamedTensor input = Reference.Tensor(x, [1, 3, 6, 6]);
        ModelProto model = graph.Build();
        ModelProto variant = new Recipe(PreparationPipeline.Run(model, "test.onnx"), [input]).WithTables();

        Assert.Equal(new OptimizedGraph(2, 0, 2), Quantized.Optimized(variant));
        Assert.InRange(Quantized.SqnrDb(model, variant, input), 30, 60);
    }

    [Theory]
    [InlineData("nearest", "asymmetric", "floor", 3, 2, "ResizeNearestNhwc")]
    [InlineData("nearest", "half_pixel", "round_prefer_floor", 3, 2, "ResizeNearestNhwc")]
    [InlineData("nearest", "half_pixel", "round_prefer_ceil", 2, 4, "ResizeNearestNhwc")]
    [InlineData("nearest", "pytorch_half_pixel", "round_prefer_floor", 2, 5, "ResizeNearestNhwc")]
    [InlineData("nearest", "tf_half_pixel_for_nn", "floor", 3, 3, "ResizeNearestNhwc")]
    [InlineData("nearest", "asymmetric", "round_prefer_ceil", 3, 2, "Resize")]
    [InlineData("nearest", "asymmetric", "ceil", 2, 2, "Resize")]
    [InlineData("linear", "half_pixel", "floor", 2, 2, "Resize")]
    [InlineData("linear", "align_corners", "floor", 2, 3, "Resize")]
    public void Resize(string mode, string coordinates, string nearest, int height, int width, string op)
    {
        foreach (bool bySize in new[] { false, true })
        {
            GraphBuilder graph = new();
            string x = graph.Input("x", 1, 3, 5, 4);
            string y = graph.Conv(x, 4, 3, 3);
            string[] inputs = bySize ? [y, "", "", graph.Constant([1, 4, 5 * height, 4 * width])] : [y, "", graph.Constant([4], [1, 1, height, width])];
            y = graph.Node("Resize", inputs, Nodes.Attribute("mode", mode), Nodes.Attribute("coordinate_transformation_mode", coordinates), Nodes.Attribute("nearest_mode", nearest));
            graph.Output(graph.Conv(y, 2, 4, 1));
            NamedTensor input = Reference.Tensor(x, [1, 3, 5, 4]);
            ModelProto model = graph.Build();
            ModelProto variant = new Recipe(PreparationPipeline.Run(model, "test.onnx"), [input]).WithTables();

            Assert.Equal(1, variant.Count(op));
            Assert.Equal(1, variant.Count("Transpose"));
            Assert.InRange(Quantized.SqnrDb(model, variant, input), 30, 60);
        }
    }

    [Fact]
    public void A_model_with_the_channels_last_loses_its_transposes()
    {
        GraphBuilder graph = new();
        string x = graph.Input("x", 1, 8, 6, 3);
        string y = graph.Conv(graph.Node("Transpose", [x], Nodes.Attribute("perm", [0L, 3, 1, 2])), 4, 3, 3);
        graph.Output(graph.Node("Transpose", [graph.Conv(y, 5, 4, 1)], Nodes.Attribute("perm", [0L, 2, 3, 1])));
        NamedTensor input = Reference.Tensor(x, [1, 8, 6, 3]);
        ModelProto model = graph.Build();
        foreach (bool customOperators in new[] { false, true })
        {
            ModelProto variant = new Recipe(PreparationPipeline.Run(model, "test.onnx"), [input]).ChannelsLast(customOperators);
            Assert.Equal(["QuantizeLinear", "QLinearConv", "QLinearConv", "DequantizeLinear"], variant.Graph.Node.Select(node => node.OpType));
            Assert.InRange(Quantized.SqnrDb(model, variant, input), 30, 60);
        }
    }

    [Theory]
    [InlineData(1 / 127.5f, -1, false)]
    [InlineData(1 / 127.5f, -1, true)]
    [InlineData(1 / 255f, 0, true)]
    [InlineData(1 / 64f, -1.25f, false)]
    public void A_picture_is_scaled_and_shifted_by_its_quantization(float scale, float shift, bool transposed)
    {
        GraphBuilder graph = new();
        string x = graph.Input("x", transposed ? [1, 8, 6, 3] : [1, 3, 8, 6]);
        string y = graph.Node("Add", [graph.Node("Mul", [x, graph.Constant([], [scale])]), graph.Constant([1, 1, 1, 1], [shift])]);
        if (transposed)
            y = graph.Node("Transpose", [y], Nodes.Attribute("perm", [0L, 3, 1, 2]));
        graph.Output(graph.Conv(graph.Conv(y, 4, 3, 3), 5, 4, 1));
        NamedTensor input = new(x, transposed ? [1, 8, 6, 3] : [1, 3, 8, 6], Enumerable.Range(0, 144).Select(i => i * 37 % 144 * 255 / 143f).ToArray());
        ModelProto model = graph.Build();
        foreach (IntegerForm form in new[] { IntegerForm.ChannelsLast, IntegerForm.ChannelsLastOctet })
        {
            ModelProto variant = new Recipe(PreparationPipeline.Run(model, "test.onnx"), [input]).Absorbed(form);
            Assert.Equal((0, 0, 2), (variant.Count("Mul"), variant.Count("Add"), variant.Count("QLinearConv")));
            Assert.Equal(transposed ? 0 : 1, variant.Graph.Node.TakeWhile(node => node.OpType != "QLinearConv").Count(node => node.OpType == "Transpose"));
            Assert.InRange(Quantized.SqnrDb(model, variant, input), 30, 60);
        }
    }

    [Fact]
    public void A_shift_that_would_cost_precision_stays()
    {
        GraphBuilder graph = new();
        string x = graph.Input("x", 1, 3, 8, 6);
        // Without zero in its range the picture would be quantized in steps far too large.
        string y = graph.Node("Add", [x, graph.Constant([], [100f])]);
        graph.Output(graph.Conv(graph.Node("Sub", [graph.Conv(y, 4, 3, 3), graph.Constant([], [0f])]), 5, 4, 1));
        NamedTensor input = new(x, [1, 3, 8, 6], Enumerable.Range(0, 144).Select(i => i % 12 / 12f - 100).ToArray());
        ModelProto model = graph.Build();
        ModelProto variant = new Recipe(PreparationPipeline.Run(model, "test.onnx"), [input]).Absorbed(IntegerForm.ChannelsLast);

        Assert.Equal(1, variant.Count("Add"));
        Assert.InRange(Quantized.SqnrDb(model, variant, input), 25, 60);
    }

    [Fact]
    public void Floats_that_others_read_are_made_once_under_their_own_name()
    {
        GraphBuilder graph = new();
        string x = graph.Input("x", 1, 3, 32, 32);
        string y = graph.Conv(x, 4, 3, 3);
        graph.Output(graph.Node("Softmax", [y]));
        graph.Output(graph.Node("ReduceMax", [y]));
        graph.Output(y);
        graph.Output(graph.Conv(y, 4, 4, 1));
        NamedTensor input = Reference.Tensor(x, [1, 3, 32, 32]);
        Recipe recipe = new(PreparationPipeline.Run(graph.Build(), "test.onnx"), [input]);
        EmittedModel emitted = ChannelsLastEmitter.Emit(recipe.Prepared, recipe.Plan, recipe.Ranges, WeightLimit, customOperators: true);

        Assert.Equal(2, emitted.Model.Count("DequantizeNhwc"));
        Assert.Equal(y, emitted.Dequantized[y]);
        Assert.All(SqnrDb(recipe.Prepared, emitted.Model, input), ratio => Assert.InRange(ratio, 25, 200));
    }

    [Fact]
    public void What_stands_in_a_branch_stays_float()
    {
        GraphBuilder then = new(prefix: "then_"), otherwise = new(prefix: "else_"), graph = new();
        string x = graph.Input("x", 1, 3, 6, 6);
        string condition = graph.Input("condition", TensorProto.Types.DataType.Bool, 1);
        string y = graph.Conv(x, 4, 3, 3);
        then.Output(then.Conv(y, 2, 4, 1));
        otherwise.Output(otherwise.Conv(y, 2, 4, 1));
        graph.Output(graph.Node("If", [condition], then.As("then_branch"), otherwise.As("else_branch")), 1, 2, 6, 6);
        NamedTensor[] inputs = [Reference.Tensor(x, [1, 3, 6, 6]), new(condition, [1], new[] { true })];
        ModelProto model = graph.Build();
        Recipe recipe = new(PreparationPipeline.Run(model, "test.onnx"), inputs, samples: 1);

        ModelProto variant = recipe.ChannelsLast(customOperators: true);
        Assert.Equal((1, 2), (variant.Count("QLinearConv"), variant.Count("Conv")));
        Assert.InRange(Quantized.SqnrDb(model, variant, inputs), 25, 60);
    }

    [Fact]
    public void Without_custom_operators_a_plan_for_them_is_refused()
    {
        ModelProto prepared = PreparationPipeline.Run(SmallModels.Convolutions(), "test.onnx");
        QuantizationPlan plan = StaticQuantization.Plan(prepared, [], operators: ConnectingOperators.WithTables);
        Assert.Throws<ArgumentException>(() => ChannelsLastEmitter.Emit(prepared, plan, ImmutableDictionary<string, ActivationRange>.Empty, WeightLimit, customOperators: false));
    }

    [Fact]
    public void Only_known_domains_are_used_without_custom_operators()
    {
        Recipe recipe = new(PreparationPipeline.Run(SmallModels.Convolutions(), "test.onnx"), [Reference.Tensor("x", [.. SmallModels.Convolutions().Graph.Input[0].Type.TensorType.Shape.Dim.Select(dim => Math.Max(1, dim.DimValue))])]);
        Assert.Equal([ContribOperators.Domain], recipe.ChannelsLast(customOperators: false).OtherDomains());
    }

    [Theory]
    [InlineData(1, 1, 3, 1, 1, "dense")]
    [InlineData(9, 1, 3, 1, 1, "dense")]
    [InlineData(9, 2, 3, 1, 1, "dense")]
    [InlineData(1, 2, 3, 1, 1, "images")]
    [InlineData(9, 2, 3, 2, 1, "dense")]
    [InlineData(9, 3, 5, 2, 2, "dense")]
    [InlineData(9, 3, 3, 1, 1, "images")]
    [InlineData(9, 2, 2, 1, 0, "dense")]
    [InlineData(9, 5, 3, 1, 1, "images")]
    [InlineData(9, 5, 1, 1, 0, "rows")]
    [InlineData(1, 5, 1, 1, 0, "images")]
    [InlineData(9, 5, 1, 2, 0, "images")]
    public void Many_small_images_are_one_product_with_the_same_bytes(int images, int size, int kernel, int stride, int pad, string form)
    {
        foreach (bool bias in new[] { false, true })
        {
            GraphBuilder graph = new();
            string x = graph.Input("x", images, 5, size, size);
            graph.Output(graph.Conv(graph.Conv(x, 6, 5, kernel, bias, stride: stride, pad: pad), 7, 6, 1));
            NamedTensor input = Reference.Tensor(x, [images, 5, size, size]);
            Recipe recipe = new(PreparationPipeline.Run(graph.Build(), "test.onnx"), [input]);
            ModelProto variant = recipe.ChannelsLast(customOperators: true);

            NodeProto conv = variant.Graph.Node.First(node => node.OpType == "QLinearConv");
            Assert.Equal(form, conv.Input[3].Contains("_dense", StringComparison.Ordinal) ? "dense" : conv.Input[0].EndsWith("_rows", StringComparison.Ordinal) ? "rows" : "images");
            // Two convolutions in a row leave no Reshape between them. One pixel an image: the order of axes changes by a Reshape too.
            Assert.Equal((size == 1 ? 1 : 0) + ((form, images) switch { ("rows", _) => 2, ("dense", 1) => 2, ("dense", _) => 3, (_, 1) => 0, _ => 2 }), variant.Count("Reshape"));
            Assert.Equal(Reference.Run(recipe.Pairs(), input).Floats(), Reference.Run(variant, input).Floats());
        }
    }

    [Fact]
    public void Bias_correction_is_that_of_conversions()
    {
        GraphBuilder graph = new();
        string x = graph.Input("x", 1, 8, 6, 6);
        graph.Output(graph.Conv(x, 4, 8, 3));
        NamedTensor input = Reference.Tensor(x, [1, 8, 6, 6]);
        Recipe recipe = new(PreparationPipeline.Run(graph.Build(), "test.onnx"), [input]);
        Dictionary<string, ImmutableArray<double>> means = new() { [x] = [.. Enumerable.Range(0, 8).Select(i => 0.3 * i)] };

        float[] Run(ModelProto model) => Reference.Run(model, input).Floats();
        float[] corrected = Run(ChannelsLastEmitter.Emit(recipe.Prepared, recipe.Plan, recipe.Ranges, 7, customOperators: true, means).Model);
        Assert.Equal(Run(QdqEmitter.Emit(recipe.Prepared, recipe.Plan, recipe.Ranges, 7, inputMeans: means).Model), corrected);
        Assert.NotEqual(Run(ChannelsLastEmitter.Emit(recipe.Prepared, recipe.Plan, recipe.Ranges, 7, customOperators: true).Model), corrected);
    }

    /// <summary>Over outputs and pictures: a single one is better or worse by chance.</summary>
    private static double MeanSqnrDb(ModelProto expected, ModelProto actual, NamedTensor[] pictures) => pictures.Average(picture => SqnrDb(expected, actual, picture).Average());

    private static double[] SqnrDb(ModelProto expected, ModelProto actual, NamedTensor input) =>
        [.. Reference.Run(expected, input).Zip(Reference.Run(actual, input), (before, after) => Agreement.SqnrDb((float[])before.Data, (float[])after.Data))];

    /// <summary>A prepared model with its plan, and ranges for it and for the plan with tables.</summary>
    private sealed class Recipe
    {
        private readonly QuantizationPlan _withTables;

        public Recipe(ModelProto prepared, NamedTensor[] samples)
            : this(prepared, sample => [samples[sample]], samples.Length)
        {
        }

        public Recipe(ModelProto prepared, NamedTensor[] inputs, int samples)
            : this(prepared, _ => [.. inputs], samples)
        {
        }

        private Recipe(ModelProto prepared, Func<int, ImmutableArray<NamedTensor>> read, int samples)
        {
            using ScratchFolder scratch = new();
            Prepared = prepared;
            QuantizationPlan standard = StaticQuantization.Plan(prepared, []), withTables = StaticQuantization.Plan(prepared, [], operators: ConnectingOperators.WithTables);
            Ranges = Calibrator.Collect(prepared, [.. standard.Observed.Union(withTables.Observed)], withHistograms: true, samples, sample => read(sample), scratch.Path).Ranges(CalibrationMethods.Mse).Ranges;
            Plan = StaticQuantization.Reached(prepared, standard, Ranges);
            _withTables = StaticQuantization.Reached(prepared, withTables, Ranges);
        }

        public ModelProto Prepared { get; }

        public QuantizationPlan Plan { get; }

        public ImmutableDictionary<string, ActivationRange> Ranges { get; }

        public ModelProto Pairs() => QdqEmitter.Emit(Prepared, Plan, Ranges, WeightLimit).Model;

        public ModelProto ChannelsLast(bool customOperators) => ChannelsLastEmitter.Emit(Prepared, Plan, Ranges, WeightLimit, customOperators).Model;

        public ModelProto Absorbed(IntegerForm form) => new StaticRecipe(Prepared, Plan, new CalibratedRanges(CalibrationMethods.Mse, 1, Ranges)) { Form = form }.Emit(WeightLimit, signedActivations: false).Model;

        public ModelProto WithTables() => ChannelsLastEmitter.Emit(Prepared, _withTables, Ranges, WeightLimit, customOperators: true).Model;
    }
}
