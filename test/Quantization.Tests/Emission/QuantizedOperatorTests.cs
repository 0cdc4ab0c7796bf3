using System.Runtime.InteropServices;
using CsCheck;
using Octet.Quantization.Calibration;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

/// <summary>
/// Every operator of the static engine, in random shapes and forms: no element of its result is further off than the scales allow
/// (<see cref="ErrorBound"/>), and ONNX Runtime runs it in integers, whichever emitter has written it.
/// </summary>
public sealed class QuantizedOperatorTests
{
    private const int Cases = 60;

    // Kernels that add pairs of products in 16 bits need smaller weights: the bound holds for what the machine is given.
    private static readonly int WeightLimit = QuantizationTarget.Of("auto", RuntimeInformation.ProcessArchitecture, MachineDescription.Current.Features).WeightLimit;

    [Fact]
    public void Convolutions()
    {
        var cases =
            from dimensions in Gen.Int[1, 3]
            from kernel in Gen.Long[1, 4].Array[3]
            from stride in Gen.Long[1, 3].Array[3]
            from dilation in Gen.Long[1, 2].Array[3]
            from pads in Gen.Long[0, 3].Array[6]
            from autoPad in Gen.OneOfConst("", "", "SAME_UPPER", "SAME_LOWER", "VALID")
            from groups in Gen.Long[1, 3]
            from inputsPerGroup in Gen.Long[1, 5]
            from outputsPerGroup in Gen.Long[1, 5]
            from depthwise in Gen.Bool
            from bias in Gen.Bool
            from clamp in Gen.OneOfConst("", "Relu", "Clip")
            from signed in Gen.Bool
            from seed in Gen.Int[0, 100_000]
            select (dimensions, kernel, stride, dilation, pads, autoPad, groups, inputsPerGroup, outputsPerGroup, depthwise, bias, clamp, signed, seed);
        cases.Sample(test =>
        {
            GraphBuilder graph = new(seed: test.seed);
            int rank = test.dimensions;
            long groups = test.depthwise ? test.groups * test.inputsPerGroup : test.groups;
            long inputs = test.groups * test.inputsPerGroup, outputs = groups * test.outputsPerGroup;
            long[] shape = [2, inputs, .. Enumerable.Range(0, rank).Select(i => 9L + i)];
            string x = graph.Input("x", shape);
            string weights = graph.Weights([outputs, inputs / groups, .. test.kernel[..rank]]);
            AttributeProto padding = test.autoPad.Length > 0 ? Nodes.Attribute("auto_pad", test.autoPad) : Nodes.Attribute("pads", [.. test.pads[..rank], .. test.pads[3..(3 + rank)]]);
            string y = graph.Node("Conv", [x, weights, .. test.bias ? [graph.Weights(outputs)] : Array.Empty<string>()],
                Nodes.Attribute("kernel_shape", test.kernel[..rank]), Nodes.Attribute("strides", test.stride[..rank]), Nodes.Attribute("group", groups), padding,
                Nodes.Attribute("dilations", test.autoPad.StartsWith("SAME", StringComparison.Ordinal) ? new long[rank].Select(_ => 1L) : test.dilation[..rank]));
            graph.Output(Clamped(graph, y, test.clamp));
            AssertWithinBound(graph.Build(), Reference.Tensor(x, shape, test.seed), test.signed, conversions: 2);
        }, iter: Cases, threads: 1);
    }

