using System.Collections.Immutable;
using Octet.Quantization.Measurement;
using Octet.Quantization.Reporting;
using Octet.Quantization.Tests.Pipeline;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Measurement;

/// <summary>Speed is measured under every condition that is asked for, and under one thread where the threads are open.</summary>
public sealed class MeasuringConditionsTests
{
    private static readonly QuantizationRequest Request = new() { ModelPath = "m.onnx", Name = "m", Source = "m.onnx", OutputDirectory = "out", FloatFileName = "m.onnx" };

    [Fact]
    public void Combinations_begin_with_the_first_values() =>
        Assert.Equal([new(2, 4), new(1, 4), new(2, 1), new(1, 1)], MeasuringCondition.Combine([2, 1, 2], [4, 1]).AsEnumerable());

    [Fact]
    public void Open_threads_add_one_thread()
    {
        QuantizationRequest open = Request with { Threads = 0, BatchSize = 2, Conditions = [new(0, 8), new(1, 8)] };
        Assert.Equal([new(0, 2), new(0, 8), new(1, 8), new(1, 2)], MeasuringConditions.Of(open, cores: 4).AsEnumerable());
        Assert.Equal([new(0, 2), new(0, 8), new(1, 8)], MeasuringConditions.Of(open, cores: 1).AsEnumerable());
        Assert.Equal([new(3, 1)], MeasuringConditions.Of(Request with { Threads = 3 }, cores: 4).AsEnumerable());
    }

    [Theory]
    [InlineData(2.6, 0.05, 1.4, 0.05, 1)]
    [InlineData(1.4, 0.05, 2.6, 0.05, null)]
    [InlineData(1.5, 0.1, 1.4, 0.1, null)]
    public void One_thread_is_recommended_where_it_is_faster_beyond_the_noise(double open, double openMad, double single, double singleMad, int? recommended)
    {
        using Candidate reference = Measured("float", (0, 1, open, openMad, 1), (1, 1, single, singleMad, 1));
        MeasuringConditions.Decide([reference]);
        Assert.Equal(recommended, reference.RecommendedThreads);
    }

    [Fact]
    public void Candidates_are_compared_where_the_float_model_is_fastest()
    {
        using Candidate reference = Measured("float", (0, 1, 2.6, 0, 1), (0, 8, 9, 0, 1), (1, 1, 1.4, 0, 1));
        using Candidate int8 = Measured("int8", (0, 1, 2, 0, 1.3), (0, 8, 9, 0, 1), (1, 1, 2, 0, 0.7));
        MeasuringConditions.Decide([reference, int8]);
        Assert.Equal((1, null, 0.7), (reference.RecommendedThreads, int8.RecommendedThreads, int8.DecidingTiming!.Speedup));
        Assert.Null(MeasuringConditions.Fastest([int8], minSpeedup: 1.05));
    }

    [Fact]
    public void Fixed_threads_are_not_questioned()
    {
        using Candidate reference = Measured("float", (2, 1, 2.6, 0, 1), (1, 1, 1.4, 0, 1));
        using Candidate int8 = Measured("int8", (2, 1, 2, 0, 1.3), (1, 1, 2, 0, 0.7));
        MeasuringConditions.Decide([reference, int8]);
        Assert.Equal((null, 1.3), (reference.RecommendedThreads, int8.DecidingTiming!.Speedup));
        using Candidate faster = Measured("int8-portable", (2, 1, 1.8, 0, 1.4), (1, 1, 2.8, 0, 0.5));
        MeasuringConditions.Decide([reference, int8, faster]);
        Assert.Same(faster, MeasuringConditions.Fastest([int8, faster], minSpeedup: 1.05));
    }

    [Fact]
    public void Faster_under_one_condition_is_faster_and_says_which()
    {
        AccuracyReport accuracy = new("top1", 1, 1, 0, 100, true);
        ConditionTiming[] conditions = [Timing(1, 1, 1, 0, 0.8), Timing(2, 8, 1, 0, 1.5)];
        Verdict verdict = Verdict.Of(accuracy, conditions, maxAccuracyDrop: 0.01, minSpeedup: 1.05);
        Assert.Equal("faster", verdict.Name);
        Assert.StartsWith("with 2 threads, batch 8 1.50 times", verdict.Reason, StringComparison.Ordinal);
        Assert.Contains("; with 1 thread, batch 1 0.80 times", verdict.Reason, StringComparison.Ordinal);

        Assert.Equal("slower", Verdict.Of(accuracy, [conditions[0], conditions[0]], 0.01, 1.05).Name);
        Assert.Equal("inaccurate", Verdict.Of(accuracy with { Drop = 0.5 }, conditions, 0.01, 1.05).Name);
    }

