using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>Accuracy against speed: a point a variant, and the line of those that no other one beats in both.</summary>
internal static class FrontierPlot
{
    private const double Top = 26;
    private const double Bottom = 226;
    private const double LabelHeight = 16;

    private static readonly Format Numbers = Format.Typographic;
    private static readonly Wording Words = new(Numbers);

    /// <summary>Null where fewer than two variants can be compared.</summary>
    public static XElement? Render(ModelReport model)
    {
        string? metric = model.Variants.FirstOrDefault(variant => !Wording.IsBaseline(variant) && variant.Accuracy is not null)?.Accuracy?.Metric;
        if (metric is null)
            return null;
        Candidate[] measured = [.. model.Variants.Select(variant => Candidate.Of(variant, metric)).OfType<Candidate>()];
        double[] finite = [.. measured.Select(candidate => candidate.Accuracy).Where(double.IsFinite)];
        if (measured.Length < 2 || finite.Length == 0)
            return null;

        Axis x = Axis.ForPositive(measured.Min(candidate => candidate.Low), measured.Max(candidate => candidate.High));
        Axis y = Axis.Linear(finite.Min(), finite.Max());
        Point[] points = [.. measured.Select(candidate => new Point(candidate, x.Share(candidate.Speedup), Height(y, candidate.Accuracy)))];
        return Markup.Tag(
            "figure",
            Markup.Class("plot frontier"),
            Markup.Tag("figcaption", Caption(metric, x)),
            Markup.Tag("div", Markup.Class("frontier-grid"), Scale(y, metric), Plane(points, x, y)));
    }

    private static string Caption(string metric, Axis x)
    {
        string vertical = metric switch
        {
            "sqnr-db" => "signal-to-noise ratio against the float model in dB",
            "top1" => "top-1 accuracy in percent",
            "agreement" => "agreement with the float model in percent",
            _ => metric,
        };
        string scale = x.IsLogarithmic ? ", logarithmic" : "";
        return $"Up: {vertical}. To the right: speed-up over float{scale}, with its 95 % interval. The line joins the variants that no other beats in both.";
    }

    /// <summary>The vertical axis's labels stand in a column of their own, so that no point covers them.</summary>
    private static XElement Scale(Axis y, string metric) => Svg.Ornament(
        Bottom + 26,
        y.Ticks(5).Select(tick => Svg.Text(1, Height(y, tick) + 4, Axis.Label(metric == "sqnr-db" ? tick : tick * 100), "end", "tick")));

    private static XElement Plane(Point[] points, Axis x, Axis y)
    {
        IReadOnlyList<double> ticks = x.Ticks(5);
        string description = "Accuracy against speed. " + string.Join(
            "; ",
            points.Select(point => $"{point.Candidate.Variant.Name}: {Numbers.Ratio(point.Candidate.Speedup)}, {Words.Accuracy(point.Candidate.Variant)}, {point.Candidate.Variant.Verdict}"));
        return Svg.Picture(
            Bottom + 26,
            description,
            y.Ticks(5).Select(tick => Svg.Line(0, Height(y, tick), 1, Height(y, tick), "grid")),
            ticks.Select(tick => Svg.Line(x.Share(tick), 0, x.Share(tick), Bottom + 4, tick == 1 ? "rule" : "grid")),
            ticks.Select(tick => Svg.Text(x.Share(tick), Bottom + 20, Axis.Label(tick) + "×", Svg.AnchorAt(x.Share(tick)), "tick")),
            Steps(points),
            points.Select(point => Marker(point, x)),
            Labels(points));
    }

    private static XElement Marker(Point point, Axis x)
    {
        VariantReport variant = point.Candidate.Variant;
        return Markup.Tag(
            "g",
            Markup.Class(Verdict.Style(variant)),
            Wording.IsBaseline(variant) ? null : Svg.Line(x.Share(point.Candidate.Low), point.Y, x.Share(point.Candidate.High), point.Y, "whisker"),
            // What does not ship is hollow.
            Svg.Circle(point.X, point.Y, 5.5, Wording.IsLost(variant) ? "point hollow" : "point"));
    }

