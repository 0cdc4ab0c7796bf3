using Octet.Quantization.Calibration.DataFree;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Calibration.DataFree;

/// <summary>The moments that are derived for an operator against those of ONNX Runtime's results on normal inputs.</summary>
public sealed class OperatorMomentsTests
{
    // Sampling leaves less than a hundredth of an error; the operators with a note below differ in what they assume.
    private const double Tolerance = 0.04;

    private static readonly Dictionary<string, (int Opset, Func<GraphBuilder, string> Build)> Exact = new()
    {
        ["BatchNormalization"] = (13, graph => graph.Normal("x")),
        ["Relu"] = (13, graph => graph.Node("Relu", [graph.Normal("x")])),
        ["Clip"] = (13, graph => graph.Node("Clip", [graph.Normal("x"), graph.Constant([], [-0.5f]), graph.Constant([], [1.5f])])),
        ["Clip from below"] = (13, graph => graph.Node("Clip", [graph.Normal("x"), graph.Constant([], [0f])])),
        ["LeakyRelu"] = (13, graph => graph.Node("LeakyRelu", [graph.Normal("x")], Nodes.Attribute("alpha", 0.2f))),
        ["PRelu"] = (13, graph => graph.Node("PRelu", [graph.Normal("x"), graph.Constant([4, 1, 1], [0.1f, 0.5f, -0.3f, 2])])),
        ["Sigmoid"] = (13, graph => graph.Node("Sigmoid", [graph.Normal("x")])),
        ["HardSigmoid"] = (13, graph => graph.Node("HardSigmoid", [graph.Normal("x")])),
        ["HardSwish"] = (14, graph => graph.Node("HardSwish", [graph.Normal("x")])),
        ["Mish"] = (18, graph => graph.Node("Mish", [graph.Normal("x")])),
        ["Gelu"] = (20, graph => graph.Node("Gelu", [graph.Normal("x")])),
        ["Gelu by tanh"] = (20, graph => graph.Node("Gelu", [graph.Normal("x")], Nodes.Attribute("approximate", "tanh"))),
        ["Tanh"] = (13, graph => graph.Node("Tanh", [graph.Normal("x")])),
        ["Erf"] = (13, graph => graph.Node("Erf", [graph.Normal("x")])),
        ["Elu"] = (13, graph => graph.Node("Elu", [graph.Normal("x")])),
        ["Selu"] = (13, graph => graph.Node("Selu", [graph.Normal("x")])),
        ["Celu"] = (13, graph => graph.Node("Celu", [graph.Normal("x")], Nodes.Attribute("alpha", 0.5f))),
        ["Softplus"] = (13, graph => graph.Node("Softplus", [graph.Normal("x")])),
        ["Softsign"] = (13, graph => graph.Node("Softsign", [graph.Normal("x")])),
        ["Abs"] = (13, graph => graph.Node("Abs", [graph.Normal("x")])),
        ["Neg"] = (13, graph => graph.Node("Neg", [graph.Normal("x")])),
        ["square"] = (13, graph => graph.Node("Pow", [graph.Normal("x"), graph.Constant([], [2])])),
        ["swish in two nodes"] = (13, graph => Gated(graph, "Sigmoid")),
        ["hard-swish in two nodes"] = (13, graph => Gated(graph, "HardSigmoid")),
        ["x - tanh(x)"] = (13, graph => Of(graph.Normal("x"), x => graph.Node("Sub", [x, graph.Node("Tanh", [x])]))),
        ["x + x"] = (13, graph => Of(graph.Normal("x"), x => graph.Node("Add", [x, x]))),
        ["max(x, tanh(x))"] = (13, graph => Of(graph.Normal("x"), x => graph.Node("Max", [x, graph.Node("Tanh", [x])]))),
        ["GELU in five nodes"] = (13, graph => Of(graph.Normal("x"), x =>
        {
            string erf = graph.Node("Erf", [graph.Node("Div", [x, graph.Constant([], [MathF.Sqrt(2)])])]);
            return graph.Node("Mul", [graph.Node("Mul", [x, graph.Node("Add", [erf, graph.Constant([], [1])])]), graph.Constant([], [0.5f])]);
        })),
        ["Add of two"] = (13, graph => graph.Node("Add", [graph.Normal("x"), graph.Normal("y")])),
        ["Sub of two"] = (13, graph => graph.Node("Sub", [graph.Normal("x"), graph.Node("Relu", [graph.Normal("y")])])),
        ["Mul of two"] = (13, graph => graph.Node("Mul", [graph.Normal("x"), graph.Node("Sigmoid", [graph.Normal("y")])])),
        ["Add of a constant a channel"] = (13, graph => graph.Node("Add", [graph.Normal("x"), graph.Weights(4, 1, 1)])),
        ["constant minus value"] = (13, graph => graph.Node("Sub", [graph.Weights(1, 4, 1, 1), graph.Normal("x")])),
        ["Mul of a constant of all elements"] = (13, graph => graph.Node("Mul", [graph.Normal("x"), graph.Weights(4, 24, 24)])),
        ["Div by a constant"] = (13, graph => graph.Node("Div", [graph.Normal("x"), graph.Constant([], [-3])])),
        ["Conv"] = (13, graph => graph.Conv(graph.Normal("x"), 6, 4, 3, pad: 0)),
        ["Conv in groups"] = (13, graph => graph.Conv(graph.Normal("x"), 6, 4, 3, bias: false, group: 2, pad: 0)),
        ["Conv of each channel"] = (13, graph => graph.Conv(graph.Node("Sigmoid", [graph.Normal("x")]), 4, 4, 3, group: 4, pad: 0)),
        ["ConvTranspose"] = (13, graph => graph.Node("ConvTranspose", [graph.Normal("x"), graph.Weights(4, 3, 2, 2), graph.Weights(3)], Nodes.Attribute("strides", [2L, 2]))),
        ["ConvTranspose in groups"] = (13, graph => graph.Node("ConvTranspose", [graph.Normal("x"), graph.Weights(4, 3, 2, 2)], Nodes.Attribute("strides", [2L, 2]), Nodes.Attribute("group", 2L))),
        ["MatMul of the last dimension"] = (13, graph => graph.Node("MatMul", [graph.Node("Transpose", [graph.Normal("x")], Nodes.Attribute("perm", [0L, 2, 3, 1])), graph.Weights(4, 5)])),
        ["Gemm"] = (13, graph => graph.Node("Gemm", [Rows(graph), graph.Weights(5, 4), graph.Weights(5)], Nodes.Attribute("transB", 1L), Nodes.Attribute("alpha", 0.5f), Nodes.Attribute("beta", 2f))),
        ["MaxPool"] = (13, graph => graph.Node("MaxPool", [graph.Node("Relu", [graph.Normal("x")])], Nodes.Attribute("kernel_shape", [2L, 2]), Nodes.Attribute("strides", [2L, 2]))),
        ["Concat of channels"] = (13, graph => graph.Node("Concat", [graph.Normal("x"), graph.Node("Relu", [graph.Normal("y")])], Nodes.Attribute("axis", 1L))),
        ["Concat of rows"] = (13, graph => graph.Node("Concat", [graph.Normal("x"), graph.Node("Relu", [graph.Normal("y")])], Nodes.Attribute("axis", 2L))),
        ["Concat with a constant"] = (13, graph => graph.Node("Concat", [graph.Normal("x"), graph.Weights(24, 2, 24, 24)], Nodes.Attribute("axis", 1L))),
        ["second of a Split"] = (13, graph => graph.Node("Split", [graph.Normal("x"), graph.Constant([1L, 3])], 2, Nodes.Attribute("axis", 1L))[1]),
        ["Slice of channels"] = (13, graph => graph.Node("Slice", [graph.Normal("x"), graph.Constant([-1L]), graph.Constant([long.MinValue + 1]), graph.Constant([1L]), graph.Constant([-2L])])),
        ["Slice of every other channel"] = (13, graph => graph.Node("Slice", [graph.Normal("x"), graph.Constant([1L]), graph.Constant([99L]), graph.Constant([1L]), graph.Constant([2L])])),
        ["Gather of channels"] = (13, graph => graph.Node("Gather", [graph.Normal("x"), graph.Constant([3L, 0, -2])], Nodes.Attribute("axis", 1L))),
        ["Resize"] = (13, graph => graph.Node("Resize", [graph.Normal("x"), "", graph.Constant([4], [1, 1, 2, 2])], Nodes.Attribute("mode", "nearest"))),
        ["Transpose"] = (13, graph => graph.Node("Transpose", [graph.Normal("x")])),
        ["Reshape to rows"] = (13, graph => graph.Node("Reshape", [graph.Normal("x"), graph.Constant([24L, 4, -1])])),
        ["Unsqueeze"] = (13, graph => graph.Node("Unsqueeze", [graph.Normal("x"), graph.Constant([0L, 3])])),
        ["shuffle of channels"] = (13, graph => graph.Node("Reshape", [graph.Normal("x"), graph.Constant([24L, 2, 2, 576])])),
        ["DepthToSpace"] = (13, graph => graph.Node("DepthToSpace", [graph.Normal("x")], Nodes.Attribute("blocksize", 2L))),
    };

