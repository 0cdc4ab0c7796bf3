using System.Collections.Immutable;

namespace Octet.Runtime;

/// <summary>What a variant took under one of the conditions that the build measured.</summary>
/// <param name="Threads">Intra-operator threads; 0 is ONNX Runtime's own choice.</param>
/// <param name="BatchSize">Extent of the batch dimension.</param>
/// <param name="MedianMilliseconds">Median latency of one run.</param>
/// <param name="Speedup">Median of the paired ratios float / variant.</param>
/// <param name="SpeedupLow">Lower end of the ratio's 95 % interval.</param>
/// <param name="SpeedupHigh">Upper end of it.</param>
public sealed record ConditionFigures(int Threads, int BatchSize, double MedianMilliseconds, double Speedup, double SpeedupLow, double SpeedupHigh)
{
    /// <summary>The figures under the condition nearest to one that may not have been measured: by threads, then by batch, each by its ratio.</summary>
    /// <param name="conditions">What was measured; may be default.</param>
    /// <param name="threads">Intra-operator threads; 0, ONNX Runtime's own choice, counts as one a core unless it was measured as such.</param>
    /// <param name="batchSize">Extent of the batch dimension.</param>
    /// <returns>Null where nothing was measured.</returns>
    internal static ConditionFigures? Nearest(ImmutableArray<ConditionFigures> conditions, int threads, int batchSize) => conditions.IsDefaultOrEmpty
        ? null
        : conditions.OrderBy(condition => condition.Threads == threads ? 0 : 1)
            .ThenBy(condition => Distance(Count(condition.Threads), Count(threads)))
            .ThenBy(condition => Distance(condition.BatchSize, batchSize))
            .First();

    private static int Count(int threads) => threads == 0 ? MachineDescription.Current.Cores : threads;

    private static double Distance(int one, int other) => Math.Abs(Math.Log((double)one / other));
}
