using CsCheck;
using Octet.Quantization.Search;

namespace Octet.Quantization.Tests.Search;

public sealed class SampleSplitTests
{
    [Fact]
    public void Every_sample_is_on_one_side()
    {
        Gen.Int[0, 5000].Sample(count =>
        {
            SampleSplit split = SampleSplit.Of(count);
            Assert.Equal(Enumerable.Range(0, count), split.Calibration.Concat(split.HeldOut).Order());
            Assert.InRange(split.HeldOut.Length, 0, Math.Max(0, count / 4));
        });
    }

    [Theory]
    [InlineData(7, 0)]
    [InlineData(8, 2)]
    [InlineData(100, 25)]
    [InlineData(1000, 32)]
    public void A_quarter_judges_but_not_of_few_and_not_of_very_many(int samples, int heldOut) => Assert.Equal(heldOut, SampleSplit.Of(samples).HeldOut.Length);
}