    [Fact]
    public void Another_batch_repeats_or_drops_items()
    {
        GraphBuilder graph = new();
        graph.Output(graph.Node("Add", [graph.Input("x", -1, 2), graph.Input("y", 1, 2)]));
        using PipelineFolder folder = new(graph.Build());
        using ModelSession session = new(folder.ModelPath, threads: 1);
        ImmutableArray<NamedTensor> sample = [new("x", [2, 2], new float[] { 1, 2, 3, 4 }), new("y", [1, 2], new float[] { 5, 6 })];

        ImmutableArray<NamedTensor> three = BatchedInputs.Of(sample, session.Inputs, 3);
        Assert.Equal([3, 2], three[0].Shape.AsEnumerable());
        Assert.Equal([1, 2, 3, 4, 1, 2], (float[])three[0].Data);
        Assert.Same(sample[1], three[1]);
        Assert.Equal([1, 2], (float[])BatchedInputs.Of(sample, session.Inputs, 1)[0].Data);
        Assert.Same(sample[0], BatchedInputs.Of(sample, session.Inputs, 2)[0]);
    }

    [Fact]
    public void A_batch_that_the_model_fixes_has_no_other()
    {
        using PipelineFolder folder = new(SmallModels.Classifier());
        using ModelSession session = new(folder.ModelPath, threads: 1);
        ImmutableArray<NamedTensor> sample = [Reference.Tensor("x", SmallModels.Shape)];
        Assert.False(BatchedInputs.Of(sample, session.Inputs, 1).IsDefault);
        Assert.True(BatchedInputs.Of(sample, session.Inputs, 8).IsDefault);
    }

    [Fact]
    public void Report_and_manifest_hold_every_condition()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier(batch: -1)).WithSamples(3, SmallModels.Shape);
        ModelReport report = folder.Run(request => request with { Conditions = [new(2, 1), new(1, 4)] }).Report;

        foreach (VariantReport row in report.Variants)
        {
            Assert.Equal([(1, 1), (2, 1), (1, 4)], row.Conditions.Select(figures => (figures.Threads, figures.BatchSize)));
            Assert.Equal((row.MedianMilliseconds, row.Speedup, row.SpeedupLow), (row.Conditions[0].MedianMilliseconds, row.Conditions[0].Speedup, row.Conditions[0].SpeedupLow));
            Assert.Null(row.RecommendedThreads);
        }
        ModelManifest manifest = folder.Manifest();
        Assert.Equal(report.Variants.Select(row => row.Conditions.Length), manifest.Variants.Select(variant => variant.Conditions.Length));
        Assert.Equal((1, 1), (manifest.Threads, manifest.BatchSize));
        Assert.Equal(Environment.ProcessorCount, manifest.Cores);
        Assert.All(manifest.Variants, variant => Assert.False(variant.CustomOperators));
    }

    [Fact]
    public void A_batch_that_the_model_fixes_is_left_out_of_the_conditions()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(3, SmallModels.Shape);
        ModelReport report = folder.Run(request => request with { Conditions = [new(1, 4)] }).Report;
        Assert.All(report.Variants, row => Assert.Empty(row.Conditions));
    }

    private static Candidate Measured(string name, params (int Threads, int Batch, double Median, double Mad, double Speedup)[] timings) =>
        new(name, labelled: false) { Conditions = [.. timings.Select(timing => Timing(timing.Threads, timing.Batch, timing.Median, timing.Mad, timing.Speedup))] };

    private static ConditionTiming Timing(int threads, int batch, double median, double mad, double speedup) =>
        new(new MeasuringCondition(threads, batch), new TimingResult(median, mad, speedup, speedup * 0.99, speedup * 1.01, []));
}
