using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>The figures of every variant. Narrow screens show a row as a block, so the roles of a table are spelled out.</summary>
internal static class VariantTable
{
    private static readonly Format Numbers = Format.Typographic;
    private static readonly Wording Words = new(Numbers);
    private static readonly string[] Headings = ["Variant", "Size", "Median", "Speed-up", "Accuracy", "Integer coverage", "Verdict"];

    public static XElement Render(ModelReport model)
    {
        DurationUnit unit = Numbers.UnitFor(model.Variants.Select(variant => variant.MedianMilliseconds));
        return Markup.Tag(
            "table",
            Markup.Class("variants"),
            Markup.Role("table"),
            Markup.Tag("caption", Markup.Class("unseen"), $"Variants of {model.Name}"),
            Markup.Tag(
                "thead",
                Markup.Role("rowgroup"),
                Markup.Tag("tr", Markup.Role("row"), Headings.Select(heading => Markup.Tag("th", Markup.Role("columnheader"), Markup.Attribute("scope", "col"), heading)))),
            Markup.Tag("tbody", Markup.Role("rowgroup"), model.Variants.SelectMany(variant => Rows(variant, variant.Name == model.Selected, unit))));
    }

    private static IEnumerable<XElement> Rows(VariantReport variant, bool selected, DurationUnit unit)
    {
        yield return Markup.Tag(
            "tr",
            Markup.Role("row"),
            Markup.Class(selected ? "variant chosen" : "variant"),
            Markup.Tag(
                "th",
                Markup.Role("rowheader"),
                Markup.Attribute("scope", "row"),
                Markup.Tag("span", Markup.Class("name"), variant.Name),
                selected ? Markup.Tag("span", Markup.Class("chosen-mark"), "selected") : null),
            Cell(1, "number", Numbers.Size(variant.SizeBytes)),
            Cell(2, "number", Numbers.Duration(variant.MedianMilliseconds, unit), Sub(Spread(variant, unit))),
            Cell(3, "number", Numbers.Ratio(variant.Speedup), Sub(Wording.IsBaseline(variant) ? "" : Numbers.RatioInterval(variant.SpeedupLow, variant.SpeedupHigh))),
            Cell(4, "text", AccuracyFigure(variant), AccuracyNote(variant)),
            Cell(5, "text", Coverage(variant), Sub(Conversions(variant))),
            Cell(6, "text", Verdict.Badge(variant)));
        if (!Wording.IsBaseline(variant) && !string.IsNullOrWhiteSpace(variant.Reason))
        {
            yield return Markup.Tag(
                "tr",
                Markup.Role("row"),
                Markup.Class(selected ? "why chosen" : "why"),
                Markup.Tag("td", Markup.Role("cell"), Markup.Attribute("colspan", Headings.Length), Wording.VerdictReason(variant)));
        }
    }

    /// <summary>Where a row is a block, a cell without a figure takes no line.</summary>
    private static XElement Cell(int column, string style, object content, params object?[] notes) => Markup.Tag(
        "td",
        Markup.Role("cell"),
        Markup.Class(content is string text && text == Numbers.None ? $"{style} absent" : style),
        Markup.Attribute("data-label", Headings[column]),
        Markup.Tag("span", Markup.Class("value"), content, notes));

    private static string AccuracyFigure(VariantReport variant) => Wording.IsBaseline(variant) && variant.Accuracy?.Metric != "top1" ? "reference" : Words.AccuracyFigure(variant);

    private static object?[] AccuracyNote(VariantReport variant)
    {
        if (variant.Accuracy is not { } accuracy || Wording.IsBaseline(variant))
            return [];
        string drop = double.IsFinite(accuracy.Drop) ? $"drop {Numbers.Percent(accuracy.Drop)}, " : "";
        return [Sub($"{drop}on {Format.Count(accuracy.Samples, "input")}"), accuracy.Verified ? null : Verdict.UnverifiedBadge()];
    }

    private static string Coverage(VariantReport variant) =>
        Wording.Coverage(variant) is { Length: > 0 } coverage && !Wording.IsBaseline(variant) ? coverage : Numbers.None;

    private static string Conversions(VariantReport variant) =>
        variant.ConversionNodes > 0 ? Format.Count(variant.ConversionNodes, "conversion") : "";

    private static string Spread(VariantReport variant, DurationUnit unit) =>
        Format.IsMeasured(variant.MadMilliseconds) && Format.IsMeasured(variant.MedianMilliseconds) ? "± " + Numbers.Duration(variant.MadMilliseconds, unit) : "";

    private static XElement? Sub(string text) => text.Length == 0 ? null : Markup.Tag("span", Markup.Class("sub"), text);
}
