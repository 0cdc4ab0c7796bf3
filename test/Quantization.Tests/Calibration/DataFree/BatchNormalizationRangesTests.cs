using System.Collections.Immutable;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.DataFree;
using Octet.Quantization.Emission;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Tests.Pipeline;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Calibration.DataFree;

public sealed class BatchNormalizationRangesTests
{
    private static readonly long[] Shape = [16, 3, 16, 16];

    public static TheoryData<string> Networks { get; } = ["residual", "mobile"];

    [Theory]
    [MemberData(nameof(Networks))]
    public void A_variant_without_data_is_nearly_as_accurate_as_one_with_data(string network)
    {
        NamedTensor input = Reference.Tensor("x", Shape, scale: 2);
        ModelProto model = Trained(Network(network), input);
        ModelProto unfolded = PreparationPipeline.RunUntilFolding(model, "test.onnx");
        ModelProto prepared = PreparationPipeline.RunFromFolding(unfolded, "test.onnx");
        DataFreeRanges derived = BatchNormalizationRanges.Derive(unfolded);
        QuantizationPlan plan = StaticQuantization.Derived(prepared, StaticQuantization.Plan(prepared, []), derived);
        Assert.Equal(StaticQuantization.Plan(prepared, []).ComputeNodes.Order(), plan.ComputeNodes.Order());

        CalibratedRanges ranges = derived.For(plan.Activations);
        EmittedModel dataFree = QdqEmitter.Emit(prepared, plan, ranges.Ranges, weightLimit: 127, signedActivations: false);

        Assert.Equal((CalibrationMethods.BatchNormalization, 0L), (ranges.Method, ranges.Samples));
        double withoutData = Quantized.SqnrDb(model, dataFree.Model, input), withData = Quantized.SqnrDb(model, Quantized.Make(model, input).Model, input);
        Assert.True(withoutData > 20 && withoutData > withData - 8, $"{withoutData:F1} dB without data, {withData:F1} dB with data");
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Derived_ranges_hold_what_is_seen_and_not_much_more(string network)
    {
        NamedTensor input = Reference.Tensor("x", Shape, scale: 2);
        ModelProto unfolded = PreparationPipeline.RunUntilFolding(Trained(Network(network), input), "test.onnx");
        ModelProto prepared = PreparationPipeline.RunFromFolding(unfolded, "test.onnx");
        ImmutableArray<string> activations = StaticQuantization.Plan(prepared, []).Activations;
        CalibratedRanges derived = BatchNormalizationRanges.Derive(unfolded).For(activations);
        using ScratchFolder scratch = new();
        CalibratedRanges seen = Calibrator.Collect(prepared, activations, withHistograms: false, 1, _ => [input], scratch.Path).Ranges(CalibrationMethods.MinMax);
        foreach (string activation in activations)
        {
            ActivationRange inside = seen.Ranges[activation], outside = derived.Ranges[activation];
            Assert.True(outside.Min <= inside.Min && outside.Max >= inside.Max, $"{activation}: {inside} are seen, {outside} is derived");
            Assert.True(outside.Magnitude <= 8 * inside.Magnitude, $"{activation}: only {inside} are seen, {outside} is derived");
        }
    }

    [Fact]
    public void A_model_without_batch_normalization_has_no_ranges()
    {
        ModelProto unfolded = PreparationPipeline.RunUntilFolding(SmallModels.Convolutions(), "test.onnx");
        DataFreeRanges derived = BatchNormalizationRanges.Derive(unfolded);
        Assert.Empty(derived.Ranges);
        Assert.Contains("no BatchNormalization", derived.ReasonNone("x"), StringComparison.Ordinal);
        ModelProto prepared = PreparationPipeline.RunFromFolding(unfolded, "test.onnx");
        Assert.Empty(StaticQuantization.Derived(prepared, StaticQuantization.Plan(prepared, []), derived).ComputeNodes);
    }

    [Fact]
    public void Batch_normalization_in_training_has_no_statistics()
    {
        GraphBuilder graph = new(15);
        graph.Output(graph.BatchNormalization(graph.Input("x", 1, 4, 8, 8), 4));
        ModelProto model = graph.Build();
        model.Graph.Node[0].Attribute.Add(Nodes.Attribute("training_mode", 1L));
        Assert.Empty(BatchNormalizationRanges.Derive(model).Ranges);
    }

    [Fact]
    public void What_an_unknown_operator_gives_has_no_range_until_the_next_batch_normalization()
    {
        GraphBuilder graph = new();
        string before = graph.Node("Relu", [graph.BatchNormalization(graph.Conv(graph.Input("x", 1, 3, 8, 8), 4, 3, 3), 4)]);
        string unknown = graph.Node("Sin", [before]);
        string behind = graph.Conv(unknown, 4, 4, 3);
        string known = graph.BatchNormalization(behind, 4);
        graph.Output(graph.Conv(known, 4, 4, 3, pad: 1), 1, 4, 8, 8);
        DataFreeRanges derived = BatchNormalizationRanges.Derive(InferShapes.Apply(graph.Build()));
        Assert.Null(derived.ReasonNone(before));
        Assert.Contains("Sin", derived.ReasonNone(unknown), StringComparison.Ordinal);
        // A BatchNormalization knows its input too.
        Assert.Null(derived.ReasonNone(behind));
        Assert.Null(derived.ReasonNone(known));
        Assert.Contains("no value", derived.ReasonNone("nothing of that name"), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => derived.For([unknown]));
    }

    [Fact]
    public void Nodes_whose_activations_have_no_range_stay_float_with_the_reason()
    {
        GraphBuilder graph = new();
        string first = graph.Node("Relu", [graph.BatchNormalization(graph.Conv(graph.Input("x", 1, 3, 8, 8), 4, 3, 3), 4)]);
        string pooled = graph.Node("MaxPool", [graph.Node("Relu", [graph.Conv(first, 4, 4, 3)])], Nodes.Attribute("kernel_shape", [2L, 2]));
        string unknown = graph.Node("Sin", [pooled]);
        graph.Output(graph.Node("Softmax", [graph.Conv(graph.Node("Tanh", [graph.Conv(unknown, 4, 4, 3)]), 4, 4, 3)]), 1, 4, 7, 7);
        ModelProto model = graph.Build();
        ModelProto unfolded = PreparationPipeline.RunUntilFolding(model, "test.onnx");
        ModelProto prepared = PreparationPipeline.RunFromFolding(unfolded, "test.onnx");

        DataFreeRanges derived = BatchNormalizationRanges.Derive(unfolded);
        QuantizationPlan plan = StaticQuantization.Derived(prepared, StaticQuantization.Plan(prepared, []), derived);

        Assert.Equal(2, plan.ComputeNodes.Count);
        Assert.Equal(2, plan.FloatReasons.Count);
        Assert.All(plan.FloatReasons.Values, reason => Assert.Contains("Sin", reason, StringComparison.Ordinal));
        NamedTensor input = Reference.Tensor("x", [1, 3, 8, 8]);
        EmittedModel emitted = QdqEmitter.Emit(prepared, plan, derived.For(plan.Activations).Ranges, weightLimit: 127, signedActivations: false);
        Assert.InRange(Quantized.SqnrDb(model, emitted.Model, input), 20, Agreement.LimitDb);
    }

    [Fact]
    public void Ranges_end_a_few_layers_behind_the_last_batch_normalization()
    {
        GraphBuilder graph = new();
        string[] values = new string[5];
        values[0] = graph.BatchNormalization(graph.Input("x", 1, 4, 8, 8), 4);
        for (int i = 1; i < values.Length; i++)
            values[i] = graph.Node("Relu", [graph.Conv(values[i - 1], 4, 4, 3)]);
        graph.Output(values[^1], 1, 4, 8, 8);
        DataFreeRanges derived = BatchNormalizationRanges.Derive(InferShapes.Apply(graph.Build()));
        Assert.Equal([true, true, true, false, false], values.Select(derived.Ranges.ContainsKey));
        Assert.Contains("2 layers", derived.ReasonNone(values[4]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_said_of_an_input_counts()
    {
        GraphBuilder graph = new();
        graph.Output(graph.BatchNormalization(graph.Conv(graph.Input("x", 1, 3, 8, 8), 4, 3, 3), 4), 1, 4, 8, 8);
        ModelProto model = graph.Build();
        Assert.Equal(new ActivationRange(-3, 3), BatchNormalizationRanges.Derive(model).Ranges["x"]);
        DataFreeOptions pixels = new() { Inputs = ImmutableDictionary<string, AssumedInput>.Empty.Add("x", new AssumedInput(120, 60, 0, 255)) };
        Assert.Equal(new ActivationRange(0, 255), BatchNormalizationRanges.Derive(model, pixels).Ranges["x"]);
        Assert.Contains("nothing is known", BatchNormalizationRanges.Derive(model, new DataFreeOptions { OtherInputs = null }).ReasonNone("x"), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => BatchNormalizationRanges.Derive(model, new DataFreeOptions { Deviations = 0 }));
    }

    [Fact]
    public void An_input_that_is_seen_not_to_be_normalized_has_no_range()
    {
        NamedTensor pixels = Reference.Tensor("x", Shape, scale: 255);
        ModelProto unfolded = PreparationPipeline.RunUntilFolding(Trained(Network("residual"), pixels), "test.onnx");
        ModelProto prepared = PreparationPipeline.RunFromFolding(unfolded, "test.onnx");
        DataFreeRanges derived = BatchNormalizationRanges.Derive(unfolded);
        Assert.Contains("not normalized", derived.ReasonNone("x"), StringComparison.Ordinal);
        // Only the convolution that reads it stays float: the others have their statistics.
        Assert.Single(StaticQuantization.Derived(prepared, StaticQuantization.Plan(prepared, []), derived).FloatReasons);
    }

    [Fact]
    public void More_deviations_are_wider()
    {
        ModelProto unfolded = PreparationPipeline.RunUntilFolding(SmallModels.Classifier(), "test.onnx");
        string relu = unfolded.Graph.Node.Single(node => node.OpType == "Relu").Output[0];
        float[] widths = [.. new[] { 2.0, 6, 10 }.Select(deviations => BatchNormalizationRanges.Derive(unfolded, new DataFreeOptions { Deviations = deviations }).Ranges[relu].Max)];
        Assert.True(widths[0] < widths[1] && widths[1] < widths[2], string.Join(" ", widths));
    }

    private static ModelProto Network(string name)
    {
        GraphBuilder graph = new(14);
        string features = name == "residual" ? Residual(graph, graph.Input("x", Shape)) : Mobile(graph, graph.Input("x", Shape));
        string pooled = graph.Node("Flatten", [graph.Node("GlobalAveragePool", [features])]);
        graph.Output(graph.Node("Gemm", [pooled, graph.ScaledWeights(10, 16), graph.Weights(10)], Nodes.Attribute("transB", 1L)), 16, 10);
        return graph.Build();
    }

    // He et al. 2016, arXiv:1512.03385: convolutions around which a shortcut leads.
    private static string Residual(GraphBuilder graph, string value)
    {
        value = graph.Node("Relu", [graph.BatchNormalization(graph.Conv(value, 16, 3, 3, bias: false), 16)]);
        value = graph.Node("MaxPool", [value], Nodes.Attribute("kernel_shape", [2L, 2]), Nodes.Attribute("strides", [2L, 2]));
        for (int block = 0; block < 3; block++)
        {
            string inner = graph.Node("Relu", [graph.BatchNormalization(graph.Conv(value, 16, 16, 3, bias: false), 16)]);
            inner = graph.BatchNormalization(graph.Conv(inner, 16, 16, 3, bias: false), 16);
            value = graph.Node("Relu", [graph.Node("Add", [inner, value])]);
        }
        return value;
    }

    // Howard et al. 2019, arXiv:1905.02244: expansion, depthwise convolution with a squeeze-and-excite gate, projection.
    private static string Mobile(GraphBuilder graph, string value)
    {
        value = graph.Node("HardSwish", [graph.BatchNormalization(graph.Conv(value, 16, 3, 3, bias: false, stride: 2), 16)]);
        for (int block = 0; block < 2; block++)
        {
            string inner = graph.Node("HardSwish", [graph.BatchNormalization(graph.Conv(value, 32, 16, 1, bias: false), 32)]);
            inner = graph.Node("Relu", [graph.BatchNormalization(graph.Conv(inner, 32, 32, 3, bias: false, group: 32), 32)]);
            string gate = graph.Node("Relu", [graph.Conv(graph.Node("GlobalAveragePool", [inner]), 8, 32, 1)]);
            inner = graph.Node("Mul", [inner, graph.Node("HardSigmoid", [graph.Conv(gate, 32, 8, 1)])]);
            value = graph.Node("Add", [value, graph.BatchNormalization(graph.Conv(inner, 16, 32, 1, bias: false), 16)]);
        }
        return value;
    }

    /// <summary>The model with the statistics that training would have left: those of each BatchNormalization's input, front to back.</summary>
    private static ModelProto Trained(ModelProto model, NamedTensor input)
    {
        ModelProto trained = model.Clone();
        foreach (NodeProto node in trained.Graph.Node.Where(node => node.Is("BatchNormalization")))
        {
            ModelProto observed = trained.Clone();
            observed.Graph.Output.Clear();
            observed.Graph.Output.Add(new ValueInfoProto { Name = node.Input[0] });
            NamedTensor seen = Reference.Run(observed, input)[0];
            List<float>[] channels = NormalGraph.ByChannel(seen, 1, (int)seen.Shape[1]);
            double[] means = [.. channels.Select(values => values.Average(value => (double)value))];
            Set(node.Input[3], [.. means.Select(mean => (float)mean)]);
            Set(node.Input[4], [.. channels.Select((values, c) => (float)values.Average(value => (value - means[c]) * (value - means[c])))]);
        }
        return trained;

        void Set(string name, float[] values)
        {
            int position = trained.Graph.Initializer.Select(tensor => tensor.Name).ToList().IndexOf(name);
            trained.Graph.Initializer[position] = Tensors.Create(name, [values.Length], values);
        }
    }
}
