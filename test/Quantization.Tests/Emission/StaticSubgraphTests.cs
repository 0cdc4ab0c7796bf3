using System.Collections.Immutable;
using Octet.Quantization.Calibration;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Reporting;
using Octet.Quantization.Tests.Calibration;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

/// <summary>Static quantization inside If, Loop and Scan.</summary>
public sealed class StaticSubgraphTests
{
    private const double LowestSqnrDb = 25;

    private static readonly NamedTensor[][] BothBranches = [SubgraphModels.Inputs(true), SubgraphModels.Inputs(false, seed: 8)];

    public static TheoryData<bool, bool> Conditions() => new() { { true, false }, { false, false }, { true, true }, { false, true } };

    [Theory]
    [MemberData(nameof(Conditions))]
    public void Convolutions_in_branches_become_integer(bool condition, bool signed)
    {
        ModelProto model = SubgraphModels.If();

        VariantBuild variant = Quantized.Static(model, BothBranches, Target(signed));

        AssertInteger(6, variant, signed);
        Assert.InRange(Quantized.SqnrDb(model, variant.Model, SubgraphModels.Inputs(condition)), LowestSqnrDb, Agreement.LimitDb);
        // One copy of the weights that both branches read, beside the ones it stands for.
        Assert.Equal("shared_quantized", Assert.Single(variant.Model.Graph.Initializer, tensor => tensor.DataType == (int)TensorProto.Types.DataType.Int8 && tensor.Dims.Count == 4).Name);
        AssertNothingUnread(variant.Model);
    }

    [Theory]
    [MemberData(nameof(Conditions))]
    public void Values_of_the_graph_around_are_read_as_integers_by_integer_nodes_and_as_floats_by_others(bool condition, bool signed)
    {
        ModelProto model = SubgraphModels.Captured();

        VariantBuild variant = Quantized.Static(model, BothBranches, Target(signed));

        AssertInteger(6, variant, signed);
        Assert.Single(variant.Static!.Plan.SharedParameters);
        Assert.InRange(Quantized.SqnrDb(model, variant.Model, SubgraphModels.Inputs(condition)), LowestSqnrDb, Agreement.LimitDb);
        AssertNothingUnread(variant.Model);
    }

    public static TheoryData<string, int> Loops() => new() { { nameof(SubgraphModels.Loop), 1 }, { nameof(SubgraphModels.Scan), 2 }, { nameof(SubgraphModels.Nested), 2 } };

