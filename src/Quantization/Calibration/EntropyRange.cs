using System.Numerics.Tensors;

namespace Octet.Quantization.Calibration;

/// <summary>
/// The range that loses the least information (Migacz, "8-bit Inference with TensorRT", GTC 2017): every clipping threshold is tried, and that
/// with the least Kullback-Leibler divergence of the quantized distribution from the original is kept.
/// </summary>
/// <remarks>
/// Of a candidate's bins the original P takes each bin's count, the outermost also what was clipped beyond it; the quantized Q shares the bins
/// out among 256 levels and spreads each level's count evenly over those of its bins that are not empty in P. With prefix sums of counts, of
/// c ln c and of non-empty bins a candidate costs 256 logarithms, not a pass over its bins:
/// D = sum over bins of P ln P - sum over levels of P(level) ln Q(level's bins).
/// Bin 0 takes part with the count of its neighbours: real 0 is exact in every affine quantization, so that the many zeros behind a Relu have
/// nothing to lose and would otherwise narrow the range for nothing.
/// </remarks>
public sealed class EntropyRange
{
    private readonly int _origin;
    private readonly double[] _counts;
    private readonly double[] _sums;
    private readonly double[] _entropies;
    private readonly int[] _filled;
    private readonly double[] _ratios = new double[RangeSearch.Levels];
    private readonly double[] _weights = new double[RangeSearch.Levels];

    private EntropyRange(ActivationHistogram histogram)
    {
        _origin = -Math.Min(0, histogram.First);
        int bins = _origin + Math.Max(0, histogram.Last) + 1;
        _counts = new double[bins];
        _sums = new double[bins + 1];
        _entropies = new double[bins + 1];
        _filled = new int[bins + 1];
        for (int i = 0; i < bins; i++)
        {
            int bin = i - _origin;
            _counts[i] = bin == 0 ? histogram[1] + histogram[-1] : histogram[bin];
            _sums[i + 1] = _sums[i] + _counts[i];
            _entropies[i + 1] = _entropies[i] + TimesLogarithm(_counts[i]);
            _filled[i + 1] = _filled[i] + (_counts[i] > 0 ? 1 : 0);
        }
    }

    /// <summary>Finds the range: both ends where values lie on both sides of 0, else the one that does not lie at 0.</summary>
    /// <param name="histogram">The values' counts.</param>
    /// <param name="seen">The range of all values, which the result does not exceed.</param>
    public static ActivationRange Of(ActivationHistogram histogram, ActivationRange seen) =>
        RangeSearch.Minimize(histogram, seen, new EntropyRange(histogram).Divergence);

    /// <summary>The divergence in nats of what 256 levels over these bins leave of the distribution; infinite where nothing would be left of some of it.</summary>
    internal static double Divergence(ActivationHistogram histogram, int first, int last) => new EntropyRange(histogram).Divergence(first, last);

    private double Divergence(int first, int last)
    {
        int start = first + _origin;
        int end = last + _origin + 1;
        double total = _sums[^1];
        double inside = _sums[end] - _sums[start];
        double below = _sums[start];
        double above = total - _sums[end];
        if (inside <= 0)
            return total > 0 ? double.PositiveInfinity : 0;

        int bins = end - start;
        int previous = start;
        for (int level = 0; level < RangeSearch.Levels; level++)
        {
            int next = start + ((level + 1) * bins + RangeSearch.Levels - 1) / RangeSearch.Levels;
            double count = _sums[next] - _sums[previous];
            double weight = count;
            int filled = _filled[next] - _filled[previous];
            if (level == 0 && below > 0)
                Spread(start, below, ref weight, ref filled);
            if (level == RangeSearch.Levels - 1 && above > 0)
                Spread(end - 1, above, ref weight, ref filled);
            if (weight > 0 && count == 0)
                return double.PositiveInfinity;
            _weights[level] = weight;
            _ratios[level] = weight > 0 ? count / filled : 1;
            previous = next;
        }
        TensorPrimitives.Log(_ratios, _ratios);
        double cross = TensorPrimitives.Dot<double>(_weights, _ratios);

        double original = _entropies[end] - _entropies[start];
        if (start == end - 1)
            original += TimesLogarithm(_counts[start] + below + above) - TimesLogarithm(_counts[start]);
        else
            original += TimesLogarithm(_counts[start] + below) - TimesLogarithm(_counts[start])
                + TimesLogarithm(_counts[end - 1] + above) - TimesLogarithm(_counts[end - 1]);
        return (original - cross) / total - Math.Log(total) + Math.Log(inside);
    }

    private void Spread(int edge, double clipped, ref double weight, ref int filled)
    {
        weight += clipped;
        if (_counts[edge] == 0)
            filled++;
    }

    private static double TimesLogarithm(double count) => count > 0 ? count * Math.Log(count) : 0;
}
