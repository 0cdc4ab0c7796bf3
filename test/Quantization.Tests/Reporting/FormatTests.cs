using Octet.Quantization.Reporting;

namespace Octet.Quantization.Tests.Reporting;

public sealed class FormatTests
{
    [Theory]
    [InlineData(0.00123, "1.23 us")]
    [InlineData(0.611, "611 us")]
    [InlineData(0.9994, "999 us")]
    [InlineData(0.9996, "1.00 ms")]
    [InlineData(20.94, "20.9 ms")]
    [InlineData(114, "114 ms")]
    [InlineData(999.6, "1.00 s")]
    [InlineData(2310, "2.31 s")]
    [InlineData(0, "-")]
    [InlineData(-1, "-")]
    [InlineData(double.NaN, "-")]
    public void Durations_take_the_unit_that_fits(double milliseconds, string expected) => Assert.Equal(expected, Format.Plain.Duration(milliseconds));

    [Fact]
    public void A_columns_durations_share_the_unit_of_the_shortest()
    {
        DurationUnit unit = Format.Plain.UnitFor([double.NaN, 2310, 850]);

        Assert.Equal(["2310 ms", "850 ms", "-"], new[] { 2310, 850, double.NaN }.Select(value => Format.Plain.Duration(value, unit)));
    }

    [Theory]
    [InlineData(0, "-")]
    [InlineData(-5, "-")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.00 KB")]
    [InlineData(161_120, "157 KB")]
    [InlineData(1_041_220, "0.99 MB")]
    [InlineData(4_745_517, "4.53 MB")]
    [InlineData(3L << 30, "3.00 GB")]
    public void Sizes_take_the_unit_that_fits(long bytes, string expected) => Assert.Equal(expected, Format.Plain.Size(bytes));

    [Theory]
    [InlineData(1.594, "1.59x")]
    [InlineData(0.0642, "0.064x")]
    [InlineData(12.34, "12.3x")]
    [InlineData(150, "150x")]
    [InlineData(double.NaN, "-")]
    public void Ratios(double ratio, string expected) => Assert.Equal(expected, Format.Plain.Ratio(ratio));

    [Theory]
    [InlineData(31.24, "31.2 dB")]
    [InlineData(-3, "-3.0 dB")]
    [InlineData(200, "exact")]
    [InlineData(-200, "not finite")]
    [InlineData(double.NaN, "-")]
    public void Decibels_have_words_for_their_ends(double decibels, string expected) => Assert.Equal(expected, Format.Plain.Decibels(decibels));
}
