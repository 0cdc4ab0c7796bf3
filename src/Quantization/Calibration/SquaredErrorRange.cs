namespace Octet.Quantization.Calibration;

/// <summary>
/// The range of least mean squared error: what clipping costs the values outside, against what coarser levels cost those inside (as in Banner
/// et al. 2019, "Post training 4-bit quantization", with the histogram in place of a distribution's formula).
/// </summary>
/// <remarks>
/// The levels are those that the integers will stand for, scale * (q - zero point), with real 0 among them. All values of a bin count as lying
/// in its middle. With prefix sums of counts, first and second moments a level costs three differences:
/// sum (x - v)^2 = sum x^2 - 2 v sum x + v^2 n.
/// </remarks>
public sealed class SquaredErrorRange
{
    private readonly ActivationHistogram _histogram;
    private readonly ActivationRange _seen;
    private readonly int _lowest;
    private readonly int _highest;
    private readonly double[] _counts;
    private readonly double[] _sums;
    private readonly double[] _squares;

    private SquaredErrorRange(ActivationHistogram histogram, ActivationRange seen)
    {
        _histogram = histogram;
        _seen = seen;
        _lowest = Math.Min(0, histogram.First);
        _highest = Math.Max(0, histogram.Last);
        int bins = _highest - _lowest + 1;
        _counts = new double[bins + 1];
        _sums = new double[bins + 1];
        _squares = new double[bins + 1];
        for (int i = 0; i < bins; i++)
        {
            // In units of the bins' width, so that squares of very large and very small values stay within a double's range.
            double middle = Middle(_lowest + i);
            double count = histogram[_lowest + i];
            _counts[i + 1] = _counts[i] + count;
            _sums[i + 1] = _sums[i] + count * middle;
            _squares[i + 1] = _squares[i] + count * middle * middle;
        }
    }

    /// <summary>Finds the range: both ends where values lie on both sides of 0, else the one that does not lie at 0.</summary>
    /// <param name="histogram">The values' counts.</param>
    /// <param name="seen">The range of all values, which the result does not exceed.</param>
    public static ActivationRange Of(ActivationHistogram histogram, ActivationRange seen) =>
        RangeSearch.Minimize(histogram, seen, new SquaredErrorRange(histogram, seen).Error);

    /// <summary>The sum of squared errors of 256 levels over these bins, in squares of the bins' width.</summary>
    internal static double Error(ActivationHistogram histogram, ActivationRange seen, int first, int last) => new SquaredErrorRange(histogram, seen).Error(first, last);

    private double Error(int first, int last)
    {
        double min = first == _lowest ? Math.Min(0, _seen.Min / _histogram.Width) : Math.Max(_seen.Min / _histogram.Width, first - 1);
        double max = last == _highest ? Math.Max(0, _seen.Max / _histogram.Width) : Math.Min(_seen.Max / _histogram.Width, last + 1);
        double scale = (max - min) / (RangeSearch.Levels - 1);
        if (scale <= 0)
            return _squares[^1];
        int zeroPoint = (int)Math.Round(-min / scale, MidpointRounding.ToEven);

        double error = 0;
        int previous = 0;
        for (int level = 0; level < RangeSearch.Levels; level++)
        {
            double value = (level - zeroPoint) * scale;
            // The outermost levels take all that lies beyond them.
            int next = level == RangeSearch.Levels - 1 ? _counts.Length - 1 : Math.Max(previous, FirstBinFrom(value + scale / 2));
            error += _squares[next] - _squares[previous]
                - 2 * value * (_sums[next] - _sums[previous])
                + value * value * (_counts[next] - _counts[previous]);
            previous = next;
        }
        return error;
    }

    // The position of the first bin whose middle is at the boundary or beyond, 0 being the lowest bin.
    private int FirstBinFrom(double boundary)
    {
        int bin = boundary > 0 ? Math.Max(1, (int)Math.Ceiling(boundary - 0.5)) : Math.Min(0, (int)Math.Ceiling(boundary + 0.5));
        return Math.Clamp(bin, _lowest, _highest + 1) - _lowest;
    }

    private static double Middle(int bin) => bin + 0.5 * int.Sign(bin);
}
