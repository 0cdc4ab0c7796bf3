using Octet.Quantization.Measurement;
using Octet.Quantization.Search;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Search;

public sealed class TrialScoreTests
{
    [Theory]
    [InlineData(0.01, 20, 0.02, 25, true)] // fewer wrong
    [InlineData(0.02, 20, 0.01, 15, false)]
    [InlineData(0.01, 20.2, 0.01, 20, true)] // the same, with less noise
    [InlineData(0.01, 20.05, 0.01, 20, false)] // rounding
    [InlineData(-0.02, 20, 0, 25, false)] // luck
    public void Figures_without_chance_decide_by_the_drop_and_then_by_the_noise(double drop, double sqnr, double otherDrop, double otherSqnr, bool better) =>
        Assert.Equal(better, new TrialScore(drop, sqnr).Beats(new TrialScore(otherDrop, otherSqnr)));

    [Theory]
    [InlineData(0.02, 27, 0.01, 20, true)] // within a standard error: the noise decides
    [InlineData(0.01, 20, 0.02, 27, false)]
    [InlineData(0.01, 20, 0.04, 27, true)] // beyond it
    public void A_sample_more_or_less_says_nothing(double drop, double sqnr, double otherDrop, double otherSqnr, bool better) =>
        Assert.Equal(better, new TrialScore(drop, sqnr, 0.012).Beats(new TrialScore(otherDrop, otherSqnr, 0.012)));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    public void The_error_of_a_share_is_known_of_any_number_of_samples(int samples)
    {
        AccuracyMeter meter = new(labelled: false);
        for (int sample = 0; sample < samples; sample++)
        {
            NamedTensor scores = new("y", [1, 3], new[] { 0f, 1, 2 });
            meter.Add([scores], [scores], []);
        }
        Assert.InRange(TrialScore.Of(meter).DropError, 0.005, 0.5);
    }
}
