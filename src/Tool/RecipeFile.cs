using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Octet.Quantization;
using Octet.Quantization.Calibration;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Emission;
using Octet.Quantization.Methods;
using Octet.Quantization.Search;

namespace Octet.Tool;

/// <summary>A recipe pinned in a file: the <c>recipe</c> object of a variant in report.json, committed so that every build makes the same bytes.</summary>
internal static class RecipeFile
{
    /// <summary>Lets the recipe decide the variant, how its ranges are found, which refinements it has, what stays float, and the processors it is made for.</summary>
    /// <exception cref="DiagnosticException">OCT5006: the file is no recipe.</exception>
    public static QuantizationRequest Apply(QuantizationRequest request, string path)
    {
        if (path.Length == 0)
            return request;
        try
        {
            JsonObject recipe = JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new FormatException("it is no json object");
            string variant = Text(recipe["variant"]) ?? throw new FormatException("it names no variant");
            if (!Variants.All.Contains(variant))
                throw new FormatException($"'{variant}' is no variant of this version; it knows {string.Join(", ", Variants.All)}");
            ImmutableArray<NodePattern> exclude = [.. (recipe["exclude"] as JsonArray ?? []).Select(pattern => new NodePattern(Text(pattern) ?? throw new FormatException("its 'exclude' holds what is no text")))];
            string method = recipe["calibration"] is { } calibration ? Text(calibration) ?? "" : request.Method;
            if (!CalibrationMethods.IsKnown(method))
                throw new FormatException($"'{method}' is no calibration method of this version; it knows {string.Join(", ", CalibrationMethods.All)}");
            string target = recipe["target"] is { } named ? Text(named) ?? "" : request.Target;
            if (!Targets.All.Contains(target))
                throw new FormatException($"'{target}' is no target");
            return request with { Variants = [variant], Method = method, Target = target, Exclude = [.. request.Exclude, .. exclude], Pinned = Pinned(recipe) };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or FormatException or ArgumentException)
        {
            throw DiagnosticCatalog.Exception("OCT5006", path, exception.Message.TrimEnd('.'));
        }
    }

    private static PinnedChoices Pinned(JsonObject recipe) => new(
        IntegerForm.All.FirstOrDefault(form => form.Name == Text(recipe["form"])) ?? IntegerForm.Pairs,
        [.. (recipe["rewrites"] as JsonArray ?? []).Select(name => Text(name) ?? throw new FormatException("its 'rewrites' holds what is no text"))],
        [.. Objects(recipe["refinements"]).Where(refinement => refinement["kept"] is JsonValue kept && kept.TryGetValue(out bool isKept) && isKept).Select(refinement => Named(refinement, "name"))],
        Objects(recipe["leftFloat"]).ToImmutableSortedDictionary(left => Named(left, "node"), left => Named(left, "reason"), StringComparer.Ordinal));

    private static IEnumerable<JsonObject> Objects(JsonNode? array) => (array as JsonArray ?? []).Select(entry => entry as JsonObject ?? throw new FormatException("one of its lists holds what is no object"));

    private static string Named(JsonObject entry, string key) => Text(entry[key]) ?? throw new FormatException($"an entry of one of its lists has no '{key}'");

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
