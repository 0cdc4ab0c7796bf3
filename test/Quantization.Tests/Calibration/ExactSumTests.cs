using CsCheck;
using Octet.Quantization.Calibration;

namespace Octet.Quantization.Tests.Calibration;

public sealed class ExactSumTests
{
    private static readonly Gen<float> Finite = Gen.Float.Where(float.IsFinite);

    [Fact]
    public void Order_and_grouping_do_not_matter() => Gen.Select(Finite.Array[0, 30], Finite.Array[0, 30]).Sample((first, second) =>
        Assert.Equal(Sum([.. first, .. second]), Sum(second.Reverse()).Add(Sum(first.Order()))));

    [Fact]
    public void What_is_added_and_taken_away_leaves_nothing() => Finite.Array[1, 30].Sample(values =>
        Assert.True(Sum([.. values, .. values.Select(value => -value)]).Units.IsZero));

    [Fact]
    public void Equal_values_have_themselves_as_mean() => Gen.Select(Finite, Gen.Int[1, 1000]).Sample((value, count) =>
        Assert.Equal((double)value, Sum(Enumerable.Repeat(value, count)).Mean(count)));

    [Fact]
    public void The_smallest_and_the_largest_float_are_whole_numbers_of_units()
    {
        Assert.Equal(1, Sum([float.Epsilon]).Units);
        Assert.Equal((double)float.MaxValue, Sum([float.MaxValue]).Mean(1));
        Assert.Equal((double)float.MaxValue, Sum([float.MaxValue, float.MaxValue, float.MaxValue]).Mean(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => Sum([float.NaN]));
    }

    [Fact]
    public void Sums_in_double_are_added_exactly() => Gen.Select(Finite, Finite).Sample((first, second) =>
    {
        double sum = (double)first + second;
        Assert.Equal(sum, default(ExactSum).Add(sum).Mean(1));
    });

    [Fact]
    public void What_is_finer_than_a_unit_has_no_exact_sum() =>
        Assert.All(new[] { 1.5 * float.Epsilon, 0.5 * float.Epsilon, double.Epsilon }, value =>
            Assert.Throws<ArgumentOutOfRangeException>(() => default(ExactSum).Add(value)));

    private static ExactSum Sum(IEnumerable<float> values) => values.Aggregate(default(ExactSum), (sum, value) => sum.Add(value));
}
