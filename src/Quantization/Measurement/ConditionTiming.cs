using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>What a candidate took under one condition.</summary>
/// <param name="Condition">Threads and batch.</param>
/// <param name="Timing">The times, beside the float model's of the same condition.</param>
public sealed record ConditionTiming(MeasuringCondition Condition, TimingResult Timing)
{
    /// <summary>The row of the report.</summary>
    public ConditionFigures ToFigures() => new(Condition.Threads, Condition.BatchSize, Timing.MedianMilliseconds, Timing.Speedup, Timing.SpeedupLow, Timing.SpeedupHigh);
}