    [Fact]
    public void Products()
    {
        var cases =
            from gemm in Gen.Bool
            from transposed in Gen.Bool
            from bias in Gen.Bool
            from rank in Gen.Int[2, 4]
            from rows in Gen.Long[1, 5]
            from inner in Gen.Long[1, 70]
            from columns in Gen.Long[1, 40]
            from then in Gen.OneOfConst("", "Relu", "Gemm")
            from signed in Gen.Bool
            from seed in Gen.Int[0, 100_000]
            select (gemm, transposed, bias, rank, rows, inner, columns, then, signed, seed);
        cases.Sample(test =>
        {
            GraphBuilder graph = new(seed: test.seed);
            bool gemm = test.gemm || test.then == "Gemm";
            long[] shape = gemm ? [test.rows, test.inner] : [.. Enumerable.Repeat(test.rows, test.rank - 1), test.inner];
            string x = graph.Input("x", shape);
            string Product(string value, long inner, long columns)
            {
                string weights = gemm && test.transposed ? graph.Weights(columns, inner) : graph.Weights(inner, columns);
                if (gemm)
                    return graph.Node("Gemm", [value, weights, .. test.bias ? [graph.Weights(columns)] : Array.Empty<string>()], Nodes.Attribute("transB", test.transposed ? 1 : 0));
                string product = graph.Node("MatMul", [value, weights]);
                return test.bias ? graph.Node("Add", [product, graph.Weights(columns)]) : product;
            }
            string y = Product(x, test.inner, test.columns);
            graph.Output(test.then switch { "" => y, "Relu" => graph.Node("Relu", [y]), _ => Product(graph.Node("Relu", [y]), test.columns, 7) });
            // A product's result is float: only its input is converted.
            AssertWithinBound(graph.Build(), Reference.Tensor(x, shape, test.seed), test.signed, conversions: 1);
        }, iter: Cases, threads: 1);
    }

