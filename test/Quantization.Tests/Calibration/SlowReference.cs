using Octet.Quantization.Calibration;

namespace Octet.Quantization.Tests.Calibration;

/// <summary>The costs of a candidate range, written as their definitions read: bin by bin, no prefix sums.</summary>
internal static class SlowReference
{
    private const int Levels = 256;

    /// <summary>Kullback-Leibler divergence of the quantized distribution from the clipped one.</summary>
    public static double Divergence(ActivationHistogram histogram, int first, int last)
    {
        double Count(int bin) => bin == 0 ? histogram[1] + histogram[-1] : histogram[bin];
        int bins = last - first + 1;
        double[] p = [.. Enumerable.Range(first, bins).Select(Count)];
        double[] inside = [.. p];
        p[0] += Enumerable.Range(histogram.First, Math.Max(0, first - histogram.First)).Sum(Count);
        p[^1] += Enumerable.Range(last + 1, Math.Max(0, histogram.Last - last)).Sum(Count);

        double[] q = new double[bins];
        foreach (IGrouping<int, int> level in Enumerable.Range(0, bins).GroupBy(bin => (int)((long)bin * Levels / bins)))
        {
            int[] filled = [.. level.Where(bin => p[bin] > 0)];
            foreach (int bin in filled)
                q[bin] = level.Sum(other => inside[other]) / filled.Length;
        }

        double pSum = p.Sum(), qSum = q.Sum();
        return Enumerable.Range(0, bins).Where(bin => p[bin] > 0).Sum(bin => q[bin] == 0 ? double.PositiveInfinity : p[bin] / pSum * Math.Log(p[bin] / pSum / (q[bin] / qSum)));
    }

    /// <summary>Sum over bins of count times squared distance of the middle from its level, in squares of the width.</summary>
    public static double SquaredError(ActivationHistogram histogram, ActivationRange seen, int first, int last)
    {
        double min = Math.Min(0, Math.Max(seen.Min, histogram.LowerEdge(first)));
        double max = Math.Max(0, Math.Min(seen.Max, histogram.UpperEdge(last)));
        if (first == 0)
            min = Math.Min(0, seen.Min);
        double scale = (max - min) / (Levels - 1);
        double zeroPoint = Math.Round(-min / scale);
        return Enumerable.Range(histogram.First, histogram.Last - histogram.First + 1).Sum(bin =>
        {
            double value = histogram.Middle(bin);
            double level = Math.Clamp(Math.Round(value / scale) + zeroPoint, 0, Levels - 1);
            double error = (value - (level - zeroPoint) * scale) / histogram.Width;
            return histogram[bin] * error * error;
        });
    }
}