    // What neighbours have in common is assumed, and padding is left out of the moments: of these the mean must be right, and nothing may lie outside.
    private static readonly Dictionary<string, (int Opset, Func<GraphBuilder, string> Build)> Safe = new()
    {
        ["AveragePool"] = (13, graph => graph.Node("AveragePool", [graph.Node("Relu", [graph.Normal("x")])], Nodes.Attribute("kernel_shape", [3L, 3]))),
        ["GlobalAveragePool"] = (13, graph => graph.Node("GlobalAveragePool", [graph.Node("Relu", [graph.Normal("x")])])),
        ["ReduceMean of places"] = (13, graph => graph.Node("ReduceMean", [graph.Normal("x")], Nodes.Attribute("axes", [2L, -1]), Nodes.Attribute("keepdims", 0L))),
        ["ReduceMean of the channels"] = (18, graph => graph.Node("ReduceMean", [graph.Normal("x"), graph.Constant([1L])])),
        ["linear Resize"] = (13, graph => graph.Node("Resize", [graph.Normal("x"), "", graph.Constant([4], [1, 1, 2, 2])], Nodes.Attribute("mode", "linear"))),
    };

    private static readonly Dictionary<string, (int Opset, Func<GraphBuilder, string> Build)> Bounded = new()
    {
        ["Softmax"] = (13, graph => graph.Node("Softmax", [graph.Normal("x")], Nodes.Attribute("axis", 1L))),
        ["padded Conv of a bounded value"] = (13, graph => graph.Conv(graph.Node("Sigmoid", [graph.Normal("x")]), 6, 4, 3)),
        ["padded ConvTranspose of a bounded value"] = (13, graph => graph.Node("ConvTranspose", [graph.Node("Clip", [graph.Normal("x"), graph.Constant([], [1]), graph.Constant([], [2])]), graph.Weights(4, 3, 3, 3)], Nodes.Attribute("strides", [2L, 2]))),
        ["Pad of a value above 0"] = (13, graph => graph.Node("Pad", [graph.Node("Softplus", [graph.Normal("x")]), graph.Constant([0L, 0, 1, 1, 0, 0, 1, 1]), graph.Constant([], [-4])])),
        ["counted padding of AveragePool"] = (13, graph => graph.Node("AveragePool", [graph.Node("Clip", [graph.Normal("x"), graph.Constant([], [1]), graph.Constant([], [2])])], Nodes.Attribute("kernel_shape", [3L, 3]), Nodes.Attribute("pads", [1L, 1, 1, 1]), Nodes.Attribute("count_include_pad", 1L))),
        ["GlobalMaxPool"] = (13, graph => graph.Node("GlobalMaxPool", [graph.Node("Tanh", [graph.Normal("x")])])),
    };