    public static TheoryData<string> ConnectingOperators() =>
        ["Add", "Concat", "GlobalAveragePool", "AveragePool", "MaxPool", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Resize"];

    [Theory]
    [MemberData(nameof(ConnectingOperators))]
    public void Between_two_integer_nodes(string op)
    {
        var cases =
            from extents in Gen.Long[3, 7].Array[2]
            from batch in Gen.Long[1, 3]
            from channels in Gen.Long[1, 9]
            from axis in Gen.Int[0, 3]
            from kernel in Gen.Long[1, 3].Array[2]
            from stride in Gen.Long[1, 2].Array[2]
            from pads in Gen.Long[0, 2].Array[4]
            from option in Gen.Bool
            from clamp in Gen.OneOfConst("", "Relu", "Clip")
            from signed in Gen.Bool
            from seed in Gen.Int[0, 100_000]
            select (extents, batch, channels, axis, kernel, stride, pads, option, clamp, signed, seed);
        cases.Sample(test =>
        {
            GraphBuilder graph = new(seed: test.seed);
            long[] shape = [test.batch, 3, .. test.extents];
            string x = graph.Input("x", shape);
            string a = Clamped(graph, graph.Conv(x, test.channels, 3, 3), test.clamp);
            long c = test.channels, h = test.extents[0], w = test.extents[1];
            AttributeProto[] window =
            [
                Nodes.Attribute("kernel_shape", test.kernel), Nodes.Attribute("strides", test.stride),
                // No window may lie in the padding alone, as a last one that is rounded up to would.
                Nodes.Attribute("pads", test.pads.Select((pad, i) => op == "MaxPool" && test.option ? 0 : Math.Min(pad, test.kernel[i % 2] - 1))),
            ];
            long[] permutation = [0, 1 + test.axis % 3, 1 + (test.axis + 1) % 3, 1 + (test.axis + 2) % 3];
            string y = op switch
            {
                "Add" => Conv(graph.Node(op, [a, graph.Conv(x, c, 3, 1)]), c),
                "Concat" => Conv(graph.Node(op, [a, graph.Conv(x, c, 3, 1)], Nodes.Attribute("axis", (long)test.axis)), test.axis == 1 ? 2 * c : c),
                "GlobalAveragePool" => Conv(graph.Node(op, [a]), c),
                "AveragePool" => Conv(graph.Node(op, [a], [.. window, Nodes.Attribute("count_include_pad", test.option ? 1 : 0)]), c),
                "MaxPool" => Conv(graph.Node(op, [a], [.. window, Nodes.Attribute("ceil_mode", test.option ? 1 : 0)]), c),
                "Reshape" when test.option => Gemm(graph.Node(op, [a, graph.Constant([test.batch * c, h * w])]), h * w),
                "Reshape" => Conv(graph.Node(op, [a, graph.Constant([0, 0, -1])]), c, dimensions: 1),
                "Transpose" => Conv(graph.Node(op, [a], Nodes.Attribute("perm", permutation)), new[] { test.batch, c, h, w }[permutation[1]]),
                "Flatten" => Gemm(graph.Node(op, [a], Nodes.Attribute("axis", test.axis == 0 ? -3 : test.axis)), new[] { c * h * w, c * h * w, h * w, w }[test.axis]),
                "Squeeze" => Gemm(graph.Node(op, [graph.Node("GlobalAveragePool", [a]), graph.Constant(test.option ? [2, 3] : [-1, -2])]), c),
                "Unsqueeze" => Conv(graph.Node(op, [a, graph.Constant([2 + test.axis % 3])]), c, dimensions: 3),
                _ => Conv(graph.Node(op, [a, "", graph.Constant([4], [1, 1, test.stride[0], test.kernel[0] / 2f])], Nodes.Attribute("mode", "nearest"),
                    Nodes.Attribute("coordinate_transformation_mode", test.option ? "half_pixel" : "asymmetric"), Nodes.Attribute("nearest_mode", test.axis % 2 == 0 ? "floor" : "round_prefer_floor")), c),
            };
            graph.Output(y);
            // A Gemm that nothing integer reads gives floats itself.
            int conversions = graph.Graph.Node[^1].OpType == "Conv" ? 2 : 1;
            // On x64 signed values with several readers are right, but not fused: see QdqEmitterTests.
            bool fuses = !test.signed || op is not ("Add" or "Concat");
            AssertWithinBound(graph.Build(), Reference.Tensor(x, shape, test.seed), test.signed, fuses ? conversions : null);

            string Conv(string value, long inputs, int dimensions = 2) =>
                graph.Node("Conv", [value, graph.Weights([4, inputs, .. Enumerable.Repeat(1L, dimensions)]), graph.Weights(4)]);
            string Gemm(string value, long inner) => graph.Node("Gemm", [value, graph.Weights(inner, 5), graph.Weights(5)]);
        }, iter: Cases / 3, threads: 1);
    }

    private static string Clamped(GraphBuilder graph, string value, string clamp) => clamp switch
    {
        "Relu" => graph.Node(clamp, [value]),
        "Clip" => graph.Node(clamp, [value, graph.Constant([], [0]), graph.Constant([], [0.7f])]),
        _ => value,
    };

    private static void AssertWithinBound(ModelProto model, NamedTensor input, bool signed, int? conversions)
    {
        using ScratchFolder scratch = new();
        ModelProto prepared = PreparationPipeline.Run(model, "test.onnx");
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        CalibratedRanges calibrated = Calibrator.Collect(prepared, plan.Activations, withHistograms: false, 1, _ => [input], scratch.Path).Ranges(CalibrationMethods.MinMax);
        float[] expected = Reference.Run(model, input).Floats();
        float[] bound = Reference.Run(ErrorBound.Of(prepared, plan, calibrated.Ranges, WeightLimit), input).Floats();
        Assert.Equal(expected.Length, bound.Length);
        int compute = prepared.Graph.Node.Count(OperatorTraits.IsCompute);
        Assert.Equal(compute, plan.ComputeNodes.Count);
        // A Clip that ends below the arbitrary range of a value that is always 0 does not disappear.
        bool isDead = calibrated.Ranges.Values.Any(range => range is { Min: 0, Max: 0 });

        AssertVariant(QdqEmitter.Emit(prepared, plan, calibrated.Ranges, WeightLimit, signed).Model);
        if (signed)
            return;
        AssertVariant(ChannelsLastEmitter.Emit(prepared, plan, calibrated.Ranges, WeightLimit, customOperators: true).Model);
        AssertVariant(ChannelsLastEmitter.Emit(prepared, plan, calibrated.Ranges, WeightLimit, customOperators: false).Model);

        void AssertVariant(ModelProto variant)
        {
            if (conversions is { } expectedConversions && !isDead)
                Assert.Equal(new OptimizedGraph(compute, 0, expectedConversions), Quantized.Optimized(variant));
            float[] actual = Reference.Run(variant, input).Floats();
            Assert.Equal(expected.Length, actual.Length);
            // Rounding of the float arithmetic around the integers.
            float slack = 1e-5f * expected.Max(MathF.Abs);
            for (int i = 0; i < expected.Length; i++)
                Assert.True(MathF.Abs(expected[i] - actual[i]) <= bound[i] * 1.001f + slack, $"element {i}: {expected[i]} became {actual[i]}, allowed {bound[i]}");
        }
    }
}
