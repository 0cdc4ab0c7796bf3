namespace Octet.Quantization.Reporting;

/// <summary>What <c>dotnet build</c> prints: a headline and a table a model, and where it was measured.</summary>
public static class SummaryTable
{
    /// <summary>No line is longer.</summary>
    public const int MaximumWidth = 120;

    private const string Indent = "  ";
    private static readonly Format Numbers = Format.Plain;
    private static readonly Wording Words = new(Numbers);

    private static readonly TextColumn[] Columns =
    [
        new("Variant", Minimum: 12),
        new("Size", AlignRight: true),
        new("Median", AlignRight: true),
        new("Speed-up", Minimum: 8),
        new("Accuracy", Minimum: 16),
        new("Integer coverage", Minimum: 10),
        new("Verdict", Minimum: 10),
    ];

    /// <summary>Renders the report as lines of ASCII (but for names) of at most <see cref="MaximumWidth"/> characters.</summary>
    public static IReadOnlyList<string> Render(QuantizationReport report)
    {
        report = report.WithLists();
        if (report.Models.IsEmpty)
            return ["No model was quantized."];

        var lines = new List<string>();
        foreach (ModelReport model in report.Models)
        {
            lines.AddRange(Model(model));
            lines.Add("");
        }
        lines.AddRange(Footer(report));
        return lines;
    }

    private static IEnumerable<string> Model(ModelReport model)
    {
        string headline = $"{TextTable.Cut(Wording.OneLine(model.Name), 60)}: {Wording.Choice(model)}. {Words.ChoiceReason(model)}";
        IEnumerable<string> reasons = model.Variants.Where(Wording.IsLost)
            .SelectMany(variant => Paragraph($"{TextTable.Cut(Wording.OneLine(variant.Name), 40)} {Wording.Loss(variant)}: {Wording.VerdictReason(variant)}"));
        IEnumerable<string> threads = Wording.ThreadsNote(model) is { Length: > 0 } note ? Paragraph(note) : [];
        return TextTable.Wrap(headline, MaximumWidth, Indent, maximumLines: 2).Concat(Table(model)).Concat(reasons).Concat(threads);
    }

    private static IEnumerable<string> Table(ModelReport model)
    {
        if (model.Variants.IsEmpty)
            return [];
        DurationUnit unit = Numbers.UnitFor(model.Variants.Select(variant => variant.MedianMilliseconds));
        List<string[]> rows = [.. model.Variants.Select(variant => new[]
        {
            (variant.Name == model.Selected ? "* " : "  ") + Wording.OneLine(variant.Name),
            Numbers.Size(variant.SizeBytes),
            Numbers.Duration(variant.MedianMilliseconds, unit),
            Words.Speedup(variant),
            Words.Accuracy(variant),
            Words.CoverageAndConversions(variant),
            Wording.OneLine(variant.Verdict),
        })];
        return TextTable.Render(Columns, rows, MaximumWidth - Indent.Length).Select(line => Indent + line);
    }

    private static IEnumerable<string> Footer(QuantizationReport report)
    {
        if (report.Models.SelectMany(model => model.Variants).Any(Wording.IsUnverified))
        {
            foreach (string line in TextTable.Wrap(Wording.UnverifiedNote, MaximumWidth, Indent, maximumLines: 2))
                yield return line;
        }
        string machine = Wording.Machine(report);
        string where = machine.Length == 0 ? "" : $" on {machine}";
        foreach (string line in TextTable.Wrap($"Measured{where}; {Wording.Conditions(report)}.", MaximumWidth, Indent, maximumLines: 3))
            yield return line;
        yield return "* marks the selected variant; the speed-up's 95 % interval is in brackets.";
    }

    private static IEnumerable<string> Paragraph(string text) =>
        TextTable.Wrap(text, MaximumWidth - Indent.Length, Indent, maximumLines: 2).Select(line => Indent + line);
}
