using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime;

/// <summary>Loads what can be used, asks for agreement, then measures side by side.</summary>
/// <param name="manifest">The model's variants.</param>
/// <param name="folder">Where the manifest lies.</param>
/// <param name="conditions">What the application's sessions will run under.</param>
/// <param name="settings">Budget and timing.</param>
internal sealed class StartupMeasurement(ModelManifest manifest, string folder, SessionConditions conditions, SelectionSettings settings)
{
    /// <summary>A variant may lose this much SQNR against the build: more tells of a kernel that saturates on this processor.</summary>
    private const double ToleratedLossDb = 6;

    /// <summary>Where the build has no figure: below this there is more noise than signal.</summary>
    private const double LowestSqnrDb = 0;

    /// <summary>Nine rounds give an interval that one disturbed round does not widen: its ends are the second values from both sides.</summary>
    private const int MinimumRounds = 9;

    /// <summary>A start may take this many times the budget for a slow model before it is better not to measure at all.</summary>
    private const int OverrunLimit = 3;

    /// <summary>Brings the usable candidates to <see cref="CandidateState.Measured"/> or tells what is against them.</summary>
    /// <returns>The table, and why nothing could be measured; null where it was.</returns>
    public (ImmutableArray<SelectionCandidate> Candidates, string? Fault) Measure(ImmutableArray<SelectionCandidate> candidates)
    {
        if (ReadProbe(out string? fault) is not Probe probe)
            return (candidates, fault);

        var runs = new VariantRun?[candidates.Length];
        try
        {
            SelectionCandidate[] table = [.. candidates];
            for (int i = 0; i < table.Length; i++)
            {
                if (table[i].IsUsable)
                    table[i] = Load(manifest.Variants[i], table[i], probe, out runs[i]);
                if (i == 0 && runs[i] is null)
                    return ([.. table], $"The float model cannot be measured: {table[0].Reason}");
            }
            return Compare(table, runs);
        }
        finally
        {
            foreach (VariantRun? run in runs)
                run?.Dispose();
        }
    }

    private Probe? ReadProbe(out string? fault)
    {
        fault = null;
        if (manifest.Probe is null)
        {
            fault = "The build stored no probe to measure on.";
            return null;
        }
        try
        {
            using FileStream stream = File.OpenRead(Path.Combine(folder, manifest.Probe));
            Probe probe = Probe.Read(stream);
            if (!probe.Cases.IsEmpty)
                return probe;
            fault = $"The probe {manifest.Probe} is empty.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            fault = $"The probe {manifest.Probe} cannot be read: {Fault.Of(e)}";
        }
        return null;
    }

    private SelectionCandidate Load(ManifestVariant variant, SelectionCandidate candidate, Probe probe, out VariantRun? run)
    {
        run = null;
        VariantRun? loaded = null;
        try
        {
            string path = Path.Combine(folder, variant.File!);
            if (variant.Sha256.Length > 0 && !string.Equals(FileHash.OfFile(path), variant.Sha256, StringComparison.OrdinalIgnoreCase))
                return candidate with { State = CandidateState.Damaged, Reason = "its SHA-256 is not the manifest's" };

            using SessionOptions options = MeasuredSession.CreateOptions(conditions.ThreadsOf(manifest, variant), conditions.Optimization);
            if (variant.CustomOperators)
                QuantizedOperators.Register(options);
            loaded = new VariantRun(path, options, probe.Cases[0]);
            candidate = candidate with { SqnrDb = loaded.ProbeSqnrDb(probe) };
            double lowest = variant.ProbeSqnrDb - ToleratedLossDb ?? LowestSqnrDb;
            if (variant.Name != ModelManifest.FloatVariant && candidate.SqnrDb < lowest)
            {
                return candidate with
                {
                    State = CandidateState.Disagrees,
                    Reason = FormattableString.Invariant($"its outputs have {candidate.SqnrDb:0.0} dB on the probe, at least {lowest:0.0} dB are needed"),
                };
            }

            run = loaded;
            loaded = null;
            return candidate;
        }
        // Whatever a variant does, the application goes on with another one.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return candidate with { State = CandidateState.Failed, Reason = Fault.Of(e) };
        }
        finally
        {
            loaded?.Dispose();
        }
    }

    private (ImmutableArray<SelectionCandidate> Candidates, string? Fault) Compare(SelectionCandidate[] table, VariantRun?[] runs)
    {
        int[] racers = [.. Enumerable.Range(0, runs.Length).Where(i => runs[i] is not null)];
        if (racers.Length < 2)
            return ([.. table], null);

        Action[] actions = [.. racers.Select(i => (Action)runs[i]!.Run)];
        TimeSpan round = TimeOf(actions);
        TimeSpan limit = TimeSpan.FromTicks(settings.Budget.Ticks * OverrunLimit);
        if (TimeSpan.FromTicks(round.Ticks * MinimumRounds) > limit)
        {
            return ([.. table], FormattableString.Invariant(
                $"One round over all variants takes {round.TotalMilliseconds:0} ms, {MinimumRounds} of them more than the {limit.TotalSeconds:0.#} s that a start may take."));
        }

        var options = new TimingOptions { Budget = settings.Budget, MinimumWarmups = 2, MinimumRounds = MinimumRounds };
        ImmutableArray<TimingResult> results = settings.Timing(actions, options);
        for (int i = 0; i < racers.Length; i++)
        {
            table[racers[i]] = table[racers[i]] with
            {
                State = CandidateState.Measured,
                MedianMilliseconds = results[i].MedianMilliseconds,
                Speedup = results[i].Speedup,
                SpeedupLow = results[i].SpeedupLow,
                SpeedupHigh = results[i].SpeedupHigh,
            };
        }
        return ([.. table], null);
    }

    private static TimeSpan TimeOf(Action[] actions)
    {
        var watch = Stopwatch.StartNew();
        foreach (Action action in actions)
            action();
        return watch.Elapsed;
    }
}
