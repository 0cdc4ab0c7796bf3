using CsCheck;
using Octet.Quantization.Calibration;

namespace Octet.Quantization.Tests.Calibration;

public sealed class CalibrationMethodsTests
{
    [Fact]
    public void No_method_leaves_the_range_that_was_seen() => Counted.Values.Where(values => values.Length > 0).Sample(values =>
    {
        TensorStatistics statistics = Counted.Statistics(values[..(values.Length / 2)], values[(values.Length / 2)..]);
        foreach (string method in CalibrationMethods.All)
        {
            ActivationRange range = CalibrationMethods.Range(method, statistics);
            Assert.True(range.IsUsable, method);
            Assert.InRange(range.Min, statistics.Range.Min, statistics.Range.Max);
            Assert.InRange(range.Max, range.Min, statistics.Range.Max);
        }
    }, iter: 60);

    [Fact]
    public void The_moving_average_is_the_mean_of_the_samples_ends() => Assert.Equal(
        new ActivationRange(-2, 5), CalibrationMethods.Range(CalibrationMethods.MovingAverage, Counted.Statistics([-1, 4], [-3, 0, 6])));

    [Theory]
    [InlineData(90)]
    [InlineData(99)]
    [InlineData(99.9)]
    public void A_percentile_is_that_of_the_sorted_values_to_a_bin(double percent)
    {
        (ActivationHistogram histogram, ActivationRange seen) = Counted.Histogram(Enumerable.Range(0, 100_001).Select(i => i / 1000f));
        Assert.InRange(PercentileRange.Of(histogram, seen, percent).Max, percent - 1e-3, percent + histogram.Width);
        Assert.Equal(0, PercentileRange.Of(histogram, seen, percent).Min);

        (histogram, seen) = Counted.Histogram(Enumerable.Range(-100_000, 200_001).Select(i => i / 1000f));
        Assert.InRange(PercentileRange.Of(histogram, seen, percent).Max, percent - 1e-3, percent + histogram.Width);
        Assert.InRange(PercentileRange.Of(histogram, seen, percent).Min, -percent - histogram.Width, -percent + 1e-3);
    }

    [Fact]
    public void No_more_than_the_percentile_says_is_cut() => Gen.Select(Counted.Values.Where(values => values.Length > 0), Gen.Double[50, 100]).Sample((values, percent) =>
    {
        (ActivationHistogram histogram, ActivationRange seen) = Counted.Histogram(values);
        ActivationRange range = PercentileRange.Of(histogram, seen, percent);
        Assert.InRange(values.Count(value => value < range.Min || value > range.Max), 0, values.Length * (100 - percent) / 100);
    });

    [Theory]
    [InlineData(CalibrationMethods.Percentile, 10)]
    [InlineData(CalibrationMethods.Entropy, 10)]
    // Three errors of 8 cost less than a million levels that are coarser by a third.
    [InlineData(CalibrationMethods.Mse, 16)]
    public void A_few_outliers_are_cut(string method, double widest)
    {
        ActivationRange range = CalibrationMethods.Range(method, Counted.Statistics(Counted.Normal(1_000_000, seed: 5, outliers: 3)));
        Assert.InRange(range.Max, 2, widest);
        Assert.InRange(range.Min, -6, -2);
    }

    [Fact]
    public void Entropy_gives_what_the_literature_says_of_every_threshold() => Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 2], Gen.Bool).Sample((seed, outliers, positive) =>
    {
        (ActivationHistogram histogram, ActivationRange _) = Counted.Histogram(Counted.Normal(20_000, seed, positive, outliers));
        int lowest = Math.Min(0, histogram.First);
        for (int last = 256; last <= histogram.Last; last += 173)
        {
            int first = Math.Max(lowest, -last);
            double expected = SlowReference.Divergence(histogram, first, last);
            double actual = EntropyRange.Divergence(histogram, first, last);
            Assert.True(double.IsInfinity(expected) ? double.IsInfinity(actual) : Math.Abs(expected - actual) < 1e-9, $"{expected} {actual}");
        }
    }, iter: 10);

    [Fact]
    public void Squared_errors_are_those_of_every_bins_middle() => Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 2], Gen.Bool).Sample((seed, outliers, positive) =>
    {
        (ActivationHistogram histogram, ActivationRange seen) = Counted.Histogram(Counted.Normal(20_000, seed, positive, outliers));
        int lowest = Math.Min(0, histogram.First);
        for (int last = 256; last <= histogram.Last; last += 173)
        {
            int first = Math.Max(lowest, -last);
            double expected = SlowReference.SquaredError(histogram, seen, first, last);
            Assert.InRange(SquaredErrorRange.Error(histogram, seen, first, last), expected * (1 - 1e-9), expected * (1 + 1e-9));
        }
    }, iter: 10);

    [Theory]
    [InlineData(CalibrationMethods.Entropy)]
    [InlineData(CalibrationMethods.Mse)]
    public void One_end_is_searched_bin_by_bin(string method)
    {
        (ActivationHistogram histogram, ActivationRange seen) = Counted.Histogram(Counted.Normal(50_000, seed: 9, positive: true, outliers: 1));
        double Cost(int last) => method == CalibrationMethods.Entropy ? SlowReference.Divergence(histogram, 0, last) : SlowReference.SquaredError(histogram, seen, 0, last);
        int best = Enumerable.Range(255, histogram.Last - 254).MinBy(Cost);

        ActivationRange range = method == CalibrationMethods.Entropy ? EntropyRange.Of(histogram, seen) : SquaredErrorRange.Of(histogram, seen);

        Assert.Equal(seen.Clamp(histogram.UpperEdge(best)), range.Max);
        Assert.True(range.Max < seen.Max);
    }

    [Fact]
    public void Negated_values_give_the_negated_range()
    {
        float[] values = Counted.Normal(50_000, seed: 9, positive: true, outliers: 1);
        ActivationRange range = CalibrationMethods.Range(CalibrationMethods.Mse, Counted.Statistics(values));
        ActivationRange mirrored = CalibrationMethods.Range(CalibrationMethods.Mse, Counted.Statistics([.. values.Select(value => -value)]));
        // Rounding a zero point to even and the order of sums may move the end by a bin.
        double bin = Counted.Histogram(values).Histogram.Width;
        Assert.InRange(-mirrored.Min, range.Max - bin, range.Max + bin);
    }

    [Fact]
    public void An_unknown_method_and_a_missing_histogram_are_refused()
    {
        TensorStatistics statistics = new(withHistogram: false);
        statistics.Add([1, 2], null);
        Assert.Throws<ArgumentException>(() => CalibrationMethods.Range("kl", statistics));
        Assert.Throws<ArgumentException>(() => CalibrationMethods.Range(CalibrationMethods.Mse, statistics));
        Assert.True(CalibrationMethods.Range(CalibrationMethods.MovingAverage, statistics).IsUsable);
    }
}
