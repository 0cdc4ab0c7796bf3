using System.Collections.Immutable;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Search;

/// <summary>What regions are chosen with.</summary>
/// <param name="Emit">Writes a recipe's variant as it would ship.</param>
/// <param name="Bench">Profiles and measures.</param>
/// <param name="HasTime">Whether another measurement may begin.</param>
/// <param name="Report">Is told what is being done.</param>
public sealed record RegionSearchSettings(Func<StaticRecipe, ModelProto> Emit, IRegionBench Bench, Func<bool> HasTime, Action<string> Report)
{
    /// <summary>What a state holds for, such as the model's hash, the machine and the number of threads: another key's state is not gone on from.</summary>
    public string Key { get; init; } = "";

    /// <summary>What an earlier search has learned; null to begin anew.</summary>
    public RegionSearchState? Resume { get; init; }

    /// <summary>The most choices that one search measures.</summary>
    public int MostTrials { get; init; } = 60;
}

/// <summary>How a region was chosen.</summary>
/// <param name="Name">The region's name: that of its integer node.</param>
/// <param name="Nodes">All its nodes.</param>
/// <param name="Integer">Whether it is integer.</param>
/// <param name="FloatMicroseconds">Its time as float, as far as it is known.</param>
/// <param name="IntegerMicroseconds">Its time as integer.</param>
/// <param name="ConversionMicroseconds">What conversions take more with it integer than with it float, everything else as chosen; negative where it saves some.</param>
public sealed record RegionChoice(string Name, ImmutableArray<string> Nodes, bool Integer, double FloatMicroseconds, double IntegerMicroseconds, double ConversionMicroseconds)
{
    /// <summary>The choice in words and figures.</summary>
    public string Reason => Integer
        ? $"integer takes {Time(IntegerMicroseconds)} here{Conversions}, float {Time(FloatMicroseconds)}"
        : $"float takes {Time(FloatMicroseconds)} here, integer {Time(IntegerMicroseconds)}{Conversions}";

    private string Conversions => ConversionMicroseconds switch
    {
        >= 0.5 => $" and {Time(ConversionMicroseconds)} of conversions",
        <= -0.5 => $" and saves {Time(-ConversionMicroseconds)} of conversions",
        _ => "",
    };

    private static string Time(double microseconds) => string.Create(CultureInfo.InvariantCulture, $"{(microseconds < 9.95 ? Math.Round(microseconds, 1) : Math.Round(microseconds))} µs");
}

/// <summary>What a search has found.</summary>
/// <param name="Recipe">The fastest recipe; null where no choice was faster than the float model.</param>
/// <param name="SpeedUp">Its measured speed-up over the float model; null where nothing was measured.</param>
/// <param name="Regions">How each region was chosen; empty where nothing was measured.</param>
/// <param name="Tried">What was measured, in that order, earlier searches included.</param>
/// <param name="State">What a later search can go on from; null where nothing was learned.</param>
public sealed record RegionSearchResult(StaticRecipe? Recipe, double? SpeedUp, ImmutableArray<RegionChoice> Regions, ImmutableArray<TriedPartition> Tried, RegionSearchState? State);

/// <summary>
/// Chooses per region of a model whether it runs float or integer: predicts the time of every choice from profiles, takes the least by a minimum
/// cut, measures it, corrects the prediction, and goes on until nothing better is predicted; then tries single regions and groups of them, the
/// most promising first. What measured fastest is kept.
/// </summary>
/// <remarks>Given the same measurements the same is found. Leaving nodes float costs no accuracy, so none is measured here.</remarks>
/// <param name="settings">What to search with.</param>
/// <param name="cancellation">Stops between two measurements.</param>
public sealed class RegionSearch(RegionSearchSettings settings, CancellationToken cancellation = default)
{
    // A flip is tried where it might gain this part of the time.
    private const double LeastGain = 0.005;

    // How far a time may be off that was seen in one neighbourhood only.
    private const double Uncertainty = 0.25;

    private const string EverythingInteger = "everything integer";
    private const string LeastPredicted = "least predicted time";

