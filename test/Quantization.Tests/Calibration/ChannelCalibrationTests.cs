using System.Collections.Immutable;
using CsCheck;
using Octet.Quantization.Calibration;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Calibration;

public sealed class ChannelCalibrationTests
{
    [Fact]
    public void Statistics_are_those_of_each_channel()
    {
        var cases =
            from outer in Gen.Int[1, 3]
            from channels in Gen.Int[1, 40]
            from inner in Gen.Int[1, 40]
            from axis in Gen.Int[0, 2]
            from fromLast in Gen.Bool
            from samples in Gen.Int[1, 4]
            from seed in Gen.Int[0, 1000]
            select (extents: new long[] { outer, channels, inner }, axis, fromLast, samples, seed);
        cases.Sample(test =>
        {
            NamedTensor[] inputs = [.. Enumerable.Range(test.seed, test.samples).Select(seed => Reference.Tensor("x", test.extents, seed))];
            int axis = test.fromLast ? test.axis - 3 : test.axis;

            ChannelStatistics statistics = Collect(Copy(-1, -2, -3), new ChannelAxis("x", axis), inputs)!;

            int inner = (int)test.extents.Skip(test.axis + 1).Aggregate(1L, (product, extent) => product * extent);
            int channels = (int)test.extents[test.axis];
            IGrouping<int, float>[] expected = [.. inputs
                .SelectMany(input => ((float[])input.Data).Select((value, position) => (value, channel: position / inner % channels)))
                .GroupBy(pair => pair.channel, pair => pair.value).OrderBy(group => group.Key)];
            Assert.Equal(expected.Select(group => group.Min()), statistics.Min);
            Assert.Equal(expected.Select(group => group.Max()), statistics.Max);
            Assert.Equal(expected.Select(group => group.Max(MathF.Abs)), statistics.Magnitudes);
            Assert.All(expected.Zip(statistics.Mean), pair => Assert.Equal(pair.First.Average(value => (double)value), pair.Second, 1e-12));
        }, iter: 30, threads: 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void Order_and_threads_do_not_show(int axis)
    {
        NamedTensor[] inputs = [.. Enumerable.Range(0, 24).Select(seed => Reference.Tensor("x", [1, 7, 9, 11], seed, scale: MathF.Pow(10, seed % 9 - 4)))];
        ChannelStatistics Run(IEnumerable<NamedTensor> samples, int threads) => Collect(Copy(1, 7, 9, 11), new ChannelAxis("x", axis), [.. samples], threads)!;

        ChannelStatistics expected = Run(inputs, 1);
        foreach (ChannelStatistics actual in new[] { Run(inputs, 5), Run(inputs.Reverse(), 3), Run(inputs.OrderBy(input => ((float[])input.Data)[0]), 1) })
        {
            Assert.Equal(expected.Mean.Select(BitConverter.DoubleToInt64Bits), actual.Mean.Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(expected.Min.AsEnumerable(), actual.Min);
            Assert.Equal(expected.Max.AsEnumerable(), actual.Max);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void What_is_not_finite_has_no_statistics(float broken)
    {
        float[] values = new float[2 * 20 * 3];
        values[50] = broken;
        foreach (int axis in new[] { 0, 1, 2 })
        {
            Assert.NotNull(Collect(Copy(-1, 20, 3), new ChannelAxis("x", axis), [Reference.Tensor("x", [2, 20, 3])]));
            Assert.Null(Collect(Copy(-1, 20, 3), new ChannelAxis("x", axis), [Reference.Tensor("x", [2, 20, 3]), new NamedTensor("x", [2, 20, 3], values)]));
        }
    }

    [Fact]
    public void What_has_no_such_channels_has_no_statistics()
    {
        Assert.Null(Collect(Copy(-1, 3), new ChannelAxis("x", 2), [Reference.Tensor("x", [2, 3])]));
        Assert.Null(Collect(Copy(-1, 3), new ChannelAxis("x", -3), [Reference.Tensor("x", [2, 3])]));
        Assert.Null(Collect(Copy(-1, 3), new ChannelAxis("x", 0), [Reference.Tensor("x", [2, 3]), Reference.Tensor("x", [4, 3])]));
        Assert.Null(Collect(Copy(-1, 3), new ChannelAxis("x", 1), []));
    }

    [Fact]
    public void Inner_values_are_seen_and_unreadable_samples_skipped()
    {
        GraphBuilder builder = new();
        string y = builder.Node("Neg", [builder.Input("x", 1, 2)]);
        builder.Output(builder.Node("Relu", [y]));
        using ScratchFolder scratch = new();

        ImmutableDictionary<string, ChannelStatistics> statistics = ChannelCalibration.Collect(
            builder.Build(), [new ChannelAxis(y, 1)], 3, index => index == 1 ? null : [new NamedTensor("x", [1, 2], new float[] { index, 10 })], scratch.Path);

        Assert.Equal([-1.0, -10], statistics[y].Mean.ToArray());
        Assert.Equal([-2f, -10], statistics[y].Min.ToArray());
        Assert.Equal([0f, -10], statistics[y].Max.ToArray());
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    private static ModelProto Copy(params long[] shape)
    {
        GraphBuilder builder = new();
        builder.Output(builder.Node("Relu", [builder.Input("x", shape)]));
        return builder.Build();
    }

    private static ChannelStatistics? Collect(ModelProto model, ChannelAxis channels, NamedTensor[] samples, int threads = 0)
    {
        using ScratchFolder scratch = new();
        return ChannelCalibration.Collect(model, [channels], samples.Length, index => [samples[index]], scratch.Path, threads).GetValueOrDefault(channels.Value);
    }
}
