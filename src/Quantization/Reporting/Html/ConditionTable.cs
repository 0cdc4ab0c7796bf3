using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>Median and speed-up of every variant under every condition that was measured.</summary>
internal static class ConditionTable
{
    private static readonly Wording Words = new(Format.Typographic);

    /// <summary>Null where there was one condition alone.</summary>
    public static XElement? Render(ModelReport model)
    {
        if (Wording.Baseline(model) is not { Conditions: { Length: > 1 } conditions })
            return null;
        VariantReport[] measured = [.. model.Variants.Where(variant => variant.Conditions.Length == conditions.Length)];
        return Markup.Tag(
            "table",
            Markup.Class("conditions"),
            Markup.Tag("caption", Markup.Class("unseen"), $"Conditions of {model.Name}"),
            Markup.Tag("thead", Markup.Tag("tr", measured.Select(variant => variant.Name).Prepend("Condition").Select(heading => Markup.Tag("th", Markup.Attribute("scope", "col"), heading)))),
            Markup.Tag("tbody", conditions.Select((condition, i) => Markup.Tag(
                "tr",
                Markup.Tag("th", Markup.Attribute("scope", "row"), Wording.Condition(condition)),
                measured.Select(variant => Markup.Tag("td", Markup.Class("number"), Words.Condition(variant, variant.Conditions[i])))))));
    }

    /// <summary>What the conditions say of the threads; null where nothing.</summary>
    public static XElement? Note(ModelReport model) =>
        Wording.ThreadsNote(model) is { Length: > 0 } note ? Markup.Tag("p", Markup.Class("note"), note) : null;
}
