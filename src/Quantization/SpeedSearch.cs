using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Search;
using Octet.Runtime;

namespace Octet.Quantization;

/// <summary>The searches that measure time, on the model's first sample; none where the request wants none.</summary>
internal sealed class SpeedSearch(QuantizationRequest request, Samples samples, string scratch, Action<string> report, CancellationToken cancellation)
{
    private static readonly TimeSpan LeastEffort = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan MostEffort = TimeSpan.FromSeconds(1.5);

    private const string FloatForm = "float";

    private readonly SearchStateFiles _states = new(request.SearchStateDirectory, report);

    /// <summary>The passes that may make a variant faster that computes in integers.</summary>
    public static ImmutableArray<OptionalPass> IntegerPasses { get; } = Passes(PassBenefits.Integer);

    /// <summary>Applies passes without measuring.</summary>
    /// <param name="prepared">The prepared model.</param>
    /// <param name="names">Names of the passes.</param>
    public static RewrittenModel Rewrite(ModelProto prepared, ImmutableArray<string> names) => new(RewritingSearch.Apply(prepared, OptionalPasses.All, names), names);

    /// <summary>Whether there is anything to try on the float model.</summary>
    public bool HasRewritings(ModelProto prepared) => request.Search && !RewritingSearch.Changing(prepared, Passes(PassBenefits.Float)).IsEmpty;

    /// <summary>Keeps the passes that make the float model faster.</summary>
    public RewrittenModel RewriteFloat(ModelProto prepared, Func<bool> hasTime) =>
        Rewrite(prepared, Remembered([FloatForm], hasTime, (bench, known) =>
        {
            RewrittenModel best = Rewrite(prepared, known?.Rewrites ?? []);
            RewritingSearch search = new(Passes(PassBenefits.Float), model => model, bench, hasTime, report, cancellation);
            return (FloatForm, [.. best.Passes, .. (best.Passes.IsEmpty ? search.Find(prepared) : search.Add(best.Model)).Kept]);
        })?.Rewrites ?? []);

    /// <summary>Finds the form of the integer parts, and keeps the passes that make the variant faster in it.</summary>
    /// <param name="prepared">The prepared model.</param>
    /// <param name="forms">The forms to choose from; the first where nothing is measured.</param>
    /// <param name="passes">The passes to try.</param>
    /// <param name="emit">Makes a variant that can be timed.</param>
    /// <param name="hasTime">Whether another measurement may begin.</param>
    public (IntegerForm Form, RewrittenModel Model) FindForm(
        ModelProto prepared, IReadOnlyList<IntegerForm> forms, ImmutableArray<OptionalPass> passes, Func<ModelProto, IntegerForm, ModelProto> emit, Func<bool> hasTime)
    {
        IEnumerable<string> subject = forms.Select(form => form.Name).Concat(passes.Select(pass => pass.Name));
        RewritingState? found = Remembered(subject, hasTime, (bench, known) => FindForm(prepared, forms, passes, emit, bench, hasTime, known));
        return (FormOf(found, forms), Rewrite(prepared, found?.Rewrites ?? []));
    }

    /// <summary>Leaves regions float where that is faster.</summary>
    /// <param name="recipe">A recipe with everything integer that can be.</param>
    /// <param name="emit">Writes a recipe's variant as it would ship.</param>
    /// <param name="hasTime">Whether another measurement may begin.</param>
    /// <returns>The fastest recipe; the one given, with what was found, where none is faster than the float model.</returns>
    public StaticRecipe ChooseRegions(StaticRecipe recipe, Func<StaticRecipe, ModelProto> emit, Func<bool> hasTime) =>
        Measured(bench =>
        {
            string key = KeyOf([recipe.Form.Name, .. recipe.Rewrites, .. recipe.LeftFloat.Keys]);
            RegionSearchSettings settings = new(emit, bench, hasTime, report) { Key = key, Resume = _states.Read(key, RegionSearchState.Read) };
            RegionSearchResult result = new RegionSearch(settings, cancellation).Find(recipe);
            if (result.State is { } state)
                _states.Write(key, state.Write);
            return (result.Recipe ?? recipe) with { Search = ToJson(result) };
        }) ?? recipe;

    /// <summary>Whether a model is faster than another beyond doubt; it is not where nothing is measured.</summary>
    public bool IsFaster(ModelProto model, ModelProto than) => Measured(bench => bench.Compare(model, than)[0].IsFaster);

