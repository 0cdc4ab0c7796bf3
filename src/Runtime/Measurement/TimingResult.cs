using System.Collections.Immutable;

namespace Octet.Runtime;

/// <summary>What one candidate took, alone and beside the baseline.</summary>
/// <param name="MedianMilliseconds">Median latency of one run.</param>
/// <param name="MadMilliseconds">Median absolute deviation of the latency.</param>
/// <param name="Speedup">Median of the ratios baseline / candidate, one a round; 1 for the baseline.</param>
/// <param name="SpeedupLow">Lower end of the ratio's 95 % interval; 0 where there were too few rounds to tell.</param>
/// <param name="SpeedupHigh">Upper end of the ratio's 95 % interval; positive infinity where there were too few rounds to tell.</param>
/// <param name="LatenciesMilliseconds">The latency of one run, one figure a round, in the order measured.</param>
public sealed record TimingResult(
    double MedianMilliseconds,
    double MadMilliseconds,
    double Speedup,
    double SpeedupLow,
    double SpeedupHigh,
    ImmutableArray<double> LatenciesMilliseconds);
