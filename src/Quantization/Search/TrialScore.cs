using Octet.Quantization.Measurement;
using Octet.Quantization.Reporting;

namespace Octet.Quantization.Search;

/// <summary>How near a trial comes to the float model.</summary>
/// <param name="Drop">The accuracy drop, in the unit of the report.</param>
/// <param name="SqnrDb">The signal-to-quantization-noise ratio of the worst output, dB.</param>
/// <param name="DropError">What chance alone does to the drop: one standard error of a share, 0 where the drop is no share.</param>
public readonly record struct TrialScore(double Drop, double SqnrDb, double DropError = 0)
{
    // Rounding alone moves the ratio by a few hundredths.
    private const double LeastGainDb = 0.1;

    /// <summary>Whether this is better, beyond what chance does: a smaller drop, or about the same with less noise.</summary>
    /// <remarks>A sample more or less says little of a few dozen; the noise says more.</remarks>
    public bool Beats(TrialScore other)
    {
        double chance = Math.Max(DropError, other.DropError);
        double fewer = Loss(other) - Loss(this);
        return fewer > chance || (fewer >= -chance && SqnrDb >= other.SqnrDb + LeastGainDb);
    }

    /// <summary>What a meter has gathered.</summary>
    internal static TrialScore Of(AccuracyMeter meter)
    {
        AccuracyReport report = meter.ToReport(verified: true);
        // Standard error of a share: sqrt(p (1 - p) / n), of one wrong in n at least.
        double share = Math.Clamp(report.Drop, 1.0 / Math.Max(2, report.Samples), 0.5);
        double error = report.Metric == "sqnr-db" || report.Samples == 0 ? 0 : Math.Sqrt(share * (1 - share) / report.Samples);
        return new TrialScore(report.Drop, meter.SqnrDb, error);
    }

    // Where the variant happens to be right more often than float, that is chance.
    private static double Loss(TrialScore score) => Math.Max(0, score.Drop);
}
