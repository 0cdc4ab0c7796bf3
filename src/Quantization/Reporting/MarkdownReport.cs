using System.Text;

namespace Octet.Quantization.Reporting;

/// <summary>report.md: fits the job summary of a CI system (GitHub-flavoured Markdown).</summary>
public static class MarkdownReport
{
    private const int WorstLayerCount = 10;

    private static readonly Format Numbers = Format.Typographic;
    private static readonly Wording Words = new(Numbers);

    /// <summary>Renders the report; line ends are LF.</summary>
    public static string Render(QuantizationReport report)
    {
        report = report.WithLists();
        var text = new StringBuilder("## Octet: quantized models\n\n");
        if (report.Models.IsEmpty)
            text.Append("No model was quantized.\n\n");
        foreach (ModelReport model in report.Models)
            AppendModel(text, model);
        if (report.Models.SelectMany(model => model.Variants).Any(Wording.IsUnverified))
            text.Append(Markdown.Text(Wording.UnverifiedNote)).Append("\n\n");
        AppendMachine(text, report);
        return text.ToString();
    }

    private static void AppendModel(StringBuilder text, ModelReport model)
    {
        text.Append($"### {Markdown.Text(model.Name)}: {Markdown.Text(Wording.Choice(model))}\n\n");
        text.Append(Markdown.Text(Words.ChoiceReason(model))).Append("\n\n");
        AppendVariants(text, model);
        AppendReasons(text, model);
        AppendConditions(text, model);
        AppendWorstLayers(text, model);
    }

    private static void AppendVariants(StringBuilder text, ModelReport model)
    {
        if (model.Variants.IsEmpty)
            return;
        DurationUnit unit = Numbers.UnitFor(model.Variants.Select(variant => variant.MedianMilliseconds));
        text.Append(Markdown.Row(["Variant", "Size", "Median", "Speed-up (95 % interval)", "Accuracy", "Integer coverage", "Verdict"]));
        text.Append("|---|--:|--:|---|---|---|---|\n");
        foreach (VariantReport variant in model.Variants)
        {
            string name = Markdown.CodeCell(variant.Name);
            bool selected = variant.Name == model.Selected;
            text.Append(Markdown.Row(
            [
                selected ? $"**{name}** (selected)" : name,
                Numbers.Size(variant.SizeBytes),
                Numbers.Duration(variant.MedianMilliseconds, unit),
                Words.Speedup(variant),
                Markdown.Text(Words.Accuracy(variant)),
                Words.CoverageAndConversions(variant),
                Markdown.Text(variant.Verdict),
            ]));
        }
        text.Append('\n');
    }

    private static void AppendReasons(StringBuilder text, ModelReport model)
    {
        VariantReport[] lost = [.. model.Variants.Where(Wording.IsLost)];
        foreach (VariantReport variant in lost)
            text.Append($"- {Markdown.Text(variant.Name)} {Wording.Loss(variant)}: {Markdown.Text(Wording.VerdictReason(variant))}\n");
        if (lost.Length > 0)
            text.Append('\n');
    }

    private static void AppendConditions(StringBuilder text, ModelReport model)
    {
        if (Wording.Baseline(model) is { Conditions: { Length: > 1 } conditions })
        {
            VariantReport[] measured = [.. model.Variants.Where(variant => variant.Conditions.Length == conditions.Length)];
            text.Append(Markdown.Row([.. measured.Select(variant => Markdown.CodeCell(variant.Name)).Prepend("Condition")]));
            text.Append('|').Append(string.Concat(Enumerable.Repeat("---|", measured.Length + 1))).Append('\n');
            for (int i = 0; i < conditions.Length; i++)
                text.Append(Markdown.Row([.. measured.Select(variant => Words.Condition(variant, variant.Conditions[i])).Prepend(Wording.Condition(conditions[i]))]));
            text.Append('\n');
        }
        if (Wording.ThreadsNote(model) is { Length: > 0 } note)
            text.Append(Markdown.Text(note)).Append("\n\n");
    }

    private static void AppendWorstLayers(StringBuilder text, ModelReport model)
    {
        LayerReport[] worst = [.. WorstLayers.Of(model).Take(WorstLayerCount)];
        if (worst.Length == 0)
            return;
        DurationUnit unit = Numbers.UnitFor(worst.SelectMany(layer => new[] { layer.FloatMicroseconds / 1000 ?? 0, layer.VariantMicroseconds / 1000 ?? 0 }));
        text.Append("<details><summary>The layers with the largest error</summary>\n\n");
        text.Append(Markdown.Row(["Layer", "Operator", "SQNR", "Time in float", "Time in the variant", "Runs in"]));
        text.Append("|---|---|--:|--:|--:|---|\n");
        foreach (LayerReport layer in worst)
        {
            text.Append(Markdown.Row(
            [
                Markdown.CodeCell(layer.Node),
                Markdown.Text(layer.Op),
                Numbers.Decibels(layer.SqnrDb ?? double.NaN),
                Numbers.Duration(layer.FloatMicroseconds / 1000 ?? double.NaN, unit),
                Numbers.Duration(layer.VariantMicroseconds / 1000 ?? double.NaN, unit),
                layer.Quantized ? "integer" : "float",
            ]));
        }
        if (WorstLayers.ExcludeAttribute(model) is { } exclude)
            text.Append("\nIf accuracy is not enough, keep the worst of them float: add this to the model's item.\n\n").Append(Markdown.CodeBlock("xml", exclude));
        text.Append("\n</details>\n\n");
    }

    private static void AppendMachine(StringBuilder text, QuantizationReport report)
    {
        text.Append("### Measured on\n\n");
        string machine = Wording.Machine(report);
        if (machine.Length > 0)
            text.Append($"- {Markdown.Text(machine)}\n");
        if (!report.Machine.Features.IsEmpty)
            text.Append($"- {Markdown.Text(string.Join(", ", report.Machine.Features))}\n");
        if (!report.Models.IsEmpty)
            text.Append($"- {Markdown.Text(Wording.Conditions(report))}\n");
        text.Append("- Speed-up is the median of paired ratios float / variant; 1 KB is 1024 bytes.\n");
    }
}