    /// <summary>Searches. Where there is no time at all, the recipe is returned as it is.</summary>
    /// <param name="full">The recipe with everything integer that can be.</param>
    public RegionSearchResult Find(StaticRecipe full)
    {
        RegionGraph graph = RegionGraph.Of(full);
        if (graph.Regions.IsEmpty)
            return new RegionSearchResult(full, null, [], [], null);
        Run run = new(settings, cancellation, full, graph);
        return run.Find();
    }

    private sealed class Run(RegionSearchSettings settings, CancellationToken cancellation, StaticRecipe full, RegionGraph graph)
    {
        private RegionGraph _graph = graph;
        private readonly List<TriedPartition> _tried = [];
        private readonly HashSet<string> _seen = new(StringComparer.Ordinal) { KeyOf(new bool[graph.Regions.Length]) };
        private RegionCosts? _costs;

        // Nothing integer: the float model itself, whose speed-up is 1.
        private bool[] _best = new bool[graph.Regions.Length];
        private TriedPartition? _bestTried;
        private ModelProto? _bestModel;

        public RegionSearchResult Find()
        {
            if (settings.Resume is { } state && state.Key == settings.Key && state.Of(_graph) is { } known)
                Resume(state, known);
            else if (!settings.HasTime() || !Begin())
                return new RegionSearchResult(full, null, [], [.. _tried], null);

            for (int trials = 1; trials < settings.MostTrials && settings.HasTime() && Next() is { } next; trials++)
                Try(next.Integer, next.Step);
            return Result();
        }

        private void Resume(RegionSearchState state, (RegionGraph Graph, RegionCosts Costs) known)
        {
            (_graph, _costs) = known;
            foreach (TriedPartition tried in state.Tried)
            {
                bool[] integer = [.. _graph.Regions.Select(region => tried.Integer.Contains(region.Name))];
                _seen.Add(KeyOf(integer));
                _tried.Add(tried);
                if (tried.Kept)
                    (_best, _bestTried) = (integer, tried);
            }
            settings.Report($"going on after {_tried.Count} measured choices of float and integer regions");
        }

        private bool Begin()
        {
            bool[] integer = [.. _graph.Regions.Select(_ => true)];
            settings.Report($"measuring {_graph.Regions.Length} regions as float and as integer");
            return Try(integer, EverythingInteger);
        }

        /// <summary>The choice to measure next: the least by the prediction, or where that is measured already, the most promising flip.</summary>
        private (bool[] Integer, string Step)? Next()
        {
            bool[] least = Possible(_graph.Solve(_costs!));
            if (!_seen.Contains(KeyOf(least)))
                return (least, LeastPredicted);
            double current = _graph.Time(_costs!, _best);
            foreach (ImmutableArray<int> flip in Flips().OrderByDescending(flip => Promise(flip, current)))
            {
                if (Promise(flip, current) < LeastGain * (_costs!.Rest + current))
                    break;
                bool[] integer = Possible(Flipped(flip));
                if (!_seen.Contains(KeyOf(integer)))
                    return (integer, $"{_graph.Regions[flip[0]].Name}{(flip.Length > 1 ? $" and {flip.Length - 1} more" : "")} {(_best[flip[0]] ? "float" : "integer")}");
            }
            return null;
        }

        // Groups first: of equal promise the larger step.
        private IEnumerable<ImmutableArray<int>> Flips() =>
            _graph.Components(_best).Where(group => group.Length > 1).Concat(Enumerable.Range(0, _graph.Regions.Length).Select(region => ImmutableArray.Create(region)));

        private bool[] Flipped(ImmutableArray<int> flip)
        {
            bool[] integer = [.. _best];
            foreach (int region in flip)
                integer[region] = !integer[region];
            return integer;
        }

        /// <summary>What a flip gains at best, µs: by the prediction, and as far as that may be off. What was measured often is known better.</summary>
        private double Promise(ImmutableArray<int> flip, double current) => current - _graph.Time(_costs!, Flipped(flip)) + flip.Sum(region =>
        {
            bool wanted = !_best[region];
            int times = _tried.Count(tried => tried.Integer.Contains(_graph.Regions[region].Name) == wanted);
            return Uncertainty * (wanted ? _costs!.Integer[region] : _costs!.Float[region]) / (1 + times);
        });

