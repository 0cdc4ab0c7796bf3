using Octet.Quantization.Calibration;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Search;
using Octet.Quantization.Tests.Pipeline;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Search;

/// <summary>The search on machines made up for it, where the best choice is known; and once on the real one.</summary>
public sealed class RegionSearchTests
{
    private const int Layers = 8;

    [Fact]
    public void The_fastest_choice_is_found_where_the_profile_tells_the_truth()
    {
        StaticRecipe full = Chain();
        // Some are far better as integer, some far worse, and some gain less than their conversions cost.
        int[] integer = [2, 40, 2, 9, 30, 3, 2, 50];
        SyntheticBench bench = new(full) { Time = (region, set) => set.Contains(region) ? integer[Position(region)] : 10, Conversion = _ => 3 };

        RegionSearchResult result = Search(full, bench);

        Assert.Equal(bench.LeastTime(), bench.TimeOf(bench.Emit(result.Recipe!)), 9);
        Assert.True(result.SpeedUp > 1);
        Assert.Equal(["conv1", "conv4", "conv7"], result.Recipe!.LeftFloat.Keys);
        Assert.Equal("float takes 10 µs here, integer 40 µs and saves 6 µs of conversions", result.Recipe.LeftFloat["conv1"]);
        Assert.Equal(result.Regions.Where(region => !region.Integer).Select(region => region.Name), result.Recipe.LeftFloat.Keys);
    }

    [Fact]
    public void What_the_profile_got_wrong_is_corrected_by_measurement()
    {
        StaticRecipe full = Chain();
        // As integer every layer is fast beside integer neighbours, which the first profile shows, and slow where the layer before it is float.
        double Time(string region, IReadOnlySet<string> integer) => (integer.Contains(region), Position(region)) switch
        {
            (false, _) => 10,
            (true, 3) => 60,
            (true, int layer) => layer == 0 || integer.Contains($"conv{layer - 1}") ? 6 : 16,
        };
        SyntheticBench bench = new(full) { Time = Time };

        RegionSearchResult result = Search(full, bench);

        TriedPartition first = result.Tried[1];
        Assert.Equal("least predicted time", first.Step);
        Assert.True(first.Measured < first.Predicted);
        Assert.Equal(bench.LeastTime(), bench.TimeOf(bench.Emit(result.Recipe!)), 9);
    }

    [Fact]
    public void A_profiler_that_costs_time_itself_does_not_mislead()
    {
        StaticRecipe full = Chain();
        // Under the profiler integer looks half as fast as it is.
        double Time(string region, IReadOnlySet<string> integer) => integer.Contains(region) ? 7 : 10;
        SyntheticBench bench = new(full) { Time = Time, Profiled = (region, integer) => integer.Contains(region) ? 14 : 10, Conversion = _ => 0.5, Rest = 0 };
        RegionSearchResult result = Search(full, bench);
        Assert.Empty(result.Recipe!.LeftFloat);
        Assert.All(result.Regions, region => Assert.True(region.Integer));
    }

    [Fact]
    public void A_model_that_is_slower_as_integer_everywhere_stays_float()
    {
        StaticRecipe full = Chain();
        SyntheticBench bench = new(full) { Time = (region, integer) => integer.Contains(region) ? 12 : 10 };
        RegionSearchResult result = Search(full, bench);
        Assert.Null(result.Recipe);
        Assert.Null(result.SpeedUp);
        Assert.All(result.Regions, region => Assert.False(region.Integer));
        Assert.NotEmpty(result.Tried);
    }

