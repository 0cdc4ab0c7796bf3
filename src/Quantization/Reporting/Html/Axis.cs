using System.Globalization;

namespace Octet.Quantization.Reporting.Html;

/// <summary>Maps values to a share of the plot's extent, and marks round values.</summary>
internal sealed class Axis
{
    /// <summary>A ratio of the largest to the smallest value beyond which a linear axis would hide the small ones.</summary>
    private const double LogarithmicFrom = 6;

    /// <summary>No figure that means anything is as large (or its inverse as small), and arithmetic with it does not overflow.</summary>
    private const double Extreme = 1e200;

    private readonly double _low;
    private readonly double _high;

    private Axis(double low, double high, bool isLogarithmic)
    {
        IsLogarithmic = isLogarithmic;
        _low = Transform(low);
        _high = Transform(high);
    }

    public bool IsLogarithmic { get; }

    /// <summary>An axis over positive values, logarithmic where they differ in size.</summary>
    public static Axis ForPositive(double low, double high)
    {
        low = Math.Clamp(low, 1 / Extreme, Extreme);
        high = Math.Clamp(high, low, Extreme);
        if (high / low > LogarithmicFrom)
            return new Axis(low / 1.1, high * 1.1, isLogarithmic: true);
        double margin = Margin(low, high);
        return new Axis(Math.Max(0, low - margin), high + margin, isLogarithmic: false);
    }

    /// <summary>A linear axis with some room at both ends.</summary>
    public static Axis Linear(double low, double high)
    {
        low = Math.Clamp(low, -Extreme, Extreme);
        high = Math.Clamp(high, low, Extreme);
        double margin = Margin(low, high);
        return new Axis(low - margin, high + margin, isLogarithmic: false);
    }

    /// <summary>0 at the axis's low end, 1 at its high end; a value beyond an end is at that end.</summary>
    public double Share(double value) => Math.Clamp((Transform(value) - _low) / (_high - _low), 0, 1);

    /// <summary>Round values within the axis, about <paramref name="count"/> of them.</summary>
    public IReadOnlyList<double> Ticks(int count)
    {
        if (IsLogarithmic)
        {
            double decades = _high - _low;
            double[] steps = decades < 1.3 ? [1, 2, 3, 5] : decades < 2.5 ? [1, 3] : [1];
            int stride = (int)Math.Ceiling(decades / (count + 3));
            int first = (int)Math.Floor(_low);
            return
            [
                .. Enumerable.Range(0, (int)Math.Ceiling(decades / stride) + 2)
                    .Select(i => first + i * stride)
                    .SelectMany(decade => steps.Select(step => step * Math.Pow(10, decade)))
                    .Where(value => Math.Log10(value) >= _low && Math.Log10(value) <= _high),
            ];
        }
        double step = RoundStep((_high - _low) / count);
        long firstStep = (long)Math.Ceiling(_low / step);
        long lastStep = (long)Math.Floor(_high / step);
        return [.. Enumerable.Range(0, (int)(lastStep - firstStep) + 1).Select(i => (firstStep + i) * step)];
    }

    /// <summary>A tick's label, without digits that say nothing.</summary>
    public static string Label(double value) => value.ToString("G6", CultureInfo.InvariantCulture);

    /// <summary>Values that are all but the same must not be torn apart.</summary>
    private static double Margin(double low, double high) => Math.Max((high - low) * 0.06, Math.Max(Math.Abs(high) * 0.002, 1e-9));

    /// <summary>The nearest of 1, 2 and 5 times a power of ten.</summary>
    private static double RoundStep(double step)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return power * (step / power) switch
        {
            < 1.5 => 1,
            < 3.5 => 2,
            < 7.5 => 5,
            _ => 10,
        };
    }

    private double Transform(double value) => IsLogarithmic ? Math.Log10(value) : value;
}
