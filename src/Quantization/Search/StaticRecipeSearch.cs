using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Emission;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Search;

/// <summary>What a static recipe is searched for with.</summary>
/// <param name="Exclude">Nodes and operators that stay float.</param>
/// <param name="WeightLimit">Largest magnitude of a weight.</param>
/// <param name="SignedActivations">Whether activations are signed.</param>
/// <param name="Form">How the integer parts are written.</param>
/// <param name="Images">The number of images a run that the variant is made for.</param>
/// <param name="Method">One of <see cref="CalibrationMethods"/>.</param>
/// <param name="Pinned">What an earlier search decided, to be repeated without trials; null to search.</param>
/// <param name="Samples">How many samples there are.</param>
/// <param name="Read">Reads one; null for one that cannot be used. Called from several threads.</param>
/// <param name="Scratch">A folder for trial variants.</param>
/// <param name="HasTime">Whether another trial may begin; the first of each kind always does.</param>
/// <param name="Report">Is told what is being done.</param>
public sealed record StaticSearchSettings(
    ImmutableArray<NodePattern> Exclude,
    int WeightLimit,
    bool SignedActivations,
    IntegerForm Form,
    int Images,
    string Method,
    PinnedChoices? Pinned,
    int Samples,
    Func<int, Sample?> Read,
    string Scratch,
    Func<bool> HasTime,
    Action<string> Report);

/// <summary>
/// Finds the static recipe that comes nearest to the float model: calibrates on most samples, tries calibration methods and refinements on the
/// samples held out, keeps what helps there, and learns the ranges of what is left from all samples.
/// </summary>
public sealed class StaticRecipeSearch
{
    private const string BiasCorrection = "bias correction";

    private static readonly ImmutableArray<GraphRefinement> GraphRefinements =
    [
        new("cross-layer equalization", EqualizeAcrossLayers.Values, EqualizeAcrossLayers.Apply),
        new("SmoothQuant", model => [.. SmoothQuant.Values(model).Select(value => (value, -1))], (model, magnitudes) => SmoothQuant.Apply(model, magnitudes)),
    ];

    private readonly StaticSearchSettings _settings;
    private readonly SampleSplit _split;
    private readonly TrialBench? _bench;
    private readonly CancellationToken _cancellation;
    private readonly List<TriedRefinement> _refinements = [];

    /// <summary>Creates the search.</summary>
    /// <param name="settings">What to search with.</param>
    /// <param name="bench">Makes the judge from samples; not called where there are too few to hold any out.</param>
    /// <param name="cancellation">Stops between two runs.</param>
    public StaticRecipeSearch(StaticSearchSettings settings, Func<IEnumerable<Sample>, TrialBench> bench, CancellationToken cancellation = default)
    {
        _settings = settings;
        _cancellation = cancellation;
        _split = SampleSplit.Of(settings.Samples);
        // Too few samples to spare any: the methods are still compared, on the samples that they have seen.
        ImmutableArray<int> judges = _split.HeldOut.IsEmpty ? _split.Calibration : _split.HeldOut;
        if (settings.Pinned is null && (!_split.HeldOut.IsEmpty || settings.Method == CalibrationMethods.Auto))
            _bench = bench(judges.Select(settings.Read).OfType<Sample>());
    }

    /// <summary>Searches.</summary>
    /// <param name="prepared">The prepared float model.</param>
    /// <param name="statistics">Statistics from elsewhere, of every value that the plan may need, used in place of a calibration run; null to run.</param>
    /// <exception cref="InvalidDataException">There is nothing to quantize, or a value is not finite on the samples; the message says what.</exception>
    /// <exception cref="OnnxRuntimeException">The model does not run on a sample.</exception>
    public StaticRecipe Find(ModelProto prepared, CalibrationStatistics? statistics = null)
    {
        Fit best = FitTo(prepared, statistics ?? Collect(prepared, _split.Calibration));
        // Statistics from elsewhere fit the model as it is.
        if (statistics is null)
            foreach (GraphRefinement refinement in GraphRefinements)
                best = Refine(refinement.Name, best, fit => Refit(refinement, fit));
        best = Refine(BiasCorrection, best, CorrectBiases);

        StaticRecipe recipe = statistics is null && !_split.HeldOut.IsEmpty ? LearnFromAll(best) : best.Recipe;
        if (_settings.Pinned is { LeftFloat.IsEmpty: false } pinned)
            recipe = recipe.LeaveFloat(pinned.LeftFloat);
        return recipe with { Refinements = [.. _refinements], HeldOut = _split.HeldOut.Length };
    }

    private Fit FitTo(ModelProto model, CalibrationStatistics statistics)
    {
        QuantizationPlan plan = PlanOf(model);
        string method = _settings.Method == CalibrationMethods.Auto ? CalibrationMethods.MinMax : _settings.Method;
        StaticRecipe recipe = Reached(new StaticRecipe(model, plan, statistics.Ranges(method)) { Exclude = _settings.Exclude, Form = _settings.Form, Images = _settings.Images });
        if (_bench is null || _settings.Method != CalibrationMethods.Auto)
            return new Fit(recipe, statistics, Judge(recipe));
        _settings.Report($"trying the calibration methods {string.Join(", ", CalibrationMethods.All)}");
        (StaticRecipe best, TrialScore score) = CalibrationMethodSearch.Best(recipe, statistics, Judge);
        return new Fit(best, statistics, score);
    }