    public static TheoryData<string> ExactCases { get; } = [.. Exact.Keys];

    public static TheoryData<string> SafeCases { get; } = [.. Safe.Keys];

    public static TheoryData<string> BoundedCases { get; } = [.. Bounded.Keys];

    [Theory]
    [MemberData(nameof(ExactCases))]
    public void Mean_and_deviation_are_those_of_the_operator(string operation)
    {
        (ChannelMoments derived, List<float>[] channels) = Compare(Exact[operation]);
        for (int c = 0; c < channels.Length; c++)
        {
            (double mean, double deviation) = MeanAndDeviation(channels[c]);
            double expected = Math.Sqrt(derived.Channels[c].Variance);
            Assert.InRange(derived.Channels[c].Mean, mean - Tolerance * (deviation + 0.01), mean + Tolerance * (deviation + 0.01));
            Assert.InRange(expected, deviation * (1 - Tolerance) - 1e-6, deviation * (1 + Tolerance) + 1e-6);
        }
        AssertInside(derived, channels);
    }

    [Theory]
    [MemberData(nameof(SafeCases))]
    public void The_mean_is_right_and_the_range_wide_enough(string operation)
    {
        (ChannelMoments derived, List<float>[] channels) = Compare(Safe[operation]);
        for (int c = 0; c < channels.Length; c++)
        {
            (double mean, double deviation) = MeanAndDeviation(channels[c]);
            double expected = Math.Sqrt(derived.Channels[c].Variance);
            Assert.InRange(derived.Channels[c].Mean, mean - Tolerance * (expected + 0.01), mean + Tolerance * (expected + 0.01));
            Assert.True(expected >= deviation * (1 - Tolerance), $"{expected} where there are {deviation}");
        }
        AssertInside(derived, channels);
    }

