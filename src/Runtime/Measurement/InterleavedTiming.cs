using System.Collections.Immutable;
using System.Diagnostics;

namespace Octet.Runtime;

/// <summary>Compares the latency of several actions on a machine that drifts and is disturbed.</summary>
/// <remarks>
/// The candidates take turns, in alternating order, so that a change of clock frequency or a busy neighbour meets all of them; a
/// candidate is compared with the baseline of its own round, and the median of these ratios is what counts, so that single slow rounds
/// do not. Before every sample of short runs the candidate runs once uncounted: the one before it has taken the caches and let the threads
/// fall asleep, and one candidate would pay more for that than another.
/// </remarks>
public static class InterleavedTiming
{
    /// <summary>A sample shorter than this is lost in the timer's and the scheduler's noise: short runs are repeated to fill it.</summary>
    private const double MinimumSampleMilliseconds = 1;

    private const int MaximumRepetitions = 10_000;

    /// <summary>What a change of turn costs is too little to matter in a longer run.</summary>
    private const double LongRunMilliseconds = 50;

    /// <summary>Warm-up goes on until this many runs in a row differ by less than <see cref="SettledSpread"/>, ...</summary>
    private const int SettledRuns = 3;

    private const double SettledSpread = 0.05;

    /// <summary>... or until all candidates together have used this part of the budget.</summary>
    private const double WarmupShare = 0.1;

    /// <summary>Measures all <paramref name="runs"/>.</summary>
    /// <param name="runs">One action a candidate, which runs it once; element 0 is the baseline.</param>
    /// <param name="options">Budget and number of rounds.</param>
    /// <param name="ct">Looked at before every sample.</param>
    /// <returns>One result a candidate, in the same order.</returns>
    /// <exception cref="ArgumentException">There is no candidate, or the options allow no round.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static ImmutableArray<TimingResult> Measure(IReadOnlyList<Action> runs, TimingOptions options, CancellationToken ct = default) =>
        Measure(runs, options, static () => Stopwatch.GetTimestamp() * (1000.0 / Stopwatch.Frequency), ct);

    /// <param name="runs">One action a candidate.</param>
    /// <param name="options">Budget and number of rounds.</param>
    /// <param name="clock">The time in milliseconds since any moment.</param>
    /// <param name="ct">Looked at before every sample.</param>
    internal static ImmutableArray<TimingResult> Measure(
        IReadOnlyList<Action> runs, TimingOptions options, Func<double> clock, CancellationToken ct)
    {
        if (runs.Count == 0)
            throw new ArgumentException("There is nothing to measure.", nameof(runs));
        if (options.MaximumRounds < 1 || options.MinimumRounds > options.MaximumRounds)
            throw new ArgumentException($"{options.MinimumRounds} to {options.MaximumRounds} rounds cannot be measured.", nameof(options));

        double budget = options.Budget.TotalMilliseconds;
        double start = clock();
        double[] warm = WarmUp(runs, options, clock, ct);
        int[] repetitions = [.. warm.Select(static latency =>
            (int)Math.Max(1, Math.Min(MaximumRepetitions, Math.Ceiling(MinimumSampleMilliseconds / latency))))];
        // The shortest round so far, at first by what is known: a single interruption does not make a model too slow to measure.
        double fastestRound = warm.Zip(repetitions, static (latency, count) => latency * count).Sum();

        var latencies = new List<double>[runs.Count];
        for (int i = 0; i < latencies.Length; i++)
            latencies[i] = [];

        for (int round = 0; round < options.MaximumRounds; round++)
        {
            double roundStart = clock();
            for (int turn = 0; turn < runs.Count; turn++)
            {
                int candidate = round % 2 == 0 ? turn : runs.Count - 1 - turn;
                ct.ThrowIfCancellationRequested();
                if (warm[candidate] < LongRunMilliseconds)
                    runs[candidate]();
                latencies[candidate].Add(Sample(runs[candidate], repetitions[candidate], clock));
            }

            double now = clock();
            fastestRound = Math.Min(fastestRound, now - roundStart);
            bool enough = round + 1 >= options.MinimumRounds || fastestRound > budget;
            options.Progress?.Report(enough && now - start >= budget ? 1 : ShareDone(round + 1, now - start, options));
            if (enough && now - start >= budget)
                break;
        }

        double[] baseline = [.. latencies[0]];
        return [.. latencies.Select((own, i) => Summarize(baseline, [.. own], isBaseline: i == 0))];
    }

    private static double ShareDone(int rounds, double elapsed, TimingOptions options)
    {
        double byTime = Math.Min((double)rounds / Math.Max(1, options.MinimumRounds), elapsed / Math.Max(options.Budget.TotalMilliseconds, 1e-3));
        return Math.Min(1, Math.Max((double)rounds / options.MaximumRounds, byTime));
    }

    /// <summary>Runs every candidate until it has settled, and tells the shortest latency of each, in milliseconds.</summary>
    private static double[] WarmUp(IReadOnlyList<Action> runs, TimingOptions options, Func<double> clock, CancellationToken ct)
    {
        double budget = options.Budget.TotalMilliseconds;
        double start = clock();
        var shortest = new double[runs.Count];
        for (int candidate = 0; candidate < runs.Count; candidate++)
        {
            double share = budget * WarmupShare * (candidate + 1) / runs.Count;
            var last = new Queue<double>();
            shortest[candidate] = double.PositiveInfinity;
            for (int count = 1; ; count++)
            {
                ct.ThrowIfCancellationRequested();
                double latency = Sample(runs[candidate], 1, clock);
                shortest[candidate] = Math.Min(shortest[candidate], latency);
                last.Enqueue(latency);
                if (last.Count > SettledRuns)
                    last.Dequeue();

                double used = clock() - start;
                bool settled = last.Count == SettledRuns && last.Max() <= last.Min() * (1 + SettledSpread);
                if (used > budget || (count >= options.MinimumWarmups && (settled || used > share)))
                    break;
            }
        }
        return shortest;
    }

    /// <summary>The latency of one run, in milliseconds: the mean over <paramref name="repetitions"/> of them.</summary>
    private static double Sample(Action run, int repetitions, Func<double> clock)
    {
        double start = clock();
        for (int i = 0; i < repetitions; i++)
            run();
        // A coarse clock may stand still; a latency of zero would have no ratio.
        return Math.Max(clock() - start, 1e-4) / repetitions;
    }

    private static TimingResult Summarize(double[] baseline, double[] own, bool isBaseline)
    {
        double median = RobustStatistics.Median(own);
        double mad = RobustStatistics.MedianAbsoluteDeviation(own);
        if (isBaseline)
            return new TimingResult(median, mad, 1, 1, 1, [.. own]);

        var ratios = new double[own.Length];
        for (int i = 0; i < ratios.Length; i++)
            ratios[i] = baseline[i] / own[i];
        ConfidenceInterval interval = RobustStatistics.MedianInterval(ratios);
        return new TimingResult(median, mad, RobustStatistics.Median(ratios), Math.Max(0, interval.Low), interval.High, [.. own]);
    }
}