    [Fact]
    public void Without_time_the_recipe_is_what_it_was()
    {
        StaticRecipe full = Chain();
        SyntheticBench bench = new(full) { Time = (_, _) => throw new InvalidOperationException("Nothing is measured.") };
        RegionSearchResult result = new RegionSearch(new RegionSearchSettings(bench.Emit, bench, () => false, _ => { })).Find(full);
        Assert.Same(full, result.Recipe);
        Assert.Empty(result.Tried);
        Assert.Null(result.State);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_best_so_far_is_kept_when_time_ends(int trials)
    {
        StaticRecipe full = Chain();
        SyntheticBench bench = Misleading(full);
        int left = trials;
        RegionSearchResult result = Search(full, bench, hasTime: () => left-- > 0);
        Assert.Equal(trials, result.Tried.Length);
        Assert.Equal(result.Tried.Where(tried => tried.Measured > 1).Select(tried => (double?)tried.Measured).Max(), result.SpeedUp);
    }

    [Fact]
    public void A_resumed_search_goes_on_where_the_first_stopped()
    {
        StaticRecipe full = Chain();
        SyntheticBench whole = Misleading(full);
        RegionSearchResult atOnce = Search(full, whole);
        Assert.True(whole.Compared.Count > 4);

        SyntheticBench bench = Misleading(full);
        RegionSearchState? state = null;
        RegionSearchResult? result = null;
        for (int session = 0; session < whole.Compared.Count; session++)
        {
            int left = 1;
            result = Search(full, bench, state, () => left-- > 0);
            state = RoundTrip(result.State!);
        }

        Assert.Equal(whole.Compared, bench.Compared);
        Assert.Equal(whole.Compared.Count, bench.Compared.Distinct().Count());
        Assert.Equal(atOnce.SpeedUp, result!.SpeedUp);
        Assert.Equal(atOnce.Recipe!.LeftFloat, result.Recipe!.LeftFloat);
        Assert.Equal(atOnce.Regions.Select(region => region.Reason), result.Regions.Select(region => region.Reason));
    }

    [Fact]
    public void The_state_of_another_model_or_machine_is_not_gone_on_from()
    {
        StaticRecipe full = Chain();
        RegionSearchState state = Search(full, Misleading(full)).State!;
        SyntheticBench bench = Misleading(full);
        Search(full, bench, state with { Key = "another machine" });
        Assert.Equal(Layers, bench.Compared[0].Split(' ').Length);

        StaticRecipe longer = Chain(Layers + 1);
        SyntheticBench other = new(longer) { Time = (region, integer) => integer.Contains(region) ? 5 : 10 };
        Search(longer, other, state);
        Assert.Equal(Layers + 1, other.Compared[0].Split(' ').Length);
        Assert.Null(RegionSearchState.Read(new MemoryStream("{}"u8.ToArray())));
        Assert.Null(RegionSearchState.Read(new MemoryStream("not json"u8.ToArray())));
    }

    [Fact]
    public void A_variant_that_does_not_run_is_not_chosen()
    {
        StaticRecipe full = Chain();
        SyntheticBench bench = new(full)
        {
            Time = (region, integer) => integer.Contains(region) ? Position(region) == 2 ? 100 : 5 : 10,
            Breaks = integer => !integer.Contains("conv2") && integer.Contains("conv5"),
        };
        RegionSearchResult result = Search(full, bench);
        Assert.Contains(result.Tried, tried => tried.Measured == 0);
        Assert.True(result.SpeedUp > 1);
        Assert.Equal(result.SpeedUp!.Value, bench.TimeOf(full.Prepared) / bench.TimeOf(bench.Emit(result.Recipe!)), 9);

        SyntheticBench broken = new(full) { Time = (_, _) => 1, Breaks = _ => true };
        Assert.Same(full, Search(full, broken).Recipe);
    }

    [Fact]
    public void Connecting_nodes_leave_with_their_neighbours_and_can_be_left_alone()
    {
        GraphBuilder builder = new();
        string first = builder.Conv(builder.Input("x", 1, 4, 8, 8), 4, 4, 3);
        string second = builder.Conv(first, 4, 4, 3);
        string sum = builder.Node("Add", [first, second]);
        builder.Output(builder.Conv(sum, 4, 4, 3), 1, 4, 8, 8);
        StaticRecipe full = RecipeOf(builder);
        RegionGraph graph = RegionGraph.Of(full);
        Region add = Assert.Single(graph.Regions, region => region.Name.StartsWith("Add", StringComparison.Ordinal));
        // The second Conv reads the result of the first as well: whatever that is, it is quantized for both.
        Assert.Equal(1, Assert.Single(add.Requires));
        RegionValue shared = graph.Values.Single(value => value.Name == first);
        Assert.Equal(2, shared.Readers.Length);

        // The Add alone is slow as integer, so slow that three conversions are cheaper.
        SyntheticBench bench = new(full) { Time = (region, integer) => region == add.Name ? integer.Contains(region) ? 90 : 1 : integer.Contains(region) ? 2 : 30 };
        RegionSearchResult result = Search(full, bench);
        Assert.Equal([add.Name], result.Recipe!.LeftFloat.Keys);
        Assert.Equal(3, result.Recipe.Plan.ComputeNodes.Count);
        Assert.Empty(result.Recipe.Plan.ConnectingNodes);
    }

    [Fact]
    public void A_shortcut_past_integer_nodes_stays_integer_though_a_float_one_computes_it()
    {
        GraphBuilder builder = new();
        string shortcut = builder.Conv(builder.Input("x", 1, 4, 8, 8), 4, 4, 3);
        for (int block = 0; block < 2; block++)
            shortcut = builder.Node("Add", [shortcut, builder.Conv(shortcut, 4, 4, 3)]);
        builder.Output(builder.Conv(shortcut, 4, 4, 3), 1, 4, 8, 8);
        StaticRecipe full = RecipeOf(builder);

        StaticRecipe recipe = full.LeaveFloat(full.ComputeNodesInOrder().Take(1), "test");

        Assert.Equal(3, recipe.Plan.ComputeNodes.Count);
        Assert.Equal(2, recipe.Plan.ConnectingNodes.Count);
        // Without the integer Conv that reads it too, the shortcut is float, and so is what adds it.
        Assert.Single(full.LeaveFloat(full.ComputeNodesInOrder().Take(2), "test").Plan.ConnectingNodes);
    }

    [Fact]
    public void Clamps_and_biases_belong_to_the_node_that_absorbs_them_and_float_products_are_converted_nowhere()
    {
        GraphBuilder builder = new();
        string hidden = builder.Node("Relu", [builder.Node("Gemm", [builder.Input("x", 4, 8), builder.Weights(8, 8), builder.Weights(8)])]);
        builder.Output(builder.Node("Gemm", [hidden, builder.Weights(8, 8), builder.Weights(8)]), 4, 8);
        RegionGraph graph = RegionGraph.Of(RecipeOf(builder));
        Assert.Equal(2, graph.Regions[0].Nodes.Length);
        Assert.Single(graph.Regions[1].Nodes);
        RegionValue between = graph.Values.Single(value => value.Name == hidden);
        Assert.Equal(0, between.Producer);
        Assert.False(between.ReadAsFloat);
        // The second Gemm gives floats.
        Assert.Equal(-1, graph.Values[^1].Producer);
        Assert.False(graph.Values[^1].IsDequantized([true, true]));
    }

    [Fact]
    public void Conversion_times_are_a_line_through_what_was_seen()
    {
        LinearTime line = LinearTime.Fit([(100, 3), (200, 5), (400, 9)]);
        Assert.Equal(1, line.Microseconds, 9);
        Assert.Equal(0.02, line.MicrosecondsPerElement, 9);
        Assert.Equal(new LinearTime(7, 0), LinearTime.Fit([(50, 7)]));
        Assert.Equal(default, LinearTime.Fit([]));
        // Neither figure is negative.
        Assert.Equal(0, LinearTime.Fit([(100, 9), (200, 5)]).MicrosecondsPerElement);
        Assert.Equal(0, LinearTime.Fit([(100, 1), (200, 9)]).Microseconds);
    }

    [Fact]
    public void On_the_real_machine_the_search_ends_with_a_variant_that_runs_or_with_float()
    {
        using ScratchFolder scratch = new();
        StaticRecipe full = RecipeOf(SmallModels.Convolutions(), scratch);
        using RunInputs inputs = new([Input()]);
        RegionBench bench = new(inputs, threads: 1, scratch.Path, TimeSpan.FromMilliseconds(20));

        RegionSearchResult result = new RegionSearch(new RegionSearchSettings(Emit, bench, () => true, _ => { }) { MostTrials = 4 }).Find(full);

        Assert.Equal(full.Plan.ComputeNodes.Order(StringComparer.Ordinal), result.Regions.Select(region => region.Name).Order(StringComparer.Ordinal));
        Assert.InRange(result.Tried.Length, 1, 4);
        Assert.All(result.Tried, tried => Assert.True(tried.Measured > 0));
        Assert.All(result.Regions, region => Assert.True(region.IntegerMicroseconds > 0));
        ModelProto found = result.Recipe is { } recipe ? Emit(recipe) : full.Prepared;
        Assert.True(Quantized.SqnrDb(full.Prepared, found, Input()) > 20);
        Assert.Empty(Directory.EnumerateFiles(scratch.Path));

        static ModelProto Emit(StaticRecipe recipe) => recipe.Emit(127, signedActivations: false).Model;
    }

    // Three steps of the prediction are wrong before it is right.
    private static SyntheticBench Misleading(StaticRecipe full) => new(full)
    {
        Time = (region, integer) => (integer.Contains(region), Position(region)) switch
        {
            (false, int layer) => layer > 0 && integer.Contains($"conv{layer - 1}") ? 11 : 10,
            (true, 2 or 6) => 60,
            (true, int layer) => layer > 0 && !integer.Contains($"conv{layer - 1}") ? 13 : 5,
        },
    };

    private static RegionSearchResult Search(StaticRecipe full, SyntheticBench bench, RegionSearchState? resume = null, Func<bool>? hasTime = null) =>
        new RegionSearch(new RegionSearchSettings(bench.Emit, bench, hasTime ?? (() => true), _ => { }) { Key = "this machine", Resume = resume }).Find(full);

    private static RegionSearchState RoundTrip(RegionSearchState state)
    {
        MemoryStream stream = new();
        state.Write(stream);
        stream.Position = 0;
        RegionSearchState read = RegionSearchState.Read(stream)!;
        MemoryStream again = new();
        read.Write(again);
        Assert.Equal(stream.ToArray(), again.ToArray());
        return read;
    }

    private static int Position(string region) => int.Parse(region[4..], System.Globalization.CultureInfo.InvariantCulture);

    private static StaticRecipe Chain(int layers = Layers)
    {
        GraphBuilder builder = new();
        string value = builder.Input("x", 1, 4, 8, 8);
        for (int layer = 0; layer < layers; layer++)
        {
            value = builder.Conv(value, 4, 4, 3);
            builder.Graph.Node[^1].Name = $"conv{layer}";
            value = builder.Node("Relu", [value]);
        }
        builder.Output(value, 1, 4, 8, 8);
        return RecipeOf(builder);
    }

    private static StaticRecipe RecipeOf(GraphBuilder builder)
    {
        ModelProto prepared = PreparationPipeline.Run(builder.Build(), "model.onnx");
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        return new StaticRecipe(prepared, plan, CalibrationStatistics.Empty(plan.Observed, withHistograms: false).Ranges(CalibrationMethods.MinMax));
    }

    private static StaticRecipe RecipeOf(ModelProto model, ScratchFolder scratch)
    {
        ModelProto prepared = PreparationPipeline.Run(model, "model.onnx");
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        return new StaticRecipe(prepared, plan, Calibrator.Collect(prepared, plan.Observed, withHistograms: false, 1, _ => [Input()], scratch.Path).Ranges(CalibrationMethods.MinMax));
    }

    private static NamedTensor Input() => new("x", [.. SmallModels.Shape], new GraphBuilder().Values(SmallModels.Shape, 1));
}
