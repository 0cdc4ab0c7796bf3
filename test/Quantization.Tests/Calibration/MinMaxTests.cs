using CsCheck;
using Octet.Quantization.Calibration;

namespace Octet.Quantization.Tests.Calibration;

public sealed class MinMaxTests
{
    [Fact]
    public void Every_length_gives_what_a_plain_loop_gives() => Gen.Float[-1e3f, 1e3f].Array[0, 200].Sample(values =>
        Assert.Equal(values.Length == 0 ? ActivationRange.Empty : new ActivationRange(values.Min(), values.Max()), MinMax.Of(values)));

    [Fact]
    public void A_value_that_is_no_number_is_not_overlooked_wherever_it_stands()
    {
        for (int position = 0; position < 100; position++)
        {
            float[] values = new float[100];
            values[position] = float.NaN;
            Assert.False(MinMax.Of(values).IsUsable);
        }
    }

    [Fact]
    public void Shards_merge_to_what_one_run_gives() => Gen.Select(Gen.Float.Array[1, 50], Gen.Float.Array[1, 50]).Sample((first, second) =>
        Assert.Equal(MinMax.Of([.. first, .. second]), MinMax.Of(first).Union(MinMax.Of(second))));

    [Fact]
    public void The_sign_of_zero_does_not_depend_on_the_order()
    {
        Assert.Equal(0, BitConverter.SingleToInt32Bits(MinMax.Of([-0f, 0f]).Min));
        Assert.Equal(0, BitConverter.SingleToInt32Bits(MinMax.Of([0f, -0f]).Max));
    }
}
