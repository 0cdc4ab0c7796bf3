using Octet.Quantization.Calibration;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Calibration;

public sealed class CalibratorTests
{
    [Fact]
    public void Calibration_sees_every_sample_and_skips_unreadable_ones()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4);
        string y = builder.Node("Neg", [x]);
        builder.Output(builder.Node("Relu", [y]), 1, 4);
        ModelProto model = builder.Build();
        using ScratchFolder scratch = new();

        CalibrationStatistics statistics = Calibrator.Collect(
            model, [x, y], withHistograms: false, 5, index => index == 2 ? null : [new NamedTensor(x, [1, 4], new float[] { index, -index, 0, index * 10 })], scratch.Path);

        Assert.Equal(4, statistics.Samples);
        Assert.Equal(new ActivationRange(-4, 40), statistics.Tensors[x].Range);
        Assert.Equal(new ActivationRange(-40, 4), statistics.Tensors[y].Range);
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    [Fact]
    public void The_same_inputs_give_the_same_bytes_on_any_number_of_threads()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        builder.Output(builder.Conv(builder.Node("Relu", [builder.Conv(x, 4, 3, 3)]), 2, 4, 3), 1, 2, 8, 8);
        ModelProto model = builder.Build();

        Assert.Equal(Quantized.Make(model, Reference.Tensor(x, [1, 3, 8, 8])).Model, Quantized.Make(model, Reference.Tensor(x, [1, 3, 8, 8])).Model);
        Assert.NotEmpty(StaticQuantization.Plan(model, []).Activations);
    }

    [Fact]
    public void Shards_on_any_number_of_threads_merge_to_what_one_run_gives()
    {
        (ModelProto model, string[] tensors) = Model();
        using ScratchFolder scratch = new();
        CalibrationStatistics Run(int[] samples, int threads) => Calibrator.Collect(
            model, tensors, withHistograms: true, samples.Length, index => [Reference.Tensor("x", [1, 3, 16, 16], seed: samples[index], scale: 1 + samples[index] % 5)], scratch.Path, threads);
        static string Text(CalibrationStatistics statistics) => StatisticsFileTests.Text(new StatisticsFile(new string('a', 64), statistics));

        int[] all = [.. Enumerable.Range(0, 24)];
        string whole = Text(Run(all, threads: 1));
        Assert.Equal(whole, Text(Run([.. all.Reverse()], threads: 7)));
        CalibrationStatistics[] shards = [.. new[] { 2, 3, 1 }.Select(number => Run(new Shard(number, 3).Positions(24), threads: 2))];
        Assert.Equal(whole, Text(shards[0].Merge(shards[1]).Merge(shards[2])));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(64)]
    public void Weights_that_ONNX_Runtime_reads_in_place_give_the_same_values(long channels)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, channels, 8, 8);
        // Not prepared: the session folds the normalization into weights that it did not load itself.
        string y = builder.BatchNormalization(builder.Conv(x, channels, channels, 3), channels);
        string z = builder.Node("MatMul", [builder.Node("Reshape", [y, builder.Constant([1, -1])]), builder.Weights(channels * 64, 32)]);
        builder.Output(z, 1, 32);
        ModelProto model = builder.Build();
        NamedTensor input = Reference.Tensor(x, [1, channels, 8, 8]);
        using ScratchFolder scratch = new();

        ActivationRange range = Calibrator.Collect(model, [z], withHistograms: false, 1, _ => [input], scratch.Path).Tensors[z].Range;

        float[] expected = Reference.Run(model, input).Floats();
        Assert.Equal(expected.Min(), range.Min, expected.Max() * 1e-4);
        Assert.Equal(expected.Max(), range.Max, expected.Max() * 1e-4);
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    [Fact]
    public void A_cancelled_run_leaves_nothing()
    {
        (ModelProto model, string[] tensors) = Model();
        using ScratchFolder scratch = new();
        Assert.ThrowsAny<OperationCanceledException>(() => Calibrator.Collect(
            model, tensors, withHistograms: true, 4, _ => [Reference.Tensor("x", [1, 3, 16, 16])], scratch.Path, cancellation: new CancellationToken(canceled: true)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    [Theory]
    [InlineData("1/1", true)]
    [InlineData("3/3", true)]
    [InlineData("0/3", false)]
    [InlineData("4/3", false)]
    [InlineData("1", false)]
    [InlineData("1/2/3", false)]
    [InlineData("-1/2", false)]
    [InlineData("a/b", false)]
    public void A_shard_is_K_of_N(string text, bool valid) => Assert.Equal(valid, Shard.TryParse(text, out _));

    [Fact]
    public void Shards_share_the_samples_out() => Assert.Equal(
        Enumerable.Range(0, 10), Enumerable.Range(1, 4).SelectMany(number => new Shard(number, 4).Positions(10)).Order());

    private static (ModelProto Model, string[] Tensors) Model()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 16, 16);
        builder.Output(builder.Conv(builder.Node("Relu", [builder.Conv(x, 40, 3, 3)]), 2, 40, 3), 1, 2, 16, 16);
        ModelProto model = PreparationPipeline.Run(builder.Build(), "test.onnx");
        return (model, [.. StaticQuantization.Plan(model, []).Activations]);
    }
}
