using System.Collections.Immutable;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>Under which conditions a model is timed, and what follows for the threads.</summary>
internal static class MeasuringConditions
{
    /// <summary>Those that are asked for; where the threads are left open, one thread too: small models run faster on one than on several.</summary>
    /// <param name="request">The model and its options.</param>
    /// <param name="cores">Processor cores; with one there is no choice.</param>
    public static ImmutableArray<MeasuringCondition> Of(QuantizationRequest request, int cores)
    {
        MeasuringCondition[] asked = [new(request.Threads, request.BatchSize), .. request.Conditions];
        return [.. asked.Concat(asked.Where(condition => condition.Threads == 0 && cores > 1).Select(condition => condition with { Threads = 1 })).Distinct()];
    }

    /// <summary>Finds, where the threads are open, the number that each candidate runs fastest with; and by which condition candidates are compared.</summary>
    /// <param name="runners">The float model, then the others, measured under the same conditions.</param>
    public static void Decide(IReadOnlyList<Candidate> runners)
    {
        Candidate reference = runners[0];
        foreach (Candidate runner in runners)
            runner.RecommendedThreads = Recommend(runner.Conditions);
        int deciding = reference.RecommendedThreads is { } threads ? Place(reference.Conditions, threads) : 0;
        foreach (Candidate runner in runners)
            runner.DecidingTiming = runner.Conditions[deciding].Timing;
    }

    /// <summary>The build's choice: the fastest under the deciding condition; null where none is faster there, though it may be under another.</summary>
    /// <param name="shipping">Candidates whose verdict is faster.</param>
    /// <param name="minSpeedup">What the interval must lie beyond.</param>
    public static Candidate? Fastest(IEnumerable<Candidate> shipping, double minSpeedup) =>
        shipping.Where(candidate => candidate.DecidingTiming?.SpeedupLow >= minSpeedup).MaxBy(candidate => candidate.DecidingTiming!.Speedup);

    // The same batch with ONNX Runtime's own choice and with one thread. They were not timed in turns: a difference within the noise is none.
    private static int? Recommend(ImmutableArray<ConditionTiming> conditions)
    {
        if (conditions[0].Condition.Threads != 0 || Place(conditions, threads: 1) is not (> 0 and var place))
            return null;
        TimingResult open = conditions[0].Timing, single = conditions[place].Timing;
        return single.MedianMilliseconds + single.MadMilliseconds < open.MedianMilliseconds - open.MadMilliseconds ? 1 : null;
    }

    private static int Place(ImmutableArray<ConditionTiming> conditions, int threads)
    {
        for (int i = 0; i < conditions.Length; i++)
            if (conditions[i].Condition == conditions[0].Condition with { Threads = threads })
                return i;
        return -1;
    }
}
