using System.Globalization;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>Whether a machine is quiet enough to decide by: the same model, timed as if it were two, must be as fast as itself.</summary>
internal static class MeasurementNoise
{
    /// <summary>A latency that typically strays this far from its median is another program's, not the model's.</summary>
    private const double LargestRelativeDeviation = 0.1;

    /// <summary>No one asks for differences below this.</summary>
    private const double SmallestMargin = 0.01;

    /// <summary>What speaks against the measurement, in words and figures; null where nothing does.</summary>
    /// <param name="baseline">The baseline's times.</param>
    /// <param name="again">Those of a second session of the same file, in turns with it.</param>
    /// <param name="minSpeedup">The speed-up that is to be decided: 1.05 is 5 %.</param>
    public static string? Of(TimingResult baseline, TimingResult again, double minSpeedup)
    {
        double bound = 1 + Math.Max(SmallestMargin, minSpeedup - 1);
        if (again.SpeedupLow < 1 / bound || again.SpeedupHigh > bound)
            return Text($"the baseline measured {again.Speedup:0.00} times as fast as itself ({again.SpeedupLow:0.00} to {again.SpeedupHigh:0.00}), so that {bound:0.00} cannot be told from 1");
        double deviation = baseline.MadMilliseconds / baseline.MedianMilliseconds;
        return deviation > LargestRelativeDeviation ? Text($"half of the baseline's runs are more than {100 * deviation:0} % away from their median") : null;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
