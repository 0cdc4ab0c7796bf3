using CsCheck;
using Octet.Quantization.Reporting;

namespace Octet.Quantization.Tests.Reporting;

public sealed class SummaryTableTests
{
    [Fact]
    public void A_model_reads_like_this()
    {
        string[] expected =
        [
            "direction: int8 is selected. 1.59x as fast as float (1.54-1.63) and within 0.2 % of its accuracy on 60 images.",
            "  Variant            Size   Median  Speed-up           Accuracy                     Integer coverage      Verdict",
            "  ---------------  ------  -------  -----------------  ---------------------------  --------------------  --------",
            "    float          572 KB   972 us  1.00x              top1 98.3 % on 60            -                     baseline",
            "  * int8           157 KB   611 us  1.59x (1.54-1.63)  top1 98.3 % -> 98.2 % on 60  48/54, 4 conversions  faster",
            "    int8-portable  158 KB   702 us  1.38x (1.33-1.42)  top1 98.3 % -> 97.5 % on 60  48/54, 4 conversions  faster",
            "    float16        290 KB  1310 us  0.74x (0.72-0.76)  top1 98.3 % -> 98.3 % on 60  0/54                  slower",
            "    int8-dynamic        -        -  -                  -                            -                     failed",
            "  float16 is slower: 0.74x: this processor has no float16 arithmetic, so every node converts its inputs to float and",
            "    back.",
            "  int8-dynamic failed: ONNX Runtime has no ConvInteger kernel for the signed activations of 38 Conv nodes.",
            "",
            "Measured on AMD EPYC 9R14, 2 cores, Linux x64, ONNX Runtime 1.31.1; 1 thread, batch 1.",
            "* marks the selected variant; the speed-up's 95 % interval is in brackets.",
        ];

        Assert.Equal(expected, SummaryTable.Render(SampleReports.Of(SampleReports.Direction)));
        Assert.Equal(expected, ForeignCulture.Run(() => SummaryTable.Render(SampleReports.Of(SampleReports.Direction))));
    }

    [Fact]
    public void Unverified_accuracy_is_marked_in_its_row_and_explained_once()
    {
        IReadOnlyList<string> lines = SummaryTable.Render(SampleReports.Typical);

        Assert.Equal(2, lines.Count(line => line.Contains("dB on 8, unverified", StringComparison.Ordinal)));
        Assert.Single(lines, line => line.StartsWith("Unverified: ", StringComparison.Ordinal));
        Assert.DoesNotContain(SummaryTable.Render(SampleReports.Of(SampleReports.Direction)), line => line.Contains("nverified", StringComparison.Ordinal));
    }

    [Fact]
    public void Long_names_do_not_widen_the_table()
    {
        string name = string.Concat(Enumerable.Repeat("a-very-long-name-", 20));
        ModelReport model = SampleReports.Direction with
        {
            Name = name,
            Selected = name,
            Variants = [.. SampleReports.Direction.Variants.Select(variant => variant with { Name = name, Reason = name + name })],
        };

        IReadOnlyList<string> lines = SummaryTable.Render(SampleReports.Of(model));

        Assert.All(lines, line => Assert.InRange(line.Length, 0, SummaryTable.MaximumWidth));
        // The figures are still there.
        Assert.Contains(lines, line => line.Contains("1.59x (1.54-1.63)", StringComparison.Ordinal) && line.Contains("48/54, 4 conversions", StringComparison.Ordinal));
    }

    [Fact]
    public void No_report_is_wider_than_the_limit_or_breaks_a_line() => ArbitraryReports.Any.Sample(
        report =>
        {
            IReadOnlyList<string> lines = SummaryTable.Render(report);
            Assert.All(lines, line => Assert.InRange(line.Length, 0, SummaryTable.MaximumWidth));
            Assert.All(lines, line => Assert.DoesNotContain(line, char.IsControl));
        },
        iter: 500);

    [Fact]
    public void A_name_cannot_write_a_line_of_its_own()
    {
        IReadOnlyList<string> lines = SummaryTable.Render(SampleReports.Of(SampleReports.OnlyFloat with { Name = "x\n##vso[task.complete]\u001b[31m" }));

        Assert.StartsWith("x ##vso[task.complete] [31m: stays float.", lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_without_models_says_so() => Assert.Equal(["No model was quantized."], SummaryTable.Render(SampleReports.Of()));

    [Fact]
    public void A_model_that_has_only_its_float_file_has_one_row()
    {
        IReadOnlyList<string> lines = SummaryTable.Render(SampleReports.Of(SampleReports.OnlyFloat));

        Assert.Equal("only-float: stays float. Nothing in the model can be quantized.", lines[0]);
        Assert.StartsWith("  * float  572 KB", lines[3], StringComparison.Ordinal);
        Assert.Equal("", lines[4]);
    }

    [Fact]
    public void Where_the_report_has_no_words_the_figures_speak()
    {
        ModelReport won = SampleReports.Direction with { Reason = "" };
        ModelReport lost = SampleReports.Faces with { Reason = " " };

        IReadOnlyList<string> lines = SummaryTable.Render(SampleReports.Of(won, lost));

        Assert.Equal("direction: int8 is selected. 1.59x as fast as float, top1 98.3 % -> 98.2 % on 60.", lines[0]);
        Assert.Contains("face-back: stays float. None of 2 variants is both faster and right.", lines);
    }

    [Fact]
    public void Conditions_that_differ_are_told_for_each_model()
    {
        string footer = string.Join(' ', SummaryTable.Render(SampleReports.Typical).TakeLast(3).Select(line => line.Trim()));

        Assert.Contains("1 thread, batch 1 (direction, text-detector); 2 threads, batch 1 (face-back)", footer, StringComparison.Ordinal);
    }
}
