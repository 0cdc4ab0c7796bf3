using System.Globalization;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>What the figures say of a variant, and why.</summary>
/// <param name="Name">baseline, faster, slower, inaccurate or failed.</param>
/// <param name="Reason">The figures in words.</param>
public sealed record Verdict(string Name, string Reason)
{
    /// <summary>The float model's own.</summary>
    public static Verdict Baseline { get; } = new("baseline", "the float model");

    /// <summary>Whether the variant ships.</summary>
    public bool Ships => Name == "faster";

    /// <summary>A variant that could not be made, loaded or run, or that runs no integer kernel though it should.</summary>
    public static Verdict Failed(string reason) => new("failed", reason);

    /// <summary>Judges measured figures: accuracy first, then speed. Only an interval that lies wholly beyond the margin counts as faster.</summary>
    public static Verdict Of(AccuracyReport accuracy, TimingResult timing, double maxAccuracyDrop, double minSpeedup)
    {
        string drop = $"accuracy drop {Number(accuracy.Drop)} ({accuracy.Metric} {Number(accuracy.Value)}) on {accuracy.Samples} inputs";
        if (double.IsNaN(accuracy.Drop) || accuracy.Drop > maxAccuracyDrop)
            return new Verdict("inaccurate", $"{drop} exceeds {Number(maxAccuracyDrop)}");

        Verdict speed = OfSpeed(timing, minSpeedup);
        return speed.Ships ? speed with { Reason = $"{speed.Reason}, {drop}" } : speed;
    }

    /// <summary>Judges speed alone.</summary>
    public static Verdict OfSpeed(TimingResult timing, double minSpeedup)
    {
        string speed = $"{Ratio(timing.Speedup)} times float's speed ({Ratio(timing.SpeedupLow)} to {Ratio(timing.SpeedupHigh)})";
        if (timing.SpeedupLow >= minSpeedup)
            return new Verdict("faster", speed);
        return timing.SpeedupHigh <= 1
            ? new Verdict("slower", speed)
            : new Verdict("slower", $"{speed}; {Ratio(minSpeedup)} is asked for with confidence");
    }

    private static string Ratio(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}
