using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>What was tried to bring a static variant nearer to the float model, and what became of it.</summary>
internal static class Trials
{
    private static readonly Format Numbers = Format.Typographic;

    /// <summary>Null where nothing was tried.</summary>
    public static XElement? Render(VariantReport variant)
    {
        if (variant.Recipe is not { } recipe)
            return null;
        string method = Text(recipe["calibration"]);
        XElement[] rows =
        [
            .. Entries(recipe["calibrationsTried"]).Select(entry => Row($"calibration: {Text(entry["method"])}", entry, Text(entry["method"]) == method)),
            .. Entries(recipe["refinements"]).Select(entry => Row(Text(entry["name"]), entry, entry["kept"] is JsonValue kept && kept.TryGetValue(out bool isKept) && isKept)),
        ];
        return rows.Length == 0
            ? null
            : Markup.Tag("div", Markup.Tag("p", Markup.Class("note"), $"{variant.Name}: tried on samples held out, and kept where it helps."), Markup.Tag("ul", Markup.Class("node-list"), rows));
    }

    private static XElement Row(string name, JsonObject entry, bool kept) => Markup.Tag(
        "li",
        Markup.Tag("span", Markup.Class("node"), name),
        Markup.Tag("span", Markup.Class("sub"), $"{Numbers.Decibels(Number(entry["sqnrDb"]))}, {(kept ? "kept" : "not kept")}"));

    private static IEnumerable<JsonObject> Entries(JsonNode? list) => (list as JsonArray ?? []).OfType<JsonObject>();

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    private static double Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out double number) ? number : double.NaN;
}
