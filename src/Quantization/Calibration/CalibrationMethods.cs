using System.Collections.Immutable;

namespace Octet.Quantization.Calibration;

/// <summary>How a range is found from a tensor's statistics, by the names that options, recipes and documents use.</summary>
public static class CalibrationMethods
{
    /// <summary>From the smallest to the largest value.</summary>
    public const string MinMax = "minmax";

    /// <summary>From the mean of the samples' smallest to the mean of their largest values.</summary>
    public const string MovingAverage = "moving-average";

    /// <summary>What holds all but the outermost 0.001 % of the values.</summary>
    public const string Percentile = "percentile";

    /// <summary>What loses the least information, by the divergence between the values' distributions before and after.</summary>
    public const string Entropy = "entropy";

    /// <summary>What has the least mean squared error.</summary>
    public const string Mse = "mse";

    /// <summary>Each in turn: the one whose variant is the most accurate on the samples is kept.</summary>
    public const string Auto = "auto";

    /// <summary>From what training has left in the BatchNormalizations: what is used where there is no data, and cannot be asked for.</summary>
    public const string BatchNormalization = "batch-normalization";

    /// <summary>The methods, in the order in which <see cref="Auto"/> tries them.</summary>
    public static ImmutableArray<string> All { get; } = [MinMax, MovingAverage, Percentile, Entropy, Mse];

    /// <summary>Whether the name is a method or <see cref="Auto"/>.</summary>
    public static bool IsKnown(string method) => method == Auto || All.Contains(method);

    /// <summary>Whether values must be counted; the others need their range in each sample only.</summary>
    public static bool NeedsHistogram(string method) => method is not (MinMax or MovingAverage);

    /// <summary>The range of one tensor. Never wider than that of the values seen.</summary>
    /// <exception cref="ArgumentException">The method is not one of <see cref="All"/>, or it needs a histogram and there is none.</exception>
    public static ActivationRange Range(string method, TensorStatistics statistics)
    {
        ActivationRange seen = statistics.Range;
        if (!seen.IsUsable)
            return seen;
        return method switch
        {
            MinMax => seen,
            MovingAverage => new ActivationRange(seen.Clamp(statistics.Minima.Mean(statistics.Samples)), seen.Clamp(statistics.Maxima.Mean(statistics.Samples))),
            Percentile => PercentileRange.Of(Histogram(statistics), seen, PercentileRange.DefaultPercentile),
            Entropy => EntropyRange.Of(Histogram(statistics), seen),
            Mse => SquaredErrorRange.Of(Histogram(statistics), seen),
            _ => throw new ArgumentException($"'{method}' is no calibration method.", nameof(method)),
        };
    }

    private static ActivationHistogram Histogram(TensorStatistics statistics) =>
        statistics.Histogram ?? throw new ArgumentException("The statistics hold no histogram.", nameof(statistics));
}
