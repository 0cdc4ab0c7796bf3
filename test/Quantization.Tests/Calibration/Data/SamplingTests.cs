using CsCheck;
using Octet.Quantization.Calibration.Data;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class SamplingTests
{
    [Fact]
    public void Chosen_numbers_ascend_and_there_is_one_in_each_stretch()
    {
        Gen.Select(Gen.Long[0, 5000], Gen.Long[1, 600]).Sample(static (count, wanted) =>
        {
            long[] chosen = [.. Sampling.Spread(count, wanted)];
            long taken = Math.Min(count, wanted);
            Assert.Equal(taken, chosen.Length);
            for (int i = 0; i < chosen.Length; i++)
                Assert.InRange(chosen[i], i * count / taken, (i + 1) * count / taken - 1);
            Assert.Equal(chosen, chosen.Distinct().Order());
        });
    }

    [Fact]
    public void Everything_is_chosen_where_there_is_not_more() => Assert.Equal([0, 1, 2, 3], Sampling.Spread(4, 300));

    [Theory]
    [InlineData(10)]
    [InlineData(7)]
    [InlineData(2)]
    public void Classes_that_take_turns_are_all_met(int classes)
    {
        // With even steps of 10 only one class in ten would ever be seen.
        var counts = Sampling.Spread(3000, 300).GroupBy(index => index % classes).Select(static group => group.Count()).ToList();
        Assert.Equal(classes, counts.Count);
        Assert.InRange(counts.Min(), 300 / classes / 2, 300 / classes);
    }

    [Fact]
    public void Long_data_does_not_overflow() => Assert.Equal(3, Sampling.Spread(long.MaxValue, 3).Count());
}