    /// <summary>Between two neighbours of the frontier there is nothing to be had above the slower one's accuracy nor right of the faster one's speed.</summary>
    private static IEnumerable<XElement> Steps(Point[] points)
    {
        Point[] frontier = [.. points.Where(point => !points.Any(other => other.Beats(point))).OrderBy(point => point.X)];
        foreach ((Point slow, Point fast) in frontier.Zip(frontier.Skip(1)))
        {
            yield return Svg.Line(slow.X, slow.Y, slow.X, fast.Y, "front");
            yield return Svg.Line(slow.X, fast.Y, fast.X, fast.Y, "front");
        }
    }

    /// <summary>
    /// Names above their points, or below or further off where another name or point would be in the way. Two things
    /// are in each other's way when they are where a narrow screen shows them.
    /// </summary>
    private static List<XElement> Labels(Point[] points)
    {
        var placed = new List<(double X, double Baseline)>();
        var labels = new List<XElement>();
        foreach (Point point in points.OrderBy(point => point.Y).ThenBy(point => point.X))
        {
            double[] places = [point.Y - 11, point.Y + 20, point.Y - 27, point.Y + 36];
            double baseline = places.FirstOrDefault(
                place => place > 8
                         && !placed.Exists(other => Near(other.X, point.X) && Math.Abs(other.Baseline - place) < LabelHeight)
                         && !points.Any(other => other != point && Near(other.X, point.X) && other.Y > place - 17 && other.Y < place + 7),
                places[1]);
            placed.Add((point.X, baseline));
            labels.Add(Svg.Text(point.X, baseline, point.Candidate.Variant.Name, point.X < 0.2 ? "start" : point.X > 0.8 ? "end" : "middle", "label"));
        }
        return labels;
    }

    private static bool Near(double x, double other) => Math.Abs(x - other) < 0.3;

    private static double Height(Axis axis, double value) =>
        double.IsPositiveInfinity(value) ? Top - 4 : Bottom - axis.Share(value) * (Bottom - Top);

    /// <summary>A variant with both figures.</summary>
    private sealed record Candidate(VariantReport Variant, double Speedup, double Low, double High, double Accuracy)
    {
        public static Candidate? Of(VariantReport variant, string metric)
        {
            double accuracy = AccuracyOf(variant, metric);
            if (!Format.IsMeasured(variant.Speedup) || double.IsNaN(accuracy))
                return null;
            double low = Format.IsMeasured(variant.SpeedupLow) ? Math.Min(variant.SpeedupLow, variant.Speedup) : variant.Speedup;
            double high = Format.IsMeasured(variant.SpeedupHigh) ? Math.Max(variant.SpeedupHigh, variant.Speedup) : variant.Speedup;
            return new Candidate(variant, variant.Speedup, low, high, accuracy);
        }

        /// <summary>The float model is its own reference: nothing is more right by a metric that compares with it.</summary>
        private static double AccuracyOf(VariantReport variant, string metric)
        {
            if (Wording.IsBaseline(variant) && metric != "top1")
                return metric == "agreement" ? 1 : double.PositiveInfinity;
            if (variant.Accuracy is not { } accuracy || accuracy.Metric != metric)
                return double.NaN;
            return double.IsFinite(accuracy.Value) ? accuracy.Value : double.NaN;
        }
    }

    /// <param name="Candidate">The variant.</param>
    /// <param name="X">A share of the width.</param>
    /// <param name="Y">Pixels from the top.</param>
    private sealed record Point(Candidate Candidate, double X, double Y)
    {
        public bool Beats(Point other) =>
            Candidate.Speedup >= other.Candidate.Speedup
            && Candidate.Accuracy >= other.Candidate.Accuracy
            && (Candidate.Speedup > other.Candidate.Speedup || Candidate.Accuracy > other.Candidate.Accuracy);
    }
}