    // A form with all rewritings before the form as it is: what they bring is mostly more.
    private (string Form, ImmutableArray<string> Rewrites) FindForm(
        ModelProto prepared, IReadOnlyList<IntegerForm> forms, ImmutableArray<OptionalPass> passes, Func<ModelProto, IntegerForm, ModelProto> emit, IRegionBench bench, Func<bool> hasTime, RewritingState? known)
    {
        ImmutableArray<string> names = RewritingSearch.Changing(prepared, passes);
        RewrittenModel none = new(prepared, []);
        RewrittenModel all = new(RewritingSearch.Apply(prepared, passes, names), names);
        (IntegerForm Form, RewrittenModel Model) best = (FormOf(known, forms), known is null ? none : Rewrite(prepared, known.Rewrites));
        IEnumerable<(IntegerForm Form, RewrittenModel Model)> others = forms.Reverse().Select(form => (form, all)).Where(_ => !names.IsEmpty).Concat(forms.Reverse().Select(form => (form, none)));
        foreach ((IntegerForm form, RewrittenModel model) in others)
        {
            if (form == best.Form && model.Passes.SequenceEqual(best.Model.Passes))
                continue;
            if (!hasTime())
                break;
            try
            {
                SpeedRatio ratio = bench.Compare(emit(model.Model, form), emit(best.Model.Model, best.Form))[0];
                string name = model == none ? form.Name : $"{form.Name} with {RewritingSearch.Everything}";
                report(string.Create(CultureInfo.InvariantCulture, $"{name}: {ratio.Median:0.00} times as fast as the best so far{(ratio.IsFaster ? ", kept" : "")}"));
                if (ratio.IsFaster)
                    best = (form, model);
            }
            catch (OnnxRuntimeException exception)
            {
                report($"{form.Name}: {exception.OneLine()}");
            }
        }
        RewritingSearch search = new(passes, model => emit(model, best.Form), bench, hasTime, report, cancellation);
        RewritingResult result = best.Model.Passes.IsEmpty ? search.Add(prepared) : search.Drop(prepared, best.Model.Passes);
        return (best.Form.Name, result.Kept);
    }

    private static IntegerForm FormOf(RewritingState? state, IReadOnlyList<IntegerForm> forms) => forms.FirstOrDefault(form => form.Name == state?.Form) ?? forms[0];

    /// <summary>A choice of rewritings: that of an earlier search where it had time for everything, otherwise a search that begins with what the earlier one had found.</summary>
    private RewritingState? Remembered(IEnumerable<string> subject, Func<bool> hasTime, Func<IRegionBench, RewritingState?, (string Form, ImmutableArray<string> Rewrites)> search)
    {
        if (!request.Search)
            return null;
        string key = KeyOf(["rewritings", .. subject]);
        RewritingState? known = _states.Read(key, RewritingState.Read) is { } state && state.Key == key ? state : null;
        if (known is { Complete: true })
        {
            report($"going on with what an earlier search found: {string.Join(", ", [known.Form, .. known.Rewrites])}");
            return known;
        }
        return Measured(bench =>
        {
            (string form, ImmutableArray<string> rewrites) = search(bench, known);
            RewritingState found = new(key, form, rewrites, hasTime());
            _states.Write(key, found.Write);
            return found;
        });
    }

    private static ImmutableArray<OptionalPass> Passes(PassBenefits benefits) => [.. OptionalPasses.All.Where(pass => pass.Benefits.HasFlag(benefits))];

    private T? Measured<T>(Func<IRegionBench, T> search)
    {
        if (!request.Search || samples.FirstReadable() is not { } sample)
            return default;
        TimeSpan effort = request.TimeBudget / 150;
        using RunInputs inputs = new(sample.Inputs);
        using ExclusiveMeasurement exclusive = ExclusiveMeasurement.Enter(request.TimeBudget, cancellation);
        return search(new RegionBench(inputs, request.Threads, scratch, effort < LeastEffort ? LeastEffort : effort > MostEffort ? MostEffort : effort, cancellation));
    }

    // Of everything that the measured times and the names of regions depend on.
    private string KeyOf(IEnumerable<string> subject)
    {
        MachineDescription machine = MachineDescription.Current;
        string[] parts =
        [
            FileHash.Of(request.ModelPath), machine.Cpu, string.Join(',', machine.Features), machine.OnnxRuntime, $"{machine.Cores}", $"{request.Threads}", $"{request.BatchSize}",
            string.Join(',', request.Exclude.Select(pattern => pattern.Pattern)), string.Join(';', request.InputShapes.OrderBy(shape => shape.Key, StringComparer.Ordinal).Select(shape => $"{shape.Key}={string.Join(',', shape.Value)}")),
            string.Join(',', subject),
        ];
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts)))).ToLowerInvariant();
    }

    private static JsonObject? ToJson(RegionSearchResult result) => result.Tried.IsEmpty ? null : new JsonObject
    {
        ["speedup"] = result.SpeedUp,
        ["tried"] = new JsonArray([.. result.Tried.Select(tried => (JsonNode)new JsonObject
        {
            ["step"] = tried.Step,
            ["integerRegions"] = tried.Integer.Length,
            ["predicted"] = tried.Predicted,
            ["measured"] = tried.Measured,
            ["kept"] = tried.Kept,
        })]),
        ["regions"] = new JsonArray([.. result.Regions.Select(region => (JsonNode)new JsonObject
        {
            ["name"] = region.Name,
            ["integer"] = region.Integer,
            ["why"] = region.Reason,
        })]),
    };
}
