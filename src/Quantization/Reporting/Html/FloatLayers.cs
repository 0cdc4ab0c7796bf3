using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>The layers that the variant still runs in float, and why.</summary>
internal static class FloatLayers
{
    private static readonly Format Numbers = Format.Typographic;

    /// <summary>Null where there is none.</summary>
    public static XElement? Render(ModelReport model)
    {
        LayerReport[] layers = [.. model.Layers.Where(layer => !layer.Quantized)];
        if (layers.Length == 0)
            return null;
        HashSet<string> named = NamesIn(Measured(model)?.Recipe);
        ILookup<bool, LayerReport> byRecipe = layers.ToLookup(layer => named.Contains(layer.Node));
        return Markup.Tag(
            "div",
            Markup.Class("float-layers"),
            Group(byRecipe[true], "Excluded by the recipe, because integer arithmetic there costs too much accuracy or time:"),
            Group(byRecipe[false], "No integer kernel of this ONNX Runtime takes them where they stand, or the conversions around them would cost more than they save:"));
    }

    /// <summary>The variant that the layers' figures are of: the selected one, or the best of those that lost.</summary>
    private static VariantReport? Measured(ModelReport model) =>
        Wording.Selected(model) is { } selected && !Wording.IsBaseline(selected)
            ? selected
            : model.Variants.Where(variant => variant.Recipe is not null).MaxBy(variant => variant.Speedup);

    private static object[] Group(IEnumerable<LayerReport> layers, string why) => !layers.Any()
        ? []
        :
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

    /// <summary>Every text of the recipe: whatever the recipe calls its list of exclusions, the nodes are named in it.</summary>
    private static HashSet<string> NamesIn(JsonNode? node) => node switch
    {
        JsonObject members => [.. members.SelectMany(member => NamesIn(member.Value))],
        JsonArray items => [.. items.SelectMany(NamesIn)],
        JsonValue value when value.TryGetValue(out string? name) => [name],
        _ => [],
    };
}