        /// <summary>Measures a choice, keeps it if it is the fastest, and corrects the prediction by it.</summary>
        /// <returns>Whether it runs.</returns>
        private bool Try(bool[] integer, string step)
        {
            cancellation.ThrowIfCancellationRequested();
            _seen.Add(KeyOf(integer));
            ImmutableArray<string> names = [.. _graph.Regions.Where((_, i) => integer[i]).Select(region => region.Name)];
            double? predicted = _costs?.SpeedUp(_graph, integer);
            IReadOnlyList<SpeedRatio> ratios;
            try
            {
                ModelProto model = settings.Emit(RecipeOf(integer));
                if (_bestTried is not null)
                    _bestModel ??= settings.Emit(RecipeOf(_best));
                ratios = settings.Bench.Compare(model, _bestModel is null ? [full.Prepared] : [full.Prepared, _bestModel]);
                Learn(integer, model, ratios[0].Median);
                bool kept = ratios[^1].IsFaster;
                _tried.Add(new TriedPartition(names, step, predicted, ratios[0].Median, ratios[0].Low, ratios[0].High, kept));
                if (kept)
                    (_best, _bestTried, _bestModel) = (integer, _tried[^1], model);
            }
            catch (OnnxRuntimeException)
            {
                ratios = [SpeedRatio.Broken];
                _tried.Add(new TriedPartition(names, step, predicted, 0, 0, 0, Kept: false));
                return false;
            }
            settings.Report(string.Create(CultureInfo.InvariantCulture, $"{step}: {names.Length} of {_graph.Regions.Length} regions integer, {(predicted is { } p ? $"{p:0.00} times as fast as float predicted, " : "")}{ratios[0].Median:0.00} measured{(_tried[^1].Kept ? ", the best so far" : "")}"));
            return true;
        }

        private void Learn(bool[] integer, ModelProto model, double speedUp)
        {
            (NodeProfile reference, NodeProfile variant) = settings.Bench.Profile(full.Prepared, model);
            _graph = _graph.WithElements(reference, variant);
            // The profiler costs time itself, at each node. The variant's sum is what was measured without it, in the measure of the first profile.
            double total = _costs?.Total ?? reference.Total;
            reference = reference.Scaled(total / reference.Total);
            variant = variant.Scaled(total / speedUp / variant.Total);
            _costs = _costs?.Learn(_graph, integer, reference, variant) ?? RegionCosts.Of(_graph, reference, variant);
        }

        private RegionSearchResult Result()
        {
            ImmutableArray<RegionChoice> choices = [.. _graph.Regions.Select((region, i) => Choice(region, i))];
            StaticRecipe? recipe = _bestTried is null ? null : RecipeOf(_best, choices);
            return new RegionSearchResult(recipe, _bestTried?.Measured, choices, [.. _tried], RegionSearchState.Of(settings.Key, _graph, _costs!, [.. _tried]));
        }

        private RegionChoice Choice(Region region, int position)
        {
            bool[] integer = [.. _best];
            integer[position] = true;
            double with = _graph.ConversionTime(_costs!, integer);
            integer[position] = false;
            return new RegionChoice(region.Name, region.Nodes, _best[position], _costs!.Float[position], _costs.Integer[position], with - _graph.ConversionTime(_costs, integer));
        }

        /// <summary>The choice that the plan makes of one: connecting nodes without integer neighbours leave by themselves.</summary>
        private bool[] Possible(bool[] integer)
        {
            StaticRecipe recipe = RecipeOf(integer);
            return [.. _graph.Regions.Select(region => recipe.Plan.Contains(region.Name))];
        }

        private StaticRecipe RecipeOf(bool[] integer, ImmutableArray<RegionChoice> choices = default)
        {
            Dictionary<string, string> left = [];
            for (int i = 0; i < integer.Length; i++)
                if (!integer[i])
                    left[_graph.Regions[i].Name] = choices.IsDefault ? "it is float in this trial" : choices[i].Reason;
            return left.Count == 0 ? full : full.LeaveFloat(left);
        }

        private static string KeyOf(bool[] integer) => string.Concat(integer.Select(each => each ? '1' : '0'));
    }
}