    private Fit Refine(string name, Fit best, Func<Fit, Fit?> refine)
    {
        if (_settings.Pinned is { } pinned)
        {
            if (!pinned.Refinements.Contains(name) || refine(best) is not { } asked)
                return best;
            _refinements.Add(new TriedRefinement(name, null, null, Kept: true));
            return asked;
        }
        if (_split.HeldOut.IsEmpty || !_settings.HasTime())
            return best;
        try
        {
            if (refine(best) is not { } trial)
                return best;
            bool kept = trial.Score.Beats(best.Score);
            _refinements.Add(new TriedRefinement(name, trial.Score.Drop, trial.Score.SqnrDb, kept));
            return kept ? trial : best;
        }
        catch (Exception exception) when (exception is OnnxRuntimeException or InvalidDataException)
        {
            // A refinement that breaks the variant does not help; the variant without it stands.
            _refinements.Add(new TriedRefinement(name, null, null, Kept: false));
            return best;
        }
    }

    // A model that computes the same with other weights needs ranges of its own.
    private Fit? Refit(GraphRefinement refinement, Fit fit)
    {
        ModelProto model = fit.Recipe.Prepared;
        ImmutableArray<(string Value, int Axis)> values = refinement.Values(model);
        if (values.IsEmpty)
            return null;
        _settings.Report($"trying {refinement.Name}");
        ModelProto refined = refinement.Apply(model, ChannelStatistics(model, [.. values.Select(value => new ChannelAxis(value.Value, value.Axis))]).ToDictionary(
            pair => pair.Key, pair => (IReadOnlyList<float>)pair.Value.Magnitudes, StringComparer.Ordinal));
        return ReferenceEquals(refined, model) ? null : FitTo(refined, Collect(refined, _split.Calibration));
    }

    private Fit? CorrectBiases(Fit fit)
    {
        ImmutableArray<ChannelAxis> inputs = StaticQuantization.CorrectedInputs(fit.Recipe.Prepared, fit.Recipe.Plan);
        if (inputs.IsEmpty)
            return null;
        _settings.Report($"trying {BiasCorrection}");
        StaticRecipe corrected = fit.Recipe with { InputMeans = ChannelStatistics(fit.Recipe.Prepared, inputs).ToDictionary(pair => pair.Key, pair => pair.Value.Mean, StringComparer.Ordinal) };
        return fit with { Recipe = corrected, Score = Judge(corrected) };
    }

    // Always of the same samples, so that a pinned recipe gives the same bytes.
    private ImmutableDictionary<string, ChannelStatistics> ChannelStatistics(ModelProto model, IReadOnlyList<ChannelAxis> values) =>
        ChannelCalibration.Collect(model, values, _split.Calibration.Length, index => _settings.Read(_split.Calibration[index])?.Inputs, _settings.Scratch, cancellation: _cancellation);

    private StaticRecipe LearnFromAll(Fit best)
    {
        StaticRecipe recipe = best.Recipe;
        CalibrationStatistics all = best.Statistics.Merge(Collect(recipe.Prepared, _split.HeldOut));
        // Planned anew: the samples held out may reach what the others did not.
        return Reached(recipe with { Plan = PlanOf(recipe.Prepared), LeftFloat = recipe.LeftFloat.Clear(), Ranges = all.Ranges(recipe.Ranges.Method) with { Tried = recipe.Ranges.Tried } });
    }

    private CalibrationStatistics Collect(ModelProto model, ImmutableArray<int> positions)
    {
        QuantizationPlan plan = PlanOf(model);
        _settings.Report($"calibrating on {positions.Length} inputs");
        return Calibrator.Collect(
            model, plan.Observed, CalibrationMethods.NeedsHistogram(_settings.Method), positions.Length, index => _settings.Read(positions[index])?.Inputs, _settings.Scratch, cancellation: _cancellation);
    }

    private QuantizationPlan PlanOf(ModelProto model) => VariantFactory.NotEmpty(StaticQuantization.Plan(model, _settings.Exclude, operators: _settings.Form.Operators));

    private TrialScore Judge(StaticRecipe recipe)
    {
        _cancellation.ThrowIfCancellationRequested();
        return _bench?.Measure(recipe.Emit(_settings.WeightLimit, _settings.SignedActivations).Model) ?? default;
    }

    // What no sample has reached, such as a branch never taken, stays float.
    private static StaticRecipe Reached(StaticRecipe recipe)
    {
        QuantizationPlan reached = VariantFactory.NotEmpty(StaticQuantization.Reached(recipe.Prepared, recipe.Plan, recipe.Ranges.Ranges));
        if (reached.Activations.FirstOrDefault(activation => !recipe.Ranges.Ranges[activation].IsUsable) is { } broken)
            throw new InvalidDataException($"the value '{broken}' of the float model is infinite or not a number on the calibration data");
        IEnumerable<KeyValuePair<string, string>> unseen = reached.FloatReasons.Where(reason => !recipe.Plan.FloatReasons.ContainsKey(reason.Key));
        return recipe with { Plan = reached, LeftFloat = recipe.LeftFloat.SetItems(unseen) };
    }

    private sealed record GraphRefinement(
        string Name, Func<ModelProto, ImmutableArray<(string Value, int Axis)>> Values, Func<ModelProto, IReadOnlyDictionary<string, IReadOnlyList<float>>, ModelProto> Apply);

    private sealed record Fit(StaticRecipe Recipe, CalibrationStatistics Statistics, TrialScore Score);
}
