using Octet.Quantization.Measurement;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Measurement;

/// <summary>The verdict follows from the figures, and from nothing else.</summary>
public sealed class VerdictTests
{
    [Theory]
    [InlineData(1.5, 1.4, 1.6, 0, "faster")]
    [InlineData(1.06, 1.05, 1.07, 0.01, "faster")]
    [InlineData(1.06, 1.049, 1.07, 0, "slower")]
    [InlineData(1.5, 0.9, 2.0, 0, "slower")]
    [InlineData(0.7, 0.6, 0.8, 0, "slower")]
    [InlineData(3.0, 2.9, 3.1, 0.011, "inaccurate")]
    [InlineData(3.0, 2.9, 3.1, double.NaN, "inaccurate")]
    [InlineData(3.0, 2.9, 3.1, -0.02, "faster")]
    public void Accuracy_first_then_only_an_interval_beyond_the_margin(double speedup, double low, double high, double drop, string verdict)
    {
        Verdict actual = Verdict.Of(new AccuracyReport("top1", 1, 1 - drop, drop, 100, true), new TimingResult(1, 0.1, speedup, low, high, []), maxAccuracyDrop: 0.01, minSpeedup: 1.05);

        Assert.Equal(verdict, actual.Name);
        Assert.Equal(verdict == "faster", actual.Ships);
        Assert.NotEmpty(actual.Reason);
    }

    [Fact]
    public void A_candidate_without_figures_has_failed()
    {
        using Candidate candidate = new("int8", labelled: false);
        Assert.Equal("failed", candidate.Judge(1, 1, true).Name);
        candidate.Fail("because");
        Assert.Equal(Verdict.Failed("because"), candidate.Judge(1, 1, true));
    }
}
