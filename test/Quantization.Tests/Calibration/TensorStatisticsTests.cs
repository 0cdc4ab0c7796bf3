using CsCheck;
using Octet.Quantization.Calibration;

namespace Octet.Quantization.Tests.Calibration;

public sealed class TensorStatisticsTests
{
    private static readonly Gen<float[][]> Samples = Gen.OneOf(Counted.Values, Gen.Float.Array[0, 20]).Array[0, 8];

    [Fact]
    public void Shards_merge_to_what_one_run_gives_in_any_order() => Gen.Select(Samples, Samples, Samples).Sample((first, second, third) =>
    {
        string whole = Text(Counted.Statistics([.. first, .. second, .. third]));
        Assert.Equal(whole, Text(Merged(first, second, third)));
        Assert.Equal(whole, Text(Merged(third, first, second)));
        Assert.Equal(whole, Text(Merged([.. third.Reverse(), .. second], first)));
    });

    [Fact]
    public void What_is_not_finite_breaks_the_tensor_wherever_it_comes() => Gen.Select(Samples, Gen.OneOfConst(float.NaN, float.PositiveInfinity, float.NegativeInfinity)).Sample((samples, broken) =>
    {
        TensorStatistics statistics = Counted.Statistics([.. samples, [1, broken, 2], .. samples]);
        Assert.False(statistics.Range.IsUsable);
        Assert.All(CalibrationMethods.All, method => Assert.False(CalibrationMethods.Range(method, statistics).IsUsable));
        Assert.Equal(Text(Counted.Statistics([[broken]])), Text(statistics));
    });

    [Fact]
    public void An_empty_tensor_changes_nothing() =>
        Assert.Equal(Text(Counted.Statistics([1, 2], [3])), Text(Counted.Statistics([], [1, 2], [], [3])));

    [Fact]
    public void Any_number_of_threads_gives_the_same_statistics()
    {
        float[][] samples = [.. Enumerable.Range(0, 64).Select(seed => Counted.Normal(1000 + seed, seed, outliers: seed % 3))];
        TensorStatistics statistics = new(withHistogram: true);
        Parallel.ForEach(samples, sample => statistics.Add(sample, new HistogramCounter()));
        Assert.Equal(Text(Counted.Statistics(samples)), Text(statistics));
    }

    [Fact]
    public void Statistics_with_and_without_histogram_do_not_merge()
    {
        TensorStatistics without = new(withHistogram: false);
        without.Add([1, 2], null);
        Assert.Throws<ArgumentException>(() => without.Merge(Counted.Statistics([3])));
        Assert.Throws<ArgumentNullException>(() => new TensorStatistics(withHistogram: true).Add([1], null));
    }

    private static TensorStatistics Merged(params float[][][] shards)
    {
        TensorStatistics merged = new(withHistogram: true);
        foreach (float[][] shard in shards)
            merged.Merge(Counted.Statistics(shard));
        return merged;
    }

    // The file holds everything, so that equal texts are equal statistics.
    private static string Text(TensorStatistics statistics) => StatisticsFileTests.Text(StatisticsFileTests.File(("x", statistics)));
}
