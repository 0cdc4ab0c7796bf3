using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>The layers that the variant still runs in float, and why.</summary>
internal static class FloatLayers
{
    private const string NoReason = "no integer kernel of this ONNX Runtime takes them where they stand";

    private static readonly Format Numbers = Format.Typographic;

    /// <summary>Null where there is none.</summary>
    public static XElement? Render(ModelReport model)
    {
        LayerReport[] layers = [.. model.Layers.Where(layer => !layer.Quantized)];
        if (layers.Length == 0)
            return null;
        Dictionary<string, string> reasons = Reasons(Measured(model)?.Recipe);
        return Markup.Tag(
            "div",
            Markup.Class("float-layers"),
            layers.GroupBy(layer => reasons.GetValueOrDefault(layer.Node, NoReason), StringComparer.Ordinal).OrderBy(group => group.Key == NoReason).Select(group => Group(group, Heading(group.Key))));
    }

    /// <summary>The variant that the layers' figures are of: the selected one, or the best of those that lost.</summary>
    private static VariantReport? Measured(ModelReport model) =>
        Wording.Selected(model) is { } selected && !Wording.IsBaseline(selected)
            ? selected
            : model.Variants.Where(variant => variant.Recipe is not null).MaxBy(variant => variant.Speedup);

    private static object[] Group(IEnumerable<LayerReport> layers, string why) =>
        [
            Markup.Tag("p", Markup.Class("note"), why),
            Markup.Tag(
                "ul",
                Markup.Class("node-list"),
                layers.OrderByDescending(layer => layer.VariantMicroseconds ?? 0).Select(layer => Markup.Tag(
                    "li",
                    Markup.Tag("span", Markup.Class("node"), layer.Node),
                    Markup.Tag("span", Markup.Class("sub"), Note(layer))))),
        ];

    private static string Note(LayerReport layer) =>
        layer.VariantMicroseconds is { } time && Format.IsMeasured(time) ? $"{layer.Op}, {Numbers.Duration(time / 1000)}" : layer.Op;

    private static string Heading(string reason) => $"{char.ToUpperInvariant(reason[0])}{reason[1..]}:";

    /// <summary>The reason by node, from the recipe's list <c>float</c> of objects with <c>node</c> and <c>reason</c>.</summary>
    private static Dictionary<string, string> Reasons(JsonObject? recipe)
    {
        Dictionary<string, string> reasons = new(StringComparer.Ordinal);
        foreach (JsonObject entry in (recipe?["float"] as JsonArray ?? []).OfType<JsonObject>())
            if (entry["node"] is JsonValue node && node.TryGetValue(out string? name) && entry["reason"] is JsonValue reason && reason.TryGetValue(out string? why) && why.Length > 0)
                reasons[name] = why;
        return reasons;
    }
}
