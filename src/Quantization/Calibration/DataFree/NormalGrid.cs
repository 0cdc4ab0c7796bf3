namespace Octet.Quantization.Calibration.DataFree;

/// <summary>
/// Integrals over the normal distribution by the trapezoidal rule: exact to rounding for smooth functions, and to the square of the step for such with
/// a kink. Deterministic, and the same points for every function, so that functions of one value can be multiplied point by point.
/// </summary>
internal static class NormalGrid
{
    private const double Reach = 6;
    private const double Step = 0.125;
    private const int MostAdjustments = 20;

    private static readonly double[] Points = [.. Enumerable.Range(0, (int)(2 * Reach / Step) + 1).Select(i => -Reach + i * Step)];

    // The first and the last point carry the ends of the range, which count for the range and not for the integral.
    private static readonly double[] Weights = MakeWeights();

    /// <summary>The number of values in a curve.</summary>
    public static int Count => Weights.Length;

    /// <summary>
    /// The values of a channel at the points: a normal distribution that ends where the range ends. Where that cuts much, as for the result of a pool that is
    /// never negative, the uncut distribution is chosen such that mean and variance stay what they are.
    /// </summary>
    public static double[] Curve(Moments moments)
    {
        double center = moments.Mean, deviation = Math.Sqrt(moments.Variance);
        double[] curve = Cut(moments.Range, center, deviation);
        for (int i = 0; i < MostAdjustments; i++)
        {
            Moments cut = Integrate(curve, moments.Bounds);
            double off = moments.Mean - cut.Mean, ratio = cut.Variance > 0 ? Math.Sqrt(moments.Variance / cut.Variance) : 1;
            if (Math.Abs(off) <= 1e-6 * deviation && Math.Abs(ratio - 1) <= 1e-6)
                break;
            center += off;
            deviation *= ratio;
            curve = Cut(moments.Range, center, deviation);
        }
        return curve;
    }

    /// <summary>Mean, variance and range of what takes the values of the curve.</summary>
    public static Moments Integrate(ReadOnlySpan<double> curve, Interval bounds)
    {
        double mean = 0, variance = 0;
        Interval range = Interval.Empty;
        for (int i = 0; i < curve.Length; i++)
        {
            mean += Weights[i] * curve[i];
            range = range.Hull(new Interval(curve[i], curve[i]));
        }
        for (int i = 0; i < curve.Length; i++)
            variance += Weights[i] * (curve[i] - mean) * (curve[i] - mean);
        return new Moments(mean, variance, range.Intersect(bounds), bounds);
    }

    /// <summary>
    /// The largest of <paramref name="count"/> independent values of the curve: its distribution function is theirs to the power of count.
    /// </summary>
    public static Moments Largest(ReadOnlySpan<double> curve, double count, Interval bounds)
    {
        double[] values = curve.ToArray();
        double[] weights = [.. Weights];
        Array.Sort(values, weights);
        double below = 0, mean = 0, square = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double upTo = Math.Min(1, below + weights[i]);
            double weight = Math.Pow(upTo, count) - Math.Pow(below, count);
            mean += weight * values[i];
            square += weight * values[i] * values[i];
            below = upTo;
        }
        return new Moments(mean, Math.Max(0, square - mean * mean), new Interval(values[0], values[^1]), bounds);
    }

    private static double[] Cut(Interval range, double center, double deviation) =>
        [range.Low, .. Points.Select(point => range.Clamp(center + deviation * point)), range.High];

    private static double[] MakeWeights()
    {
        double[] densities = [.. Points.Select(point => Math.Exp(-point * point / 2))];
        double sum = densities.Sum();
        return [0, .. densities.Select(density => density / sum), 0];
    }
}
