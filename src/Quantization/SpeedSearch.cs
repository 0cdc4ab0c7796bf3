using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Diagnostics;
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
        Measured(bench =>
        {
            RewritingResult result = new RewritingSearch(Passes(PassBenefits.Float), model => model, bench, hasTime, report, cancellation).Find(prepared);
            return new RewrittenModel(result.Model, result.Kept);
        }) ?? new RewrittenModel(prepared, []);

    /// <summary>Finds the form of the integer parts, and keeps the passes that make the variant faster in it.</summary>
    /// <param name="prepared">The prepared model.</param>
    /// <param name="forms">The forms to choose from; the first where nothing is measured.</param>
    /// <param name="passes">The passes to try.</param>
    /// <param name="emit">Makes a variant that can be timed.</param>
    /// <param name="hasTime">Whether another measurement may begin.</param>
    public (IntegerForm Form, RewrittenModel Model) FindForm(
        ModelProto prepared, IReadOnlyList<IntegerForm> forms, ImmutableArray<OptionalPass> passes, Func<ModelProto, IntegerForm, ModelProto> emit, Func<bool> hasTime) =>
        Measured(bench => ((IntegerForm, RewrittenModel)?)FindForm(prepared, forms, passes, emit, bench, hasTime)) ?? (forms[0], new RewrittenModel(prepared, []));

    /// <summary>Leaves regions float where that is faster.</summary>
    /// <param name="recipe">A recipe with everything integer that can be.</param>
    /// <param name="emit">Writes a recipe's variant as it would ship.</param>
    /// <param name="hasTime">Whether another measurement may begin.</param>
    /// <returns>The fastest recipe; the one given, with what was found, where none is faster than the float model.</returns>
    public StaticRecipe ChooseRegions(StaticRecipe recipe, Func<StaticRecipe, ModelProto> emit, Func<bool> hasTime) =>
        Measured(bench =>
        {
            string key = KeyOf(recipe);
            RegionSearchSettings settings = new(emit, bench, hasTime, report) { Key = key, Resume = ReadState(key) };
            RegionSearchResult result = new RegionSearch(settings, cancellation).Find(recipe);
            WriteState(key, result.State);
            return (result.Recipe ?? recipe) with { Search = ToJson(result) };
        }) ?? recipe;

    // A form with all rewritings before the form as it is: what they bring is mostly more.
    private (IntegerForm, RewrittenModel) FindForm(
        ModelProto prepared, IReadOnlyList<IntegerForm> forms, ImmutableArray<OptionalPass> passes, Func<ModelProto, IntegerForm, ModelProto> emit, IRegionBench bench, Func<bool> hasTime)
    {
        ImmutableArray<string> names = RewritingSearch.Changing(prepared, passes);
        RewrittenModel none = new(prepared, []);
        RewrittenModel all = new(RewritingSearch.Apply(prepared, passes, names), names);
        (IntegerForm Form, RewrittenModel Model) best = (forms[0], none);
        IEnumerable<(IntegerForm, RewrittenModel)> others = forms.Reverse().Select(form => (form, all)).Where(_ => !names.IsEmpty).Concat(forms.Reverse().Select(form => (form, none))).Where(other => other != (forms[0], none));
        foreach ((IntegerForm form, RewrittenModel model) in others)
        {
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
        RewritingResult result = best.Model == none ? search.Add(prepared) : search.Drop(prepared, names);
        return (best.Form, new RewrittenModel(result.Model, result.Kept));
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
    private string KeyOf(StaticRecipe recipe)
    {
        MachineDescription machine = MachineDescription.Current;
        string[] parts =
        [
            FileHash.Of(request.ModelPath), machine.Cpu, string.Join(',', machine.Features), machine.OnnxRuntime, $"{machine.Cores}", $"{request.Threads}", $"{request.BatchSize}",
            recipe.Form.Name, string.Join(',', recipe.Rewrites), string.Join(',', recipe.Refinements.Where(refinement => refinement.Kept).Select(refinement => refinement.Name)),
            string.Join(',', recipe.Exclude.Select(pattern => pattern.Pattern)), string.Join(';', request.InputShapes.OrderBy(shape => shape.Key, StringComparer.Ordinal).Select(shape => $"{shape.Key}={string.Join(',', shape.Value)}")),
        ];
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts)))).ToLowerInvariant();
    }

    // What is known from before only saves time: a file that cannot be read or written is done without.
    private RegionSearchState? ReadState(string key)
    {
        if (StateFile(key) is not { } path || !File.Exists(path))
            return null;
        try
        {
            using FileStream stream = File.OpenRead(path);
            return RegionSearchState.Read(stream);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void WriteState(string key, RegionSearchState? state)
    {
        if (state is null || StateFile(key) is not { } path)
            return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, state.Write);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or DiagnosticException)
        {
            report($"what the search learned is not kept: {exception.Message}");
        }
    }

    private string? StateFile(string key) => request.SearchStateDirectory is { } folder ? Path.Combine(folder, $"{key}.json") : null;

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
