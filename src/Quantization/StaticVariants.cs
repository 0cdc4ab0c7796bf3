using System.Collections.Immutable;
using System.Diagnostics;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Search;

namespace Octet.Quantization;

/// <summary>Finds what static variants are made of, by trials on the model's samples, within shares of its time budget.</summary>
internal sealed class StaticVariants(
    QuantizationRequest request, QuantizationTarget target, Candidate reference, Samples samples, SpeedSearch speed, string scratch, Stopwatch elapsed, Action<string> report, CancellationToken cancellation)
{
    // Shares of the time budget after which no further trial begins: form and rewriting, refinements, regions, the ranking of layers, leaving layers float, regions once more.
    private const double FormShare = 0.25;
    private const double RefinementShare = 0.4;
    private const double RegionShare = 0.65;
    private const double RankingShare = 0.7;
    private const double ExclusionShare = 0.8;
    private const double RegionsAgainShare = 0.85;

    // The order of layers shows on a few samples.
    private const int RankingSamples = 4;

    private TrialBench? _bench;
    private StaticRecipe? _everything;

    /// <summary>Finds the recipe that is fast and comes nearest to the float model.</summary>
    /// <param name="prepared">The prepared float model.</param>
    /// <param name="weightLimit">Largest magnitude of a weight.</param>
    /// <param name="statistics">Statistics to use in place of a calibration run; null to run.</param>
    public StaticRecipe Find(ModelProto prepared, int weightLimit, StatisticsFile? statistics)
    {
        statistics?.EnsureCovers(request.Statistics!, StaticQuantization.Plan(prepared, request.Exclude).Observed);
        // Statistics from elsewhere fit the prepared model as it is.
        (IntegerForm form, RewrittenModel rewritten) = statistics is null ? FindForm(prepared, weightLimit) : (IntegerForm.Pairs, new RewrittenModel(prepared, []));
        StaticSearchSettings settings = new(
            request.Exclude, weightLimit, target.SignedActivations, form, request.BatchSize, request.Method, request.Pinned, samples.Count, samples.Read, scratch, () => HasTime(RefinementShare), report);
        _everything = new StaticRecipeSearch(settings, Bench, cancellation).Find(rewritten.Model, statistics?.Statistics) with { Rewrites = rewritten.Passes };
        return ChooseRegions(_everything, weightLimit);
    }

    /// <summary>The recipe of what was trained, in the form that is fastest. The samples give ranges to values only that were trained without one.</summary>
    /// <param name="prepared">The prepared float model.</param>
    /// <param name="trained">What it was trained with.</param>
    /// <param name="weightLimit">Largest magnitude of a weight.</param>
    public StaticRecipe FindTrained(ModelProto prepared, TrainedQuantization trained, int weightLimit)
    {
        CalibratedRanges Calibrate(ImmutableArray<string> values)
        {
            string method = request.Method == CalibrationMethods.Auto ? CalibrationMethods.MinMax : request.Method;
            report($"calibrating {values.Length} values that were trained without a range");
            return Calibrator.Collect(prepared, values, CalibrationMethods.NeedsHistogram(method), samples.Count, index => samples.Read(index)?.Inputs, scratch, cancellation: cancellation).Ranges(method);
        }

        Dictionary<IntegerForm, StaticRecipe> made = [];
        StaticRecipe Of(IntegerForm form) => made.TryGetValue(form, out StaticRecipe? known) ? known
            : made[form] = TrainedRecipe.Make(prepared, trained, request.Exclude, form, samples.AreReal ? Calibrate : null) with { Images = request.BatchSize };
        // The weights' values are what was trained: no rewriting may change them.
        IntegerForm form = request.Pinned?.Form ?? speed.FindForm(prepared, Forms(), [], (_, form) => Of(form).Emit(weightLimit, target.SignedActivations).Model, () => HasTime(FormShare)).Form;
        StaticRecipe recipe = Of(form);
        if (request.Pinned is { LeftFloat.IsEmpty: false } pinned)
            return recipe.LeaveFloat(pinned.LeftFloat);
        bool everyChoiceHasRanges = StaticQuantization.Plan(prepared, request.Exclude, recipe.LeftFloat, form.Operators).Observed.All(recipe.Ranges.Ranges.ContainsKey);
        return everyChoiceHasRanges ? ChooseRegions(recipe, weightLimit) : recipe;
    }

    /// <summary>Leaves regions float where that is faster; the recipe itself where no choice is faster than the float model.</summary>
    private StaticRecipe ChooseRegions(StaticRecipe recipe, int weightLimit) => request.Pinned is not null
        ? recipe
        : speed.ChooseRegions(recipe, trial => trial.Emit(weightLimit, target.SignedActivations).Model, () => HasTime(RegionShare));

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
        return ReferenceEquals(found, recipe) ? null : ChooseRegionsAgain(found, weightLimit, trial => Measure(_bench, trial));
    }

    /// <summary>Beside layers that have to be float other regions may be fastest: some lack an integer neighbour now, others were only too slow for one that is gone.</summary>
    private StaticRecipe ChooseRegionsAgain(StaticRecipe found, int weightLimit, Func<StaticRecipe, TrialScore> measure)
    {
        if (_everything is null || request.Pinned is not null || !HasTime(RegionsAgainShare))
            return found;
        ModelProto Emit(StaticRecipe trial) => trial.Emit(weightLimit, target.SignedActivations).Model;
        StaticRecipe rest = _everything.LeaveFloat(found.LeftFloat.Where(node => node.Value == LayerExclusion.Reason));
        StaticRecipe again = speed.ChooseRegions(rest, Emit, () => HasTime(RegionsAgainShare));
        return speed.IsFaster(Emit(again), Emit(found)) && measure(again).Drop <= request.MaxAccuracyDrop ? again : found;
    }

    private (IntegerForm Form, RewrittenModel Model) FindForm(ModelProto prepared, int weightLimit)
    {
        if (request.Pinned is { } pinned)
            return (pinned.Form, SpeedSearch.Rewrite(prepared, pinned.Rewrites));
        return speed.FindForm(prepared, Forms(), SpeedSearch.IntegerPasses, (model, form) => QuickVariant(model, form, weightLimit), () => HasTime(FormShare));
    }

    // Signed activations are for the pairs alone.
    private IntegerForm[] Forms() =>
        [.. IntegerForm.All.Where(form => form == IntegerForm.Pairs || !target.SignedActivations).Where(form => form != IntegerForm.ChannelsLastOctet || request.CustomOperators)];

    /// <summary>A variant whose ranges come from one sample: good enough to be timed.</summary>
    private ModelProto QuickVariant(ModelProto model, IntegerForm form, int weightLimit)
    {
        QuantizationPlan plan = VariantFactory.NotEmpty(StaticQuantization.Plan(model, request.Exclude, operators: form.Operators));
        CalibrationStatistics statistics = Calibrator.Collect(model, plan.Observed, withHistograms: false, 1, _ => samples.FirstReadable()?.Inputs, scratch, cancellation: cancellation);
        CalibratedRanges ranges = statistics.Ranges(CalibrationMethods.MinMax);
        StaticRecipe recipe = new(model, StaticQuantization.Reached(model, plan, ranges.Ranges), ranges) { Form = form, Images = request.BatchSize };
        return recipe.Emit(weightLimit, target.SignedActivations).Model;
    }

    private TrialBench Bench(IEnumerable<Sample> judges) => TrialBench.Create(reference.Session!, judges, samples.Labelled, scratch, cancellation);

    private bool HasTime(double share) => elapsed.Elapsed < request.TimeBudget * share;
}