    [Theory]
    [MemberData(nameof(Loops))]
    public void Products_in_loops_become_integer(string name, int products)
    {
        (ModelProto model, NamedTensor x) = Loop(name);

        VariantBuild variant = Quantized.Static(model, [[x]], QuantizationTarget.X64Vnni);

        Assert.Equal((products, 0), Compute(Quantized.Optimized(variant.Model)));
        Assert.InRange(Quantized.SqnrDb(model, variant.Model, x), LowestSqnrDb, Agreement.LimitDb);
        AssertNothingUnread(variant.Model);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_product_with_weights_and_bias_of_the_graph_around_gives_float_without_a_detour(bool condition)
    {
        GraphBuilder outer = new(prefix: "outer");
        string x = outer.Input("x", 3, 32);
        (string weights, string bias) = (outer.Weights(32, 16), outer.Weights(16));
        GraphBuilder Branch(string op)
        {
            GraphBuilder branch = new();
            branch.Output(branch.Node(op, [branch.Node("Add", [bias, branch.Node("MatMul", [x, weights])])]));
            return branch;
        }
        outer.Output(outer.Node("If", [outer.Input("condition", TensorProto.Types.DataType.Bool)], Branch("Softmax").As("then_branch"), Branch("Tanh").As("else_branch")));
        ModelProto model = outer.Build();
        NamedTensor[] Inputs(bool taken) => [Reference.Tensor(x, [3, 32]), new NamedTensor("condition", [], new[] { taken })];

        VariantBuild variant = Quantized.Static(model, [Inputs(true)], QuantizationTarget.X64Vnni);

        // The input's range is known whatever branch was taken, and nothing else has to be.
        Assert.Equal(new OptimizedGraph(2, 0, 1), Quantized.Optimized(variant.Model));
        Assert.InRange(Quantized.SqnrDb(model, variant.Model, Inputs(condition)), LowestSqnrDb, Agreement.LimitDb);
        AssertNothingUnread(variant.Model);
    }

    [Fact]
    public void What_lies_inside_an_operator_whose_values_cannot_be_observed_stays_float()
    {
        GraphBuilder body = new(prefix: "body");
        body.Input("row", 2, 8);
        body.Output(body.Node("Relu", [body.Node("Gemm", ["row", body.Weights(8, 8)])]));
        GraphBuilder outer = new(opset: 17);
        string rows = outer.Node("SplitToSequence", [outer.Input("x", 2, 8)], Nodes.Attribute("axis", 0L), Nodes.Attribute("keepdims", 1L));
        string mapped = outer.Node("SequenceMap", [rows], body.As("body"));
        outer.Output(outer.Node("Gemm", [outer.Node("ConcatFromSequence", [mapped], Nodes.Attribute("axis", 0L)), outer.Weights(8, 8)]));

        QuantizationPlan plan = StaticQuantization.Plan(PreparationPipeline.Run(outer.Build(), "test.onnx"), []);

        Assert.Single(plan.ComputeNodes);
        Assert.Equal("it lies inside SequenceMap, whose values cannot be observed", Assert.Single(plan.FloatReasons).Value);
    }

    [Fact]
    public void What_lies_in_an_If_inside_a_Scan_stays_float()
    {
        ModelProto model = SubgraphModels.IfInScan();
        NamedTensor x = Reference.Tensor("x", [5, 2, 8]);

        VariantBuild variant = Quantized.Static(model, [[x]], QuantizationTarget.X64Vnni);

        Assert.Equal((1, 1), Compute(Quantized.Optimized(variant.Model)));
        Assert.Equal("it lies in an If or Loop inside a Scan, whose values cannot be observed", Assert.Single(variant.Static!.Plan.FloatReasons).Value);
        Assert.InRange(Quantized.SqnrDb(model, variant.Model, x), LowestSqnrDb, Agreement.LimitDb);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_branch_that_was_never_taken_stays_float(bool taken)
    {
        ModelProto model = SubgraphModels.If();

        VariantBuild variant = Quantized.Static(model, [SubgraphModels.Inputs(taken)], QuantizationTarget.X64Vnni);

        Assert.Equal((3, 3), Compute(Quantized.Optimized(variant.Model)));
        Assert.Equal(3, variant.Static!.Plan.FloatReasons.Count);
        Assert.All(variant.Static!.Plan.FloatReasons.Values, reason => Assert.Equal("its branch was never taken on the calibration data", reason));
        Assert.InRange(Quantized.SqnrDb(model, variant.Model, SubgraphModels.Inputs(!taken)), 90, Agreement.LimitDb);
        Assert.InRange(Quantized.SqnrDb(model, variant.Model, SubgraphModels.Inputs(taken)), LowestSqnrDb, Agreement.LimitDb);
    }

    [Fact]
    public void A_branch_whose_neighbours_were_reached_keeps_what_feeds_it_in_float_too()
    {
        // The else branch's Tanh is read by its convolution alone, the then branch's pooling by one that was never run.
        ModelProto model = SubgraphModels.Captured();

        VariantBuild variant = Quantized.Static(model, [SubgraphModels.Inputs(false)], QuantizationTarget.X64Vnni);

        Assert.Equal((3, 3), Compute(Quantized.Optimized(variant.Model)));
        Assert.Empty(variant.Static!.Plan.SharedParameters);
        Assert.InRange(Quantized.SqnrDb(model, variant.Model, SubgraphModels.Inputs(true)), LowestSqnrDb, Agreement.LimitDb);
    }

    [Fact]
    public void A_model_none_of_whose_branches_was_taken_gives_no_variant()
    {
        ModelProto model = SubgraphModels.If();
        model.Graph.Node[0].Attribute[1].G = new GraphProto
        {
            Name = "else_branch",
            Node = { Nodes.Create("ReduceSum", "sum", ["x"], ["result"]) },
            Output = { new ValueInfoProto { Name = "result" } },
        };
        Assert.Contains(
            "of its 3 compute nodes none can be quantized this way",
            Assert.Throws<InvalidDataException>(() => Quantized.Static(model, [SubgraphModels.Inputs(false)], QuantizationTarget.X64Vnni)).Message);
    }

    [Fact]
    public void Exclusions_reach_into_branches()
    {
        string[] convolutions = [.. Quantized.Static(SubgraphModels.If(), BothBranches, QuantizationTarget.X64Vnni).Static!.Plan.ComputeNodes.Order(StringComparer.Ordinal)];

        VariantBuild variant = Quantized.Static(SubgraphModels.If(), BothBranches, QuantizationTarget.X64Vnni, convolutions[1], convolutions[^1]);

        Assert.Equal((4, 2), Compute(Quantized.Optimized(variant.Model)));
        Assert.Equal([convolutions[1], convolutions[^1]], variant.Static!.Plan.FloatReasons.Keys);
    }

    [Theory]
    [InlineData(nameof(SubgraphModels.Loop))]
    [InlineData(nameof(SubgraphModels.Scan))]
    [InlineData(nameof(SubgraphModels.Nested))]
    public void What_is_observed_in_a_loop_is_what_it_computed(string name)
    {
        (ModelProto model, NamedTensor x) = Loop(name);
        ModelProto prepared = PreparationPipeline.Run(model, "test.onnx");
        using ScratchFolder scratch = new();

        string[] values = [.. StaticQuantization.Plan(prepared, []).Activations];
        (ModelProto exposed, ImmutableArray<string> outputs) = ObservedValues.Expose(prepared, values);
        ImmutableArray<NamedTensor> got = Reference.Run(exposed, x);

        Assert.Equal(outputs, got.Select(output => output.Name));
        CalibrationStatistics statistics = Calibrator.Collect(prepared, values, withHistograms: true, 1, _ => [x], scratch.Path);
        Assert.All(values.Zip(got), pair => Assert.Equal(pair.Second.Count, statistics.Tensors[pair.First].Histogram!.Total));
        Assert.Equal(ExpectedCounts(name), got.Select(output => output.Count));
    }

    [Fact]
    public void Statistics_of_branches_are_the_same_on_any_number_of_threads_and_in_shards()
    {
        ModelProto model = PreparationPipeline.Run(SubgraphModels.Captured(), "test.onnx");
        string[] tensors = [.. StaticQuantization.Plan(model, []).Activations];
        using ScratchFolder scratch = new();
        CalibrationStatistics Run(int[] samples, int threads) =>
            Calibrator.Collect(model, tensors, withHistograms: true, samples.Length, index => SubgraphModels.Inputs(samples[index] % 3 == 0, samples[index]), scratch.Path, threads);
        static string Text(CalibrationStatistics statistics) => StatisticsFileTests.Text(new StatisticsFile(new string('a', 64), statistics));

        int[] all = [.. Enumerable.Range(0, 12)];
        CalibrationStatistics whole = Run(all, threads: 1);
        Assert.Equal(Text(whole), Text(Run([.. all.Reverse()], threads: 5)));
        // The first shard takes one branch only.
        CalibrationStatistics[] shards = [.. Enumerable.Range(1, 3).Select(number => Run(new Shard(number, 3).Positions(12), threads: 2))];
        Assert.Equal(Text(whole), Text(shards[1].Merge(shards[0]).Merge(shards[2])));
        Assert.Equal([4, 8, 12], whole.Tensors.Values.Select(tensor => tensor.Samples).Distinct().Order());
        Assert.Contains(shards[0].Tensors.Values, tensor => tensor.Range.IsEmpty);
    }

    [Fact]
    public void The_same_model_gives_the_same_bytes() => Assert.Equal(
        Quantized.Static(SubgraphModels.Captured(), BothBranches, QuantizationTarget.X64Vnni).Model,
        Quantized.Static(SubgraphModels.Captured(), BothBranches, QuantizationTarget.X64Vnni).Model);

    [Fact]
    public void Layers_in_branches_are_compared_where_they_ran()
    {
        ModelProto prepared = PreparationPipeline.Run(SubgraphModels.If(), "test.onnx");
        VariantBuild variant = Quantized.Static(SubgraphModels.If(), BothBranches, QuantizationTarget.X64Vnni);
        using ScratchFolder scratch = new();

        LayerReport[] one = [.. LayerErrors.Measure(prepared, variant.Emitted!, variant.Static!.Plan, [[.. SubgraphModels.Inputs(true)]], scratch.Path)];
        LayerReport[] both = [.. LayerErrors.Measure(prepared, variant.Emitted!, variant.Static!.Plan, [.. BothBranches.Select(inputs => ImmutableArray.Create(inputs))], scratch.Path)];

        Assert.Equal((6, 3), (one.Length, one.Count(layer => layer.SqnrDb is null)));
        Assert.All(both, layer => Assert.InRange(layer.SqnrDb!.Value, LowestSqnrDb, 100));
        Assert.All(both, layer => Assert.True(layer.Quantized));
    }

    [Fact]
    public void A_value_that_only_branches_read_is_converted_in_them_and_has_no_ratio()
    {
        GraphBuilder outer = new(prefix: "outer");
        string features = outer.Node("Relu", [outer.Conv(outer.Input("x", 1, 3, 8, 8), 4, 3, 3)]);
        GraphBuilder Branch(int seed)
        {
            GraphBuilder branch = new(seed: seed);
            branch.Output(branch.Conv(features, 4, 4, 1));
            return branch;
        }
        outer.Output(outer.Node("If", [outer.Input("condition", TensorProto.Types.DataType.Bool)], Branch(2).As("then_branch"), Branch(3).As("else_branch")));
        ModelProto model = outer.Build();

        VariantBuild variant = Quantized.Static(model, BothBranches, QuantizationTarget.X64Vnni);

        Assert.Equal(new OptimizedGraph(3, 0, 3), Quantized.Optimized(variant.Model));
        using ScratchFolder scratch = new();
        LayerReport[] layers = [.. LayerErrors.Measure(
            PreparationPipeline.Run(model, "test.onnx"), variant.Emitted!, variant.Static!.Plan, [.. BothBranches.Select(inputs => ImmutableArray.Create(inputs))], scratch.Path)];
        Assert.Equal([false, false, true], layers.Select(layer => layer.SqnrDb is null));
    }

    private static int[] ExpectedCounts(string name) => name switch
    {
        // The state of 2, 4 and 6 rows; the product has as many.
        nameof(SubgraphModels.Loop) => [(2 + 4 + 6) * 8],
        nameof(SubgraphModels.Scan) => [5 * 2 * 8, 5 * 2 * 8],
        // Two iterations that scan both rows; two with 2 and 3 iterations of their own.
        _ => [2 * 2 * 8, (2 + 3) * 2 * 8],
    };

    private static (ModelProto Model, NamedTensor Input) Loop(string name) => name switch
    {
        nameof(SubgraphModels.Loop) => (SubgraphModels.Loop(), Reference.Tensor("x", SubgraphModels.Shape)),
        nameof(SubgraphModels.Scan) => (SubgraphModels.Scan(), Reference.Tensor("x", [5, .. SubgraphModels.Shape])),
        _ => (SubgraphModels.Nested(), Reference.Tensor("x", SubgraphModels.Shape)),
    };

    private static QuantizationTarget Target(bool signed) => signed ? QuantizationTarget.Arm64 : QuantizationTarget.X64Vnni;

    private static void AssertInteger(int compute, VariantBuild variant, bool signed)
    {
        Assert.Equal(compute, variant.Static!.Plan.ComputeNodes.Count);
        // On x64 ONNX Runtime fuses signed values only where it can make them unsigned first, which it cannot where subgraphs read them.
        if (!signed)
            Assert.Equal((compute, 0), Compute(Quantized.Optimized(variant.Model)));
    }

    private static (int Integer, int Float) Compute(OptimizedGraph graph) => (graph.IntegerNodes, graph.FloatComputeNodes);

    private static void AssertNothingUnread(ModelProto model)
    {
        HashSet<string> read = [.. model.Graph.WithSubgraphs().SelectMany(graph => graph.Node.SelectMany(node => node.Input).Concat(graph.Output.Select(output => output.Name)))];
        Assert.All(model.Graph.WithSubgraphs().SelectMany(graph => graph.Initializer), tensor => Assert.Contains(tensor.Name, read));
        Assert.All(model.Graph.WithSubgraphs().SelectMany(graph => graph.Node), node => Assert.Contains(node.Output, read.Contains));
    }
}
