using CsCheck;
using Octet.Quantization.Calibration;

namespace Octet.Quantization.Tests.Calibration;

public sealed class ActivationHistogramTests
{
    [Fact]
    public void Every_value_is_counted_once_in_the_bin_that_holds_it() => Counted.Values.Sample(values =>
    {
        ActivationHistogram histogram = Counted.Histogram(values).Histogram;
        Assert.Equal(values.Length, histogram.Total);
        foreach (IGrouping<int, float> bin in values.GroupBy(value => (int)Math.Truncate(value / histogram.Width)))
        {
            Assert.Equal(bin.Count(), histogram[bin.Key]);
            Assert.All(bin, value => Assert.InRange(value, histogram.LowerEdge(bin.Key), histogram.UpperEdge(bin.Key)));
        }
    });

    [Fact]
    public void Vectorised_counting_gives_what_a_plain_loop_gives_at_every_length()
    {
        float[] values = Counted.Normal(100, seed: 3);
        for (int length = 1; length <= values.Length; length++)
        {
            ActivationHistogram histogram = Counted.Histogram(values[..length]).Histogram;
            Assert.Equal(length, histogram.Total);
            foreach (IGrouping<int, float> bin in values.Take(length).GroupBy(value => (int)(value / histogram.Width)))
                Assert.Equal(bin.Count(), histogram[bin.Key]);
        }
    }

    [Fact]
    public void The_width_fits_the_largest_magnitude() => Counted.Values.Where(values => values.Any(value => Math.Abs(value) > 1e-30)).Sample(values =>
    {
        ActivationHistogram histogram = Counted.Histogram(values).Histogram;
        Assert.InRange(Math.Max(-histogram.First, histogram.Last), ActivationHistogram.BinsPerSide / 2, ActivationHistogram.BinsPerSide - 1);
    });

    [Fact]
    public void The_bins_of_the_extremes_are_the_first_and_the_last() => Counted.Values.Where(values => values.Length > 0).Sample(values =>
    {
        (ActivationHistogram histogram, ActivationRange seen) = Counted.Histogram(values);
        Assert.InRange(seen.Min, histogram.LowerEdge(histogram.First), histogram.UpperEdge(histogram.First));
        Assert.InRange(seen.Max, histogram.LowerEdge(histogram.Last), histogram.UpperEdge(histogram.Last));
    });
}
