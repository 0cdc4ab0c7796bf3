using System.Collections.Immutable;
using System.Globalization;

namespace Octet.Runtime;

/// <summary>Which of the measured variants is taken.</summary>
internal static class SelectionRule
{
    /// <summary>What the whole interval of a variant's speed-up must lie beyond at start.</summary>
    /// <remarks>
    /// Half of what the build asked for. The build has already proven the full figure with a larger budget; asking for it again in
    /// a shorter measurement would drop variants that are just above it now and then, while asking for nothing would take variants that
    /// bring nothing on this machine.
    /// </remarks>
    /// <param name="minSpeedup">The build's bar: 1.05 is 5 %.</param>
    public static double Margin(double minSpeedup) => 1 + (minSpeedup - 1) / 2;

    /// <summary>
    /// Takes the float model, unless variants are faster with the whole interval of their ratio; of those the fastest by median. Where others
    /// are within the margin of it, that is no difference, and the one nearest to the float model is taken.
    /// </summary>
    /// <param name="candidates">The float model first; only the measured ones count.</param>
    /// <param name="minSpeedup">The build's bar.</param>
    public static (string Variant, string Reason) Choose(ImmutableArray<SelectionCandidate> candidates, double minSpeedup)
    {
        double margin = Margin(minSpeedup);
        SelectionCandidate[] measured = [.. candidates.Skip(1).Where(static candidate => candidate.State == CandidateState.Measured)];
        SelectionCandidate[] winners = [.. measured.Where(candidate => candidate.SpeedupLow > margin).OrderBy(static candidate => candidate.MedianMilliseconds)];

        if (winners.Length > 0)
        {
            double? asFast = winners[0].MedianMilliseconds * Math.Max(1, margin);
            SelectionCandidate chosen = winners
                .TakeWhile(candidate => candidate.MedianMilliseconds <= asFast)
                .OrderByDescending(static candidate => candidate.SqnrDb ?? double.NegativeInfinity)
                .First();
            return (chosen.Variant, $"It runs {Describe(chosen)}.");
        }

        if (measured.Length > 0)
        {
            SelectionCandidate best = measured.OrderByDescending(static candidate => candidate.Speedup).First();
            return (ModelManifest.FloatVariant, FormattableString.Invariant(
                $"No variant is surely faster here: the best, {best.Variant}, runs {Describe(best)}, and the interval must lie above {margin:0.000}."));
        }
        return (ModelManifest.FloatVariant, NoneUsable(candidates));
    }

    /// <summary>Why no variant but the float model can be taken.</summary>
    public static string NoneUsable(ImmutableArray<SelectionCandidate> candidates)
    {
        SelectionCandidate[] shipped = [.. candidates.Skip(1).Where(static candidate => candidate.State != CandidateState.NotShipped)];
        return shipped.Length == 0
            ? "The build shipped no other variant."
            : "No variant can be used here: " + string.Join("; ", shipped.Select(static candidate => $"{candidate.Variant}: {candidate.Reason}")) + ".";
    }

    private static string Describe(SelectionCandidate candidate) => string.Format(
        CultureInfo.InvariantCulture,
        "{0:0.00} times as fast as the float model (95 % interval {1:0.00} to {2:0.00})",
        candidate.Speedup,
        candidate.SpeedupLow,
        candidate.SpeedupHigh);
}
