using Octet.Quantization.Measurement;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Measurement;

/// <summary>A machine on which a model is not as fast as itself decides nothing.</summary>
public sealed class MeasurementNoiseTests
{
    [Theory]
    [InlineData(1.00, 0.98, 1.02, 0.01, true)]
    [InlineData(1.01, 1.005, 1.02, 0.01, true)]
    [InlineData(1.00, 0.94, 1.02, 0.01, false)]
    [InlineData(1.00, 0.98, 1.06, 0.01, false)]
    [InlineData(1.00, 0.00, double.PositiveInfinity, 0.01, false)]
    [InlineData(1.00, 0.98, 1.02, 0.2, false)]
    public void Quiet_is_what_lies_within_the_margin(double ratio, double low, double high, double mad, bool quiet) =>
        Assert.Equal(quiet, Noise(ratio, low, high, mad, minSpeedup: 1.05) is null);

    [Fact]
    public void A_wider_margin_takes_more_noise()
    {
        Assert.NotNull(Noise(1, 0.9, 1.1, 0.01, minSpeedup: 1.05));
        Assert.Null(Noise(1, 0.9, 1.1, 0.01, minSpeedup: 1.2));
        // A margin of nothing still allows a timer its jitter.
        Assert.Null(Noise(1, 0.995, 1.005, 0.01, minSpeedup: 0.5));
    }

    [Fact]
    public void The_words_hold_the_figures() =>
        Assert.Equal("the baseline measured 0.93 times as fast as itself (0.88 to 1.02), so that 1.05 cannot be told from 1", Noise(0.93, 0.88, 1.02, 0.01, minSpeedup: 1.05));

    private static string? Noise(double ratio, double low, double high, double mad, double minSpeedup) =>
        MeasurementNoise.Of(new TimingResult(1, mad, 1, 1, 1, []), new TimingResult(1, mad, ratio, low, high, []), minSpeedup);
}
