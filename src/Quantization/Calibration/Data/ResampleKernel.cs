namespace Octet.Quantization.Calibration.Data;

/// <summary>Which source pixels make each target pixel along one axis, and with which weights.</summary>
/// <remarks>
/// A triangle filter, as wide as the distance of two target pixels but never narrower than that of two source pixels: bilinear
/// interpolation when an image grows, an average without aliases when it shrinks. Pixels count at their centres.
/// </remarks>
internal sealed class ResampleKernel
{
    private readonly int[] _first;
    private readonly float[][] _weights;

    /// <param name="source">The source's extent in pixels.</param>
    /// <param name="target">The target's extent in pixels.</param>
    /// <param name="start">Where in the source the target begins.</param>
    /// <param name="extent">How much of the source the target shows.</param>
    public ResampleKernel(int source, int target, double start, double extent)
    {
        _first = new int[target];
        _weights = new float[target][];
        double scale = extent / target;
        double support = Math.Max(scale, 1);
        Span<double> taps = new double[(int)Math.Ceiling(2 * support) + 1];
        for (int i = 0; i < target; i++)
        {
            double centre = start + (i + 0.5) * scale;
            int first = Math.Max(0, (int)Math.Floor(centre - support));
            int end = Math.Min(source, (int)Math.Ceiling(centre + support));
            // The outermost pixels may lie where the filter is zero.
            while (first < end - 1 && Weight(first) <= 0)
                first++;
            while (end > first + 1 && Weight(end - 1) <= 0)
                end--;

            double sum = 0;
            for (int j = first; j < end; j++)
                sum += taps[j - first] = Weight(j);
            _first[i] = first;
            _weights[i] = new float[end - first];
            for (int j = 0; j < end - first; j++)
                _weights[i][j] = (float)(taps[j] / sum);

            double Weight(int pixel) => 1 - Math.Abs(pixel + 0.5 - centre) / support;
        }
    }

    /// <summary>The target's extent in pixels.</summary>
    public int Target => _first.Length;

    /// <summary>The first source pixel that any target pixel needs.</summary>
    public int Begin => _first[0];

    /// <summary>The source pixel behind the last that any target pixel needs.</summary>
    public int End => _first[^1] + _weights[^1].Length;

    /// <summary>The source pixel that <see cref="Weights"/> begins with.</summary>
    public int First(int target) => _first[target];

    /// <summary>The weights of successive source pixels; their sum is 1.</summary>
    public ReadOnlySpan<float> Weights(int target) => _weights[target];
}
