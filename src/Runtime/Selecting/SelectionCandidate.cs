namespace Octet;

/// <summary>One variant in the table of a <see cref="Selection"/>: this machine's figures beside the build's.</summary>
public sealed record SelectionCandidate
{
    /// <summary>The variant's name: float, int8, ...</summary>
    public required string Variant { get; init; }

    /// <summary>How far it came.</summary>
    public CandidateState State { get; init; }

    /// <summary>Why it came no further, in words and figures; empty where it was measured.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Median latency of one run on this machine, milliseconds; null where it was not measured.</summary>
    public double? MedianMilliseconds { get; init; }

    /// <summary>Median of the paired ratios float / variant on this machine; null where it was not measured.</summary>
    public double? Speedup { get; init; }

    /// <summary>Lower end of the ratio's 95 % interval; null where it was not measured.</summary>
    public double? SpeedupLow { get; init; }

    /// <summary>Upper end of the ratio's 95 % interval; null where it was not measured, positive infinity where too few rounds fitted in.</summary>
    public double? SpeedupHigh { get; init; }

    /// <summary>SQNR of its outputs on the probe against the stored float outputs, dB; null where it was not compared.</summary>
    public double? SqnrDb { get; init; }

    /// <summary>The file's length in bytes, as the build wrote it.</summary>
    public long SizeBytes { get; init; }

    /// <summary>The build's median latency, milliseconds; 0 where the build did not measure it.</summary>
    public double BuildMedianMilliseconds { get; init; }

    /// <summary>The build's ratio float / variant; 0 where the build did not measure it.</summary>
    public double BuildSpeedup { get; init; }

    /// <summary>The build's SQNR on the probe, dB; null where the build did not compare it.</summary>
    public double? BuildSqnrDb { get; init; }

    /// <summary>The build's verdict: baseline, faster, slower, inaccurate or failed.</summary>
    public string BuildVerdict { get; init; } = "";

    /// <summary>Whether its file is there and nothing is known against it.</summary>
    internal bool IsUsable => State is CandidateState.Measured or CandidateState.NotMeasured;
}
