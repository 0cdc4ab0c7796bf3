using CsCheck;
using Octet.Quantization.Reporting.Html;

namespace Octet.Quantization.Tests.Reporting;

public sealed class AxisTests
{
    [Fact]
    public void Ticks_are_round_and_within_the_axis()
    {
        Axis axis = Axis.ForPositive(0.6, 1.4);

        Assert.False(axis.IsLogarithmic);
        Assert.Equal(["0.6", "0.8", "1", "1.2", "1.4"], axis.Ticks(5).Select(Axis.Label));
    }

    [Fact]
    public void Values_of_different_size_stand_on_a_logarithmic_axis()
    {
        Axis axis = Axis.ForPositive(1, 100);

        Assert.True(axis.IsLogarithmic);
        Assert.Equal(0.5, axis.Share(10), 6);
        Assert.Equal(["1", "3", "10", "30", "100"], axis.Ticks(5).Select(Axis.Label));
    }

    [Fact]
    public void Any_axis_has_few_ticks_in_order_and_keeps_every_value_inside() =>
        Gen.Select(Gen.Double[-300, 300], Gen.Double[0, 200], Gen.Double[0, 1]).Sample((exponent, span, share) =>
        {
            double low = Math.Pow(10, exponent);
            double high = Math.Min(low * Math.Pow(10, span), 1e305);
            Axis axis = Axis.ForPositive(Math.Min(low, high), high);
            IReadOnlyList<double> ticks = axis.Ticks(5);
            Assert.InRange(ticks.Count, 0, 12);
            Assert.Equal(ticks.Order(), ticks);
            Assert.InRange(axis.Share(low + (high - low) * share), 0, 1);
            Assert.True(axis.Share(low) <= axis.Share(high));
        });

    [Fact]
    public void One_value_alone_stands_in_the_middle() => Assert.Equal(0.5, Axis.Linear(31.2, 31.2).Share(31.2), 6);
}
