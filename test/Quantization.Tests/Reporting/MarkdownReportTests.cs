using System.Text.RegularExpressions;
using CsCheck;
using Octet.Quantization.Reporting;

namespace Octet.Quantization.Tests.Reporting;

public sealed partial class MarkdownReportTests
{
    [Fact]
    public void Every_model_has_a_headline_a_table_and_reasons()
    {
        string text = MarkdownReport.Render(SampleReports.Typical);

        Assert.Contains("### direction: int8 is selected\n\n1.59x as fast as float (1.54-1.63) and within", text, StringComparison.Ordinal);
        Assert.Contains("### face-back: stays float\n", text, StringComparison.Ordinal);
        Assert.Contains("| **`int8`** (selected) | 157 KB | 611 µs | 1.59× (1.54–1.63) | top1 98.3 % → 98.2 % on 60 | 48/54, 4 conversions | faster |\n", text, StringComparison.Ordinal);
        Assert.Contains("- int8-dynamic failed: ONNX Runtime has no ConvInteger kernel", text, StringComparison.Ordinal);
        Assert.Contains("31.2 dB on 8, unverified", text, StringComparison.Ordinal);
        Assert.Contains("AMD EPYC 9R14, 2 cores, Linux x64, ONNX Runtime 1.31.1", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_ten_worst_layers_are_shown_worst_first()
    {
        string text = MarkdownReport.Render(SampleReports.Of(SampleReports.Direction));

        string[] layers = [.. text.Split('\n').Where(line => line.StartsWith("| `/backbone", StringComparison.Ordinal))];
        Assert.Equal(10, layers.Length);
        double[] decibels = [.. layers.Select(line => double.Parse(line.Split('|')[3].Replace("dB", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(decibels.Order(), decibels);
        Assert.Equal(Math.Round(SampleReports.Direction.Layers.Min(layer => layer.SqnrDb)!.Value, 1), decibels[0]);
    }

    [Fact]
    public void The_line_to_paste_is_valid_in_a_project_file()
    {
        LayerReport[] layers = [new("a;b", "Conv", 1, null, null, true), new("<\"$(x)%&'*>", "Conv", 2, null, null, true), new("float", "Conv", 0.5, null, null, false)];
        string text = MarkdownReport.Render(SampleReports.Of(SampleReports.Direction with { Layers = [.. layers] }));

        string line = text.Split('\n').Single(line => line.StartsWith("ExcludeNodes=", StringComparison.Ordinal));
        string value = System.Xml.Linq.XElement.Parse($"<QuantizeModel {line} />").Attribute("ExcludeNodes")!.Value;
        Assert.Equal(["a;b", "<\"$(x)%&'*>"], value.Split(';').Select(name => HexEscape().Replace(name, match => ((char)Convert.ToInt32(match.Groups[1].Value, 16)).ToString())));
    }

    [Fact]
    public void Hostile_names_stay_within_their_cells()
    {
        ModelReport model = SampleReports.Direction with
        {
            Name = "<img src=x onerror=alert(1)> [a](javascript:b)\n# heading",
            Variants = [.. SampleReports.Direction.Variants.Select(variant => variant with { Name = "a|b`c``d\n|e" })],
            Layers = [new("x|`y\n", "<script>|", 10, 1, 1, true)],
        };
        string text = MarkdownReport.Render(SampleReports.Of(model));

        Assert.DoesNotContain("<img", text.Replace("\\<", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("\n# heading", text, StringComparison.Ordinal);
        AssertTablesAreWhole(text);
    }

    [Fact]
    public void Tables_are_whole_and_reports_the_same_every_time_whatever_they_hold() => ArbitraryReports.Any.Sample(
        report =>
        {
            string text = MarkdownReport.Render(report);
            AssertTablesAreWhole(text);
            Assert.Equal(text, MarkdownReport.Render(report));
            Assert.DoesNotContain("\r", text, StringComparison.Ordinal);
        },
        iter: 300);

    [Fact]
    public void The_culture_changes_nothing() => Assert.Equal(
        MarkdownReport.Render(SampleReports.Typical),
        ForeignCulture.Run(() => MarkdownReport.Render(SampleReports.Typical)));

    [Fact]
    public void A_report_without_models_or_with_float_alone_is_short()
    {
        Assert.Contains("No model was quantized.", MarkdownReport.Render(SampleReports.Of()), StringComparison.Ordinal);

        string text = MarkdownReport.Render(SampleReports.Of(SampleReports.OnlyFloat));
        Assert.Contains("| **`float`** (selected) |", text, StringComparison.Ordinal);
        Assert.DoesNotContain("largest error", text, StringComparison.Ordinal);
        Assert.DoesNotContain("ExcludeNodes=", text, StringComparison.Ordinal);
    }

    /// <summary>A table's lines have as many unescaped bars as its heading.</summary>
    private static void AssertTablesAreWhole(string text)
    {
        int? bars = null;
        foreach (string line in text.Split('\n'))
        {
            if (!line.StartsWith('|'))
            {
                bars = null;
                continue;
            }
            int count = UnescapedBar().Count(line);
            Assert.Equal(bars ??= count, count);
        }
    }

    [GeneratedRegex("%([0-9A-F]{2})")]
    private static partial Regex HexEscape();

    // Within code a backslash is itself, except before a bar.
    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex UnescapedBar();
}
