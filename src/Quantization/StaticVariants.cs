using System.Collections.Immutable;
using System.Diagnostics;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Search;

namespace Octet.Quantization;

/// <summary>Finds what static variants are made of, by trials on the model's samples, within shares of its time budget.</summary>
internal sealed class StaticVariants(
    QuantizationRequest request, QuantizationTarget target, Candidate reference, Samples samples, string scratch, Stopwatch elapsed, Action<string> report, CancellationToken cancellation)
{
    // Shares of the time budget after which no further trial begins: refinements, the ranking of layers, leaving layers float.
    private const double RefinementShare = 0.35;
    private const double RankingShare = 0.5;
    private const double ExclusionShare = 0.7;

    // The order of layers shows on a few samples.
    private const int RankingSamples = 4;

    private TrialBench? _bench;

    /// <summary>Finds the recipe that comes nearest to the float model.</summary>
    /// <param name="prepared">The prepared float model.</param>
    /// <param name="weightLimit">Largest magnitude of a weight.</param>
    /// <param name="statistics">Statistics to use in place of a calibration run; null to run.</param>
    public StaticRecipe Find(ModelProto prepared, int weightLimit, StatisticsFile? statistics)
    {
        statistics?.EnsureCovers(request.Statistics!, StaticQuantization.Plan(prepared, request.Exclude).Observed);
        StaticSearchSettings settings = new(
            request.Exclude, weightLimit, target.SignedActivations, request.Method, request.Pinned, samples.Count, samples.Read, scratch, () => HasTime(RefinementShare), report);
        return new StaticRecipeSearch(settings, Bench, cancellation).Find(prepared, statistics?.Statistics);
    }

    /// <summary>Leaves the layers float that cost most accuracy, as few as possible.</summary>
    /// <returns>The better recipe; null where time is over, or nothing helps.</returns>
    public StaticRecipe? LeaveWorstLayersFloat(string variant, StaticRecipe recipe)
    {
        if (!HasTime(ExclusionShare))
            return null;
        report($"leaving layers of {variant} float, for accuracy");
        _bench ??= Bench(Enumerable.Range(0, samples.Count).Select(samples.Read).OfType<Sample>());
        int weightLimit = Variants.WeightLimit(variant);
        TrialScore Measure(TrialBench judge, StaticRecipe trial) => judge.Measure(trial.Emit(weightLimit, target.SignedActivations).Model);

        TrialBench few = _bench.Take(RankingSamples);
        ImmutableArray<string> ranking = LayerSensitivity.Rank(recipe, trial => Measure(few, trial), () => HasTime(RankingShare));
        (StaticRecipe found, _) = LayerExclusion.Find(recipe, Measure(_bench, recipe), ranking, request.MaxAccuracyDrop, trial => Measure(_bench, trial), () => HasTime(ExclusionShare));
        return ReferenceEquals(found, recipe) ? null : found;
    }

    private TrialBench Bench(IEnumerable<Sample> judges) => TrialBench.Create(reference.Session!, judges, samples.Labelled, scratch, cancellation);

    private bool HasTime(double share) => elapsed.Elapsed < request.TimeBudget * share;
}
