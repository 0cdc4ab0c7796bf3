using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>The four figures that a reader came for: which variant, how much faster, how right, how small.</summary>
internal static class SummaryCards
{
    private static readonly Format Numbers = Format.Typographic;

    public static XElement Render(ModelReport model)
    {
        VariantReport? baseline = Wording.Baseline(model);
        VariantReport? selected = Wording.Selected(model) ?? baseline;
        return Markup.Tag(
            "dl",
            Markup.Class("cards"),
            Choice(model, selected),
            selected is null || Wording.IsBaseline(selected) ? BestTried(model, baseline) : Speed(selected, baseline),
            Accuracy(selected),
            Size(selected, baseline));
    }

    private static XElement Choice(ModelReport model, VariantReport? selected)
    {
        string[] others = [.. model.Variants.Where(variant => variant.Verdict == "faster" && variant != selected).Select(variant => variant.Name)];
        string note = others.Length switch
        {
            0 => $"of {Format.Count(model.Variants.Length, "variant")}",
            1 => $"{others[0]} ships too",
            int count => $"{count} more ship too",
        };
        return Card("Selected", Markup.Tag("span", Markup.Class(selected is null ? "" : Verdict.Style(selected)), model.Selected), note);
    }

    private static XElement Speed(VariantReport selected, VariantReport? baseline)
    {
        string interval = Numbers.RatioInterval(selected.SpeedupLow, selected.SpeedupHigh);
        string times = baseline is null ? "" : $"{Numbers.Duration(baseline.MedianMilliseconds)} {Numbers.Arrow} {Numbers.Duration(selected.MedianMilliseconds)}";
        return Card("Speed-up", Numbers.Ratio(selected.Speedup), times, interval.Length == 0 ? null : new object[] { "95 % interval ", Markup.Tag("span", Markup.Class("interval"), interval) });
    }

    private static XElement BestTried(ModelReport model, VariantReport? baseline)
    {
        VariantReport? best = model.Variants.Where(variant => !Wording.IsBaseline(variant) && Format.IsMeasured(variant.Speedup)).MaxBy(variant => variant.Speedup);
        string note = best is null ? "no other variant ran" : $"best tried: {best.Name}, {Numbers.Ratio(best.Speedup)}";
        return Card("Median", baseline is null ? Numbers.None : Numbers.Duration(baseline.MedianMilliseconds), note);
    }

    private static XElement Accuracy(VariantReport? selected)
    {
        if (selected?.Accuracy is not { } accuracy || (Wording.IsBaseline(selected) && accuracy.Metric != "top1"))
            return selected is not null && Wording.IsBaseline(selected) ? Card("Accuracy", "unchanged", "the float model itself") : Card("Accuracy", Numbers.None, "not measured");
        string value = accuracy.Metric == "sqnr-db" ? Numbers.Decibels(accuracy.Value) : Numbers.Percent(accuracy.Value);
        string meaning = accuracy.Metric switch
        {
            "sqnr-db" => "signal to noise",
            "top1" => accuracy.Float is { } before && !Wording.IsBaseline(selected) ? $"top-1; float {Numbers.Percent(before)}" : "top-1",
            "agreement" => "agrees with float",
            string other => other,
        };
        return Card("Accuracy", value, meaning, $"on {Format.Count(accuracy.Samples, "input")}", accuracy.Verified ? null : Verdict.UnverifiedBadge());
    }

    private static XElement Size(VariantReport? selected, VariantReport? baseline)
    {
        if (selected is null)
            return Card("Size", Numbers.None);
        bool shrunk = baseline is { SizeBytes: > 0 } && selected != baseline;
        string note = shrunk ? $"{Numbers.Percent((double)selected.SizeBytes / baseline!.SizeBytes)} of {Numbers.Size(baseline.SizeBytes)}" : "";
        return Card("Size", Numbers.Size(selected.SizeBytes), note);
    }

    private static XElement Card(string term, object value, params object?[] notes) => Markup.Tag(
        "div",
        Markup.Tag("dt", term),
        Markup.Tag("dd", Markup.Class("big"), value),
        notes.Where(note => note is not (null or "")).Select(note => Markup.Tag("dd", Markup.Class("sub"), note)));
}
