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

    /// <summary>The same under several conditions: faster is what is faster under at least one, which the reason names.</summary>
    /// <param name="accuracy">Accuracy does not depend on threads or batch.</param>
    /// <param name="conditions">At least one condition's times.</param>
    /// <param name="maxAccuracyDrop">The largest drop that ships.</param>
    /// <param name="minSpeedup">What the interval must lie beyond.</param>
    public static Verdict Of(AccuracyReport accuracy, IReadOnlyList<ConditionTiming> conditions, double maxAccuracyDrop, double minSpeedup)
    {
        if (conditions.Count == 1)
            return Of(accuracy, conditions[0].Timing, maxAccuracyDrop, minSpeedup);
        ConditionTiming best = conditions.MaxBy(measured => measured.Timing.SpeedupLow)!;
        Verdict verdict = Of(accuracy, best.Timing, maxAccuracyDrop, minSpeedup);
        if (verdict.Name == "inaccurate")
            return verdict;
        // Where it is faster first.
        IEnumerable<string> told = conditions.OrderBy(measured => OfSpeed(measured.Timing, minSpeedup).Ships ? 0 : 1)
            .Select(measured => $"with {measured.Condition} {(measured == best ? verdict : OfSpeed(measured.Timing, minSpeedup)).Reason}");
        return verdict with { Reason = string.Join("; ", told) };
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
