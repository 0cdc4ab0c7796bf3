using CsCheck;

namespace Octet.Runtime.Tests;

public sealed class RobustStatisticsTests
{
    private static readonly Gen<double[]> Values = Gen.Double[-1e6, 1e6].Array[1, 60];

    [Theory]
    [InlineData(new[] { 3.0 }, 3.0)]
    [InlineData(new[] { 4.0, 1.0 }, 2.5)]
    [InlineData(new[] { 9.0, 1.0, 2.0 }, 2.0)]
    [InlineData(new[] { 1.0, 100.0, 2.0, 3.0 }, 2.5)]
    public void Median_is_the_middle(double[] values, double expected) => Assert.Equal(expected, RobustStatistics.Median(values));

    [Fact]
    public void Median_of_huge_values_does_not_overflow() =>
        Assert.Equal(double.MaxValue, RobustStatistics.Median([double.MaxValue, double.MaxValue, 0, double.MaxValue]));

    [Fact]
    public void Deviation_of_a_known_sample() =>
        // Median 2; distances 1 1 0 0 2 4 7.
        Assert.Equal(1, RobustStatistics.MedianAbsoluteDeviation([1, 1, 2, 2, 4, 6, 9]));

    [Theory]
    // Ranks of the 95 % interval from tables of the sign test: n, rank from below.
    [InlineData(6, 1)]
    [InlineData(8, 1)]
    [InlineData(9, 2)]
    [InlineData(10, 2)]
    [InlineData(15, 4)]
    [InlineData(20, 6)]
    [InlineData(50, 18)]
    [InlineData(100, 40)]
    public void Interval_has_the_ranks_of_the_sign_test(int count, int rank)
    {
        double[] values = [.. Enumerable.Range(1, count).Select(i => (double)i)];

        Assert.Equal(new ConfidenceInterval(rank, count + 1 - rank), RobustStatistics.MedianInterval(values));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Interval_of_too_few_values_is_unbounded(int count) =>
        Assert.Equal(
            new ConfidenceInterval(double.NegativeInfinity, double.PositiveInfinity),
            RobustStatistics.MedianInterval(new double[count]));

    [Fact]
    public void Interval_of_thousands_of_values_does_not_underflow()
    {
        double[] values = [.. Enumerable.Range(1, 5001).Select(i => (double)i)];

        // The normal approximation: 2501 -+ 1.96 sqrt(5001) / 2.
        ConfidenceInterval interval = RobustStatistics.MedianInterval(values);
        Assert.InRange(interval.Low, 2501 - 72, 2501 - 68);
        Assert.InRange(interval.High, 2501 + 68, 2501 + 72);
    }

    [Fact]
    public void Interval_contains_the_median_and_is_symmetric_in_rank() => Gen.Select(Values, Gen.Double[0.01, 0.999]).Sample((values, confidence) =>
    {
        ConfidenceInterval interval = RobustStatistics.MedianInterval(values, confidence);
        double median = RobustStatistics.Median(values);
        Assert.True(interval.Low <= median && median <= interval.High);
        if (double.IsFinite(interval.Low))
            Assert.Equal(values.Count(value => value < interval.Low), values.Order().TakeWhile(value => value < interval.Low).Count());

        double[] negated = [.. values.Select(value => -value)];
        Assert.Equal(new ConfidenceInterval(-interval.High, -interval.Low), RobustStatistics.MedianInterval(negated, confidence));
    });

    [Fact]
    public void More_confidence_never_narrows_the_interval() =>
        Gen.Select(Values, Gen.Double[0.01, 0.99], Gen.Double[0.01, 0.99]).Sample((values, a, b) =>
        {
            ConfidenceInterval less = RobustStatistics.MedianInterval(values, Math.Min(a, b));
            ConfidenceInterval more = RobustStatistics.MedianInterval(values, Math.Max(a, b));
            Assert.True(more.Low <= less.Low && less.High <= more.High);
        });

    [Fact]
    public void Order_does_not_matter() => Gen.Select(Values, Gen.Int[0, int.MaxValue - 1]).Sample((values, seed) =>
    {
        double[] shuffled = [.. values];
        new Random(seed).Shuffle(shuffled);
        Assert.Equal(RobustStatistics.Median(values), RobustStatistics.Median(shuffled));
        Assert.Equal(RobustStatistics.MedianAbsoluteDeviation(values), RobustStatistics.MedianAbsoluteDeviation(shuffled));
        Assert.Equal(RobustStatistics.MedianInterval(values), RobustStatistics.MedianInterval(shuffled));
    });

    [Fact]
    public void Shift_moves_the_median_and_leaves_the_deviation() => Gen.Select(Gen.Int[-1000, 1000].Array[1, 40], Gen.Int[-1000, 1000]).Sample((values, shift) =>
    {
        double[] original = [.. values.Select(value => (double)value)];
        double[] shifted = [.. original.Select(value => value + shift)];
        Assert.Equal(RobustStatistics.Median(original) + shift, RobustStatistics.Median(shifted));
        Assert.Equal(RobustStatistics.MedianAbsoluteDeviation(original), RobustStatistics.MedianAbsoluteDeviation(shifted));
    });

    [Fact]
    public void Arguments_without_meaning_are_refused()
    {
        Assert.Throws<ArgumentException>(() => RobustStatistics.Median([]));
        Assert.Throws<ArgumentException>(() => RobustStatistics.MedianAbsoluteDeviation([1, double.NaN]));
        Assert.Throws<ArgumentOutOfRangeException>(() => RobustStatistics.MedianInterval([1], 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RobustStatistics.MedianInterval([1], double.NaN));
    }
}