    [Theory]
    [MemberData(nameof(BoundedCases))]
    public void Nothing_lies_beyond_the_bounds(string operation)
    {
        (ChannelMoments derived, List<float>[] channels) = Compare(Bounded[operation]);
        AssertWithin(channels, derived, moments => moments.Bounds);
        Assert.True(double.IsFinite(derived.Channels[0].Bounds.Low));
    }

    [Fact]
    public void Flattened_channels_are_told_apart()
    {
        GraphBuilder graph = new();
        graph.Output(graph.Node("Identity", [graph.Node("Flatten", [graph.Normal("x")])]));
        ChannelMoments derived = Assert.IsType<ChannelMoments>(NormalGraph.Derived(graph.Build()));
        Assert.Equal(4 * 24 * 24, derived.Channels.Length);
        Assert.Equal([0.5, -1, 0, 2], derived.Channels.Chunk(24 * 24).Select(places => Assert.Single(places.Select(place => place.Mean).Distinct())));
    }

    private static (ChannelMoments Derived, List<float>[] Channels) Compare((int Opset, Func<GraphBuilder, string> Build) operation)
    {
        GraphBuilder graph = new(operation.Opset);
        // Shapes are inferred of inner values; what an output says of its own is the exporter's.
        graph.Output(graph.Node("Identity", [operation.Build(graph)]));
        ModelProto model = graph.Build();
        NamedTensor output = Reference.Run(model, [.. model.Graph.Input.Select(input => NormalGraph.Samples(input.Name))])[0];
        ChannelMoments derived = Assert.IsType<ChannelMoments>(NormalGraph.Derived(model));
        if (derived.Channels.Length > 1)
            Assert.Equal(output.Shape[derived.Axis], derived.Channels.Length);
        return (derived, NormalGraph.ByChannel(output, derived.Axis, derived.Channels.Length));
    }

    private static void AssertInside(ChannelMoments derived, List<float>[] channels)
    {
        AssertWithin(channels, derived, moments => moments.Bounds);
        AssertWithin(channels, derived, moments => moments.Range);
    }

    // The extremum of a product of functions may lie between two points of the quadrature.
    private static void AssertWithin(List<float>[] channels, ChannelMoments derived, Func<Moments, Interval> interval)
    {
        for (int c = 0; c < channels.Length; c++)
        {
            (double low, double high) = interval(derived.Channels[c]);
            double slack = 1e-3 * (channels[c].Max() - channels[c].Min()) + 1e-6;
            Assert.InRange(channels[c].Min(), low - slack, high + slack);
            Assert.InRange(channels[c].Max(), low - slack, high + slack);
        }
    }

    private static (double Mean, double Deviation) MeanAndDeviation(List<float> values)
    {
        double mean = values.Average(value => (double)value);
        return (mean, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))));
    }

    private static string Gated(GraphBuilder graph, string gate) => Of(graph.Normal("x"), x => graph.Node("Mul", [x, graph.Node(gate, [x])]));

    private static string Of(string value, Func<string, string> function) => function(value);

    private static string Rows(GraphBuilder graph) =>
        graph.Node("Reshape", [graph.Node("Transpose", [graph.Normal("x")], Nodes.Attribute("perm", [0L, 2, 3, 1])), graph.Constant([-1L, 4])]);
}
