using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>Every layer's error and time as a table with bars, the worst error first.</summary>
internal static class LayerPlot
{
    private const int Shown = 12;
    private static readonly string[] Headings = ["Layer", "Error", "Time: float above, variant below"];

    private static readonly Format Numbers = Format.Typographic;

    /// <summary>Null where nothing was measured layer by layer.</summary>
    public static XElement? Render(ModelReport model)
    {
        LayerReport[] layers =
        [
            .. model.Layers
                .Where(layer => Finite(layer.SqnrDb) || Finite(layer.FloatMicroseconds) || Finite(layer.VariantMicroseconds))
                .OrderBy(layer => Finite(layer.SqnrDb) ? layer.SqnrDb : double.PositiveInfinity),
        ];
        if (layers.Length == 0)
            return null;
        var scale = new Scales(layers);
        return Markup.Tag(
            "div",
            Markup.Class("layers"),
            Markup.Tag("p", Markup.Class("note"), Summary(layers)),
            Table(layers.Take(Shown), scale, "Layers with the largest error"),
            layers.Length > Shown
                ? Markup.Tag(
                    "details",
                    Markup.Tag("summary", $"{Format.Count(layers.Length - Shown, "more layer")}"),
                    Table(layers.Skip(Shown), scale, "The other layers"))
                : null);
    }

    private static string Summary(LayerReport[] layers)
    {
        LayerReport[] timed = [.. layers.Where(layer => Finite(layer.FloatMicroseconds) && Finite(layer.VariantMicroseconds))];
        string bars = "The error is the noise that quantization adds to the layer's output, as a share of the signal; the ratio in dB says the same.";
        if (timed.Length == 0)
            return bars;
        double before = timed.Sum(layer => layer.FloatMicroseconds!.Value);
        double after = timed.Sum(layer => layer.VariantMicroseconds!.Value);
        return $"{bars} Together the layers take {Numbers.Duration(before / 1000)} in float and {Numbers.Duration(after / 1000)} in the variant.";
    }

    private static XElement Table(IEnumerable<LayerReport> layers, Scales scale, string caption) => Markup.Tag(
        "table",
        Markup.Class("layer-table"),
        Markup.Role("table"),
        Markup.Tag("caption", Markup.Class("unseen"), caption),
        Markup.Tag(
            "thead",
            Markup.Role("rowgroup"),
            Markup.Tag("tr", Markup.Role("row"), Headings.Select(name => Markup.Tag("th", Markup.Role("columnheader"), Markup.Attribute("scope", "col"), name)))),
        Markup.Tag("tbody", Markup.Role("rowgroup"), layers.Select(layer => Row(layer, scale))));

    private static XElement Row(LayerReport layer, Scales scale) => Markup.Tag(
        "tr",
        Markup.Role("row"),
        Markup.Tag(
            "th",
            Markup.Role("rowheader"),
            Markup.Attribute("scope", "row"),
            Markup.Tag("span", Markup.Class("node"), layer.Node),
            Markup.Tag("span", Markup.Class("sub"), $"{layer.Op}, {(layer.Quantized ? "integer" : "float")}")),
        Markup.Tag("td", Markup.Role("cell"), ErrorOf(layer, scale)),
        Markup.Tag("td", Markup.Role("cell"), TimesOf(layer, scale)));

    private static object ErrorOf(LayerReport layer, Scales scale)
    {
        if (!Finite(layer.SqnrDb))
            return Markup.Tag("span", Markup.Class("sub"), layer.Quantized ? "not measured" : "none, it is float");
        double error = Scales.ErrorOf(layer.SqnrDb!.Value);
        return new object[]
        {
            Bar(error / scale.Error, layer.Quantized ? "bar error" : "bar idle"),
            Markup.Tag("span", Markup.Class("figure"), Numbers.Decibels(layer.SqnrDb.Value), " ", Markup.Tag("span", Markup.Class("sub"), Numbers.Percent(error))),
        };
    }

    private static IEnumerable<object> TimesOf(LayerReport layer, Scales scale)
    {
        yield return Bar((layer.FloatMicroseconds ?? 0) / scale.Microseconds, "bar before");
        yield return Bar((layer.VariantMicroseconds ?? 0) / scale.Microseconds, "bar after");
        yield return Markup.Tag("span", Markup.Class("figure"), $"{Time(layer.FloatMicroseconds)} {Numbers.Arrow} {Time(layer.VariantMicroseconds)}");
    }

    private static string Time(double? microseconds) => Numbers.Duration(microseconds / 1000 ?? double.NaN);

    private static XElement Bar(double share, string style) =>
        Svg.Ornament(7, double.IsFinite(share) && share > 0 ? Svg.Rectangle(0, 0.5, Math.Clamp(share, 0.005, 1), 6, style) : null);

    private static bool Finite(double? value) => value is { } number && double.IsFinite(number);

    /// <summary>What a full bar stands for; one for all tables, so that their bars compare.</summary>
    private sealed class Scales(LayerReport[] layers)
    {
        public double Error { get; } = layers.Where(layer => Finite(layer.SqnrDb)).Select(layer => ErrorOf(layer.SqnrDb!.Value)).DefaultIfEmpty(1).Max();

        public double Microseconds { get; } = layers.SelectMany(layer => new[] { layer.FloatMicroseconds, layer.VariantMicroseconds }).Where(Finite).Max() ?? 1;

        /// <summary>Root mean square of the noise over that of the signal; 20 log10 of its inverse is the ratio in dB.</summary>
        public static double ErrorOf(double decibels) => Math.Min(Math.Pow(10, -decibels / 20), 1);
    }
}
