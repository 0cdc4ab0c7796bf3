using Octet.Quantization.Measurement;

namespace Octet.Quantization.Search;

/// <summary>How near a trial comes to the float model.</summary>
/// <param name="Drop">The accuracy drop, in the unit of the report.</param>
/// <param name="SqnrDb">The signal-to-quantization-noise ratio of the worst output, dB.</param>
public readonly record struct TrialScore(double Drop, double SqnrDb)
{
    // Rounding alone moves the ratio by a few hundredths.
    private const double LeastGainDb = 0.1;

    /// <summary>Whether this is better, beyond what chance does: a smaller drop, or the same with less noise.</summary>
    public bool Beats(TrialScore other) => Drop < other.Drop || (Drop == other.Drop && SqnrDb >= other.SqnrDb + LeastGainDb);

    /// <summary>What a meter has gathered.</summary>
    internal static TrialScore Of(AccuracyMeter meter) => new(meter.ToReport(verified: true).Drop, meter.SqnrDb);
}
