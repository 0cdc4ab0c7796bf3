namespace Octet.Quantization.Calibration;

/// <summary>Cuts the outermost values off: the same share at either end, or all of it at the one end that does not lie at 0.</summary>
public static class PercentileRange
{
    /// <summary>The share that stays inside, in percent.</summary>
    public const double DefaultPercentile = 99.999;

    /// <summary>The narrowest range with edges at bins' edges outside of which no more than the share lies.</summary>
    /// <param name="histogram">The values' counts.</param>
    /// <param name="seen">The range of all values.</param>
    /// <param name="percent">The share that stays inside, in percent.</param>
    public static ActivationRange Of(ActivationHistogram histogram, ActivationRange seen, double percent)
    {
        bool twoSided = seen.Min < 0 && seen.Max > 0;
        long cut = (long)(histogram.Total * (100 - percent) / (twoSided ? 200 : 100));
        float min = seen.Min >= 0 ? seen.Min : seen.Clamp(histogram.LowerEdge(FirstBeyond(histogram, cut, histogram.First, 1)));
        float max = seen.Max <= 0 ? seen.Max : seen.Clamp(histogram.UpperEdge(FirstBeyond(histogram, cut, histogram.Last, -1)));
        return new ActivationRange(min, max);
    }

    private static int FirstBeyond(ActivationHistogram histogram, long cut, int bin, int step)
    {
        for (long outside = histogram[bin]; outside <= cut && bin != 0; outside += histogram[bin])
            bin += step;
        return bin;
    }
}
