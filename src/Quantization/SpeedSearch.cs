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

    /// <summary>Applies passes without measuring.</summary>
    /// <param name="prepared">The prepared model.</param>
    /// <param name="names">Names of the passes.</param>
    public static RewrittenModel Rewrite(ModelProto prepared, ImmutableArray<string> names) => new(RewritingSearch.Apply(prepared, OptionalPasses.All, names), names);

    /// <summary>Keeps the passes that make the float model faster.</summary>
    public RewrittenModel RewriteFloat(ModelProto prepared, Func<bool> hasTime) =>
        Measured(bench => Rewrite(prepared, PassBenefits.Float, model => model, bench, hasTime)) ?? new RewrittenModel(prepared, []);

    /// <summary>Finds the form of the integer parts, and keeps the passes that make the variant faster in it.</summary>
    /// <param name="prepared">The prepared model.</param>
    /// <param name="forms">The forms to choose from; the first where nothing is measured.</param>
    /// <param name="emit">Makes a variant that can be timed.</param>
    /// <param name="hasTime">Whether another measurement may begin.</param>
    public (IntegerForm Form, RewrittenModel Model) FindForm(ModelProto prepared, IReadOnlyList<IntegerForm> forms, Func<ModelProto, IntegerForm, ModelProto> emit, Func<bool> hasTime) =>
        Measured(bench =>
        {
            IntegerForm form = FastestForm(prepared, forms, emit, bench, hasTime);
            return ((IntegerForm, RewrittenModel)?)(form, Rewrite(prepared, PassBenefits.Integer, model => emit(model, form), bench, hasTime));
        }) ?? (forms[0], new RewrittenModel(prepared, []));

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

    private RewrittenModel Rewrite(ModelProto prepared, PassBenefits benefits, Func<ModelProto, ModelProto> emit, IRegionBench bench, Func<bool> hasTime)
    {
        RewritingResult result = RewritingSearch.Find(prepared, OptionalPasses.All.Where(pass => pass.Benefits.HasFlag(benefits)), emit, bench, hasTime, report, cancellation);
        return new RewrittenModel(result.Model, result.Kept);
    }

    private IntegerForm FastestForm(ModelProto prepared, IReadOnlyList<IntegerForm> forms, Func<ModelProto, IntegerForm, ModelProto> emit, IRegionBench bench, Func<bool> hasTime)
    {
        IntegerForm best = forms[0];
        foreach (IntegerForm form in forms.Skip(1))
        {
            if (!hasTime())
                break;
            try
            {
                SpeedRatio ratio = bench.Compare(emit(prepared, form), emit(prepared, best))[0];
                report(string.Create(CultureInfo.InvariantCulture, $"{form.Name}: {ratio.Median:0.00} times as fast as {best.Name}{(ratio.IsFaster ? ", kept" : "")}"));
                if (ratio.IsFaster)
                    best = form;
            }
            catch (OnnxRuntimeException exception)
            {
                report($"{form.Name}: {exception.OneLine()}");
            }
        }
        return best;
    }

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
