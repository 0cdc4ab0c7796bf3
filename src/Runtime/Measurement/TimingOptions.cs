namespace Octet.Runtime;

/// <summary>How long and how often <see cref="InterleavedTiming"/> measures.</summary>
public sealed record TimingOptions
{
    /// <summary>The time for everything, warm-up included.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Runs of each candidate that are not counted.</summary>
    public int MinimumWarmups { get; init; } = 3;

    /// <summary>Rounds that are measured even where the budget ends before; only a round that is longer than the whole budget ends this.</summary>
    public int MinimumRounds { get; init; } = 15;

    /// <summary>Rounds that are enough even where budget is left.</summary>
    public int MaximumRounds { get; init; } = 200;

    /// <summary>Is told between rounds what share of the measurement is done, from 0 to 1; null for nobody.</summary>
    public IProgress<double>? Progress { get; init; }
}
