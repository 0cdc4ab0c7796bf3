using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>All about one model.</summary>
internal static class ModelSection
{
    private static readonly Wording Words = new(Format.Typographic);

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Where the page's navigation leads.</summary>
    public static string Anchor(int index) => string.Create(CultureInfo.InvariantCulture, $"model-{index + 1}");

    public static XElement Render(ModelReport model, int index)
    {
        string anchor = Anchor(index);
        return Markup.Tag(
            "article",
            Markup.Class("model"),
            Markup.Attribute("id", anchor),
            Markup.Attribute("aria-labelledby", anchor + "-name"),
            Markup.Tag(
                "header",
                Markup.Tag("h2", Markup.Attribute("id", anchor + "-name"), model.Name),
                Markup.Tag("p", Markup.Class("reason"), Markup.Tag("strong", Wording.ChoiceSentence(model)), " ", Words.ChoiceReason(model))),
            SummaryCards.Render(model),
            model.Variants.IsEmpty ? null : Section("Variants", VariantTable.Render(model), UnverifiedNote(model)),
            Section("Threads and batch", ConditionTable.Render(model), ConditionTable.Note(model)),
            Section("Latency", LatencyPlot.Render(model)),
            Section("Accuracy against speed", FrontierPlot.Render(model)),
            Section("Layers", LayerPlot.Render(model), Exclude(model)),
            Section("What stayed float", FloatLayers.Render(model)),
            Section("What was tried", [.. model.Variants.Select(Trials.Render)]),
            Section("Recipes", [.. model.Variants.Select(Recipe)]),
            Markup.Tag("p", Markup.Class("provenance"), Provenance(model)));
    }

    /// <summary>Nothing at all where there is nothing to show.</summary>
    private static XElement? Section(string heading, params XElement?[] content) =>
        content.All(part => part is null) ? null : Markup.Tag("section", Markup.Tag("h3", heading), content);

    private static XElement? UnverifiedNote(ModelReport model) =>
        model.Variants.Any(Wording.IsUnverified) ? Markup.Tag("p", Markup.Class("note warning"), Wording.UnverifiedNote) : null;

    private static XElement? Exclude(ModelReport model) => WorstLayers.ExcludeAttribute(model) is not { } attribute
        ? null
        : Markup.Tag(
            "div",
            Markup.Class("exclude"),
            Markup.Tag("p", Markup.Class("note"), "If accuracy is not enough, keep the worst layers float: add this to the model's item."),
            Code(attribute, "Metadata that excludes the worst layers"));

    private static XElement? Recipe(VariantReport variant) => variant.Recipe is not { } recipe
        ? null
        : Markup.Tag("details", Markup.Tag("summary", variant.Name), Code(Text(recipe), $"Recipe of {variant.Name}"));

    /// <summary>Long lines scroll, so the block takes the keyboard's focus.</summary>
    private static XElement Code(string text, string label) => Markup.Tag(
        "pre",
        Markup.Attribute("tabindex", 0),
        Markup.Attribute("role", "region"),
        Markup.Attribute("aria-label", label),
        text);

    private static string Text(JsonObject recipe)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
            FreeFormConverter.WriteNode(writer, recipe);
        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)).Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    private static string Provenance(ModelReport model)
    {
        string hash = model.Sha256.Length == 0 ? "" : $", SHA-256 {model.Sha256}";
        return $"{model.Source}{hash}. Measured with {Wording.Conditions(model)}.";
    }
}
