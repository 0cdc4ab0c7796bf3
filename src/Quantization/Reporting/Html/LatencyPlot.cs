using System.Collections.Immutable;
using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>The time of every run, a strip a variant over one axis: dots, a box around the middle half, a line at the median.</summary>
internal static class LatencyPlot
{
    private const double Height = 36;
    private const int MaximumDots = 200;

    private static readonly Format Numbers = Format.Typographic;

    /// <summary>Null where no variant was timed.</summary>
    public static XElement? Render(ModelReport model)
    {
        Strip[] strips = [.. model.Variants.Select(Strip.Of).OfType<Strip>()];
        if (strips.Length == 0)
            return null;
        DurationUnit unit = Numbers.UnitFor(strips.Select(strip => strip.Median));
        // A single run that waited for another process must not squeeze all others to one side.
        Axis axis = Axis.ForPositive(strips.Min(strip => strip.Sorted[0]), strips.Max(strip => strip.High));
        IReadOnlyList<double> ticks = axis.Ticks(5);
        return Markup.Tag(
            "figure",
            Markup.Class("plot strips"),
            Markup.Tag("figcaption", Caption(strips, unit, axis)),
            strips.Select(strip => Row(strip, model.Selected, axis, ticks, unit)),
            AxisRow(axis, ticks, unit));
    }

    private static string Caption(Strip[] strips, DurationUnit unit, Axis axis)
    {
        string scale = axis.IsLogarithmic ? ", logarithmic" : "";
        string marks = strips.Any(strip => strip.HasRuns)
            ? " Each dot is a run, the box holds the middle half of them, the bar is the median."
            : " The bar is the median, the box its median absolute deviation.";
        return $"Time of one run in {unit.Name}{scale}.{marks}";
    }

    private static XElement Row(Strip strip, string selected, Axis axis, IReadOnlyList<double> ticks, DurationUnit unit)
    {
        string style = Verdict.Style(strip.Variant);
        object?[] shapes =
        [
            ticks.Select(tick => Svg.Line(axis.Share(tick), 0, axis.Share(tick), Height, "grid")),
            strip.Dots(MaximumDots).Select((value, i) => Svg.Circle(axis.Share(value), Scatter(i), 2, "dot")),
            Svg.Rectangle(axis.Share(strip.LowerQuartile), 9, axis.Share(strip.UpperQuartile) - axis.Share(strip.LowerQuartile), Height - 18, "box"),
            Svg.Line(axis.Share(strip.Median), 5, axis.Share(strip.Median), Height - 5, "median"),
        ];
        return Markup.Tag(
            "div",
            Markup.Class($"strip {style}"),
            Markup.Tag(
                "p",
                Markup.Class("strip-label"),
                Markup.Tag("span", Markup.Class(strip.Variant.Name == selected ? "name selected" : "name"), strip.Variant.Name),
                Markup.Tag("span", Markup.Class("figure"), Numbers.Duration(strip.Median, unit))),
            Svg.Picture(Height, Describe(strip), shapes));
    }

    private static XElement AxisRow(Axis axis, IReadOnlyList<double> ticks, DurationUnit unit) => Markup.Tag(
        "div",
        Markup.Class("strip axis"),
        Markup.Attribute("aria-hidden", "true"),
        Markup.Tag("p", Markup.Class("strip-label")),
        Svg.Ornament(
            20,
            Svg.Line(0, 0.5, 1, 0.5, "rule"),
            ticks.Select(tick => Svg.Text(axis.Share(tick), 15, Axis.Label(tick * unit.PerMillisecond), Svg.AnchorAt(axis.Share(tick)), "tick"))));

    private static string Describe(Strip strip)
    {
        string middle = $"{strip.Variant.Name}: median {Numbers.Duration(strip.Median)}";
        return strip.HasRuns
            ? $"{middle}, the middle half from {Numbers.Duration(strip.LowerQuartile)} to {Numbers.Duration(strip.UpperQuartile)}, {Format.Count(strip.Sorted.Length, "run")}"
            : middle;
    }

    /// <summary>Spreads neighbouring dots over the strip's height, the same way every time.</summary>
    private static double Scatter(int index) => 6 + (index * 0.618 % 1) * (Height - 12);

    /// <summary>A variant's runs, sorted, with their order statistics.</summary>
    private sealed record Strip(VariantReport Variant, ImmutableArray<double> Sorted, double Median, double LowerQuartile, double UpperQuartile, double High, bool HasRuns)
    {
        public static Strip? Of(VariantReport variant)
        {
            ImmutableArray<double> runs = [.. variant.LatenciesMilliseconds.Where(Format.IsMeasured).Order()];
            double median = variant.MedianMilliseconds;
            if (runs.Length > 0)
            {
                return new Strip(
                    variant,
                    runs,
                    Format.IsMeasured(median) ? median : Quantile(runs, 0.5),
                    Quantile(runs, 0.25),
                    Quantile(runs, 0.75),
                    Quantile(runs, 0.98),
                    HasRuns: true);
            }
            if (!Format.IsMeasured(median))
                return null;
            double spread = Format.IsMeasured(variant.MadMilliseconds) ? Math.Min(variant.MadMilliseconds, median * 0.9) : 0;
            return new Strip(variant, [median - spread, median + spread], median, median - spread, median + spread, median + spread, HasRuns: false);
        }

        /// <summary>Not more dots than can be told apart.</summary>
        public IEnumerable<double> Dots(int maximum)
        {
            if (!HasRuns)
                return [];
            int count = Math.Min(Sorted.Length, maximum);
            return Enumerable.Range(0, count).Select(i => Sorted[(int)((long)i * Sorted.Length / count)]);
        }

        /// <summary>Linear between the neighbouring runs.</summary>
        private static double Quantile(ImmutableArray<double> sorted, double share)
        {
            double place = share * (sorted.Length - 1);
            int below = (int)place;
            int above = Math.Min(below + 1, sorted.Length - 1);
            return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
        }
    }
}
