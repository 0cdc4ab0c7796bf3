namespace Octet.Quantization.Calibration.DataFree;

/// <summary>What is known of the values of one channel.</summary>
/// <param name="Mean">Their mean.</param>
/// <param name="Variance">Their variance.</param>
/// <param name="Range">Where they are expected: the chosen number of standard deviations around the mean, and what becomes of it behind functions.</param>
/// <param name="Bounds">Where they are bound to be, whatever the input; may be infinite.</param>
internal readonly record struct Moments(double Mean, double Variance, Interval Range, Interval Bounds)
{
    /// <summary>A value that is always the same.</summary>
    public static Moments Of(double constant) => new(constant, 0, new Interval(constant, constant), new Interval(constant, constant));

    /// <summary>A normal distribution.</summary>
    /// <param name="mean">Its mean.</param>
    /// <param name="variance">Its variance.</param>
    /// <param name="deviations">How many standard deviations the range reaches to either side.</param>
    /// <param name="bounds">What the values cannot leave.</param>
    public static Moments Normal(double mean, double variance, double deviations, Interval bounds)
    {
        double inside = bounds.Clamp(mean);
        double reach = deviations * Math.Sqrt(variance);
        return new Moments(inside, variance, new Interval(inside - reach, inside + reach).Intersect(bounds), bounds);
    }

    /// <summary>Values drawn from each part alike: mean of the means, and by the law of total variance the mean variance plus the variance of the means.</summary>
    public static Moments Mixture(ReadOnlySpan<Moments> parts)
    {
        double mean = 0, square = 0;
        Interval range = Interval.Empty, bounds = Interval.Empty;
        foreach (Moments part in parts)
        {
            mean += part.Mean / parts.Length;
            range = range.Hull(part.Range);
            bounds = bounds.Hull(part.Bounds);
        }
        foreach (Moments part in parts)
            square += (part.Variance + (part.Mean - mean) * (part.Mean - mean)) / parts.Length;
        return new Moments(mean, square, range, bounds);
    }

    /// <summary>
    /// The mean of <paramref name="count"/> values of the channel. Neighbours in an image are alike, so their mean varies more than that of independent
    /// values: variance * (r + (1 - r) / count), with r the correlation of two of them.
    /// </summary>
    public Moments MeanOf(double count, double correlation, double deviations)
    {
        double shrink = correlation + (1 - correlation) / count;
        double reach = Math.Sqrt(shrink);
        Interval range = new(Mean - (Mean - Range.Low) * reach, Mean + (Range.High - Mean) * reach);
        // A rectified channel has no tail below, but the mean of many of its values has.
        Moments normal = Normal(Mean, Variance * shrink, deviations, Bounds);
        return normal with { Range = range.Hull(normal.Range).Intersect(Range) };
    }
}
