using CsCheck;
using Octet.Quantization.Calibration;

namespace Octet.Quantization.Tests.Calibration;

/// <summary>Values as calibration sees them.</summary>
internal static class Counted
{
    /// <summary>Finite floats of every magnitude, the smallest and the largest included, and arrays of one magnitude as tensors are.</summary>
    public static readonly Gen<float[]> Values = Gen.OneOf(
        Gen.Float.Where(float.IsFinite).Array[0, 100],
        Gen.Select(Gen.Float[-1, 1].Array[0, 300], Gen.Int[-130, 127]).Select((values, exponent) => values.Select(value => MathF.ScaleB(value, exponent)).ToArray()),
        Gen.Float[-1, 10].Array[1, 300].Select(values => values.Select(value => MathF.Max(0, value)).ToArray()));

    public static TensorStatistics Statistics(params float[][] samples)
    {
        TensorStatistics statistics = new(withHistogram: true);
        HistogramCounter counter = new();
        foreach (float[] sample in samples)
            statistics.Add(sample, counter);
        return statistics;
    }

    public static (ActivationHistogram Histogram, ActivationRange Seen) Histogram(IEnumerable<float> values)
    {
        TensorStatistics statistics = Statistics([.. values]);
        return (statistics.Histogram!, statistics.Range);
    }

    /// <summary>Values of a normal distribution with some far outliers, in a reproducible order.</summary>
    public static float[] Normal(int count, int seed, bool positive = false, int outliers = 0)
    {
        Random random = new(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
        {
            double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            values[i] = (float)(positive ? Math.Max(0, normal) : normal);
        }
        for (int i = 0; i < outliers; i++)
            values[i] = 20 + i;
        return values;
    }
}
