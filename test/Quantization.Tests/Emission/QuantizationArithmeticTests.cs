using CsCheck;
using Octet.Quantization.Calibration;
using Octet.Quantization.Emission;

namespace Octet.Quantization.Tests.Emission;

/// <summary>The numbers themselves, against the definitions in ONNX QuantizeLinear and DequantizeLinear.</summary>
public sealed class QuantizationArithmeticTests
{
    private static readonly Gen<ActivationRange> Ranges = Gen.Select(Gen.Float[-1e6f, 1e6f], Gen.Float[-1e6f, 1e6f], (a, b) => new ActivationRange(Math.Min(a, b), Math.Max(a, b)));

    [Fact]
    public void Real_zero_is_always_an_integer_and_both_ends_of_the_range_are_reached() => Ranges.Sample(range =>
    {
        AffineParameters parameters = AffineParameters.ForUInt8(range);
        Assert.InRange(parameters.ZeroPoint, byte.MinValue, byte.MaxValue);
        Assert.True(parameters.Scale > 0 && float.IsFinite(parameters.Scale));
        if (range.Min == 0 && range.Max == 0)
            return;
        double lowest = (double)parameters.Scale * (byte.MinValue - parameters.ZeroPoint);
        double highest = (double)parameters.Scale * (byte.MaxValue - parameters.ZeroPoint);
        // Rounding the zero point moves both ends by half a step at most.
        double slack = parameters.Scale * 0.5001 + 1e-27;
        Assert.InRange(lowest, Math.Min(range.Min, 0) - slack, Math.Min(range.Min, 0) + slack);
        Assert.InRange(highest, Math.Max(range.Max, 0) - slack, Math.Max(range.Max, 0) + slack);
    });

    [Theory]
    [InlineData(0, 0, 1f, 0)]
    [InlineData(0, 255, 1f, 0)]
    [InlineData(-255, 0, 1f, 255)]
    [InlineData(-128, 127, 1f, 128)]
    [InlineData(2, 255, 1f, 0)]
    public void Known_ranges_give_known_parameters(float min, float max, float scale, int zeroPoint) =>
        Assert.Equal(new AffineParameters(scale, zeroPoint), AffineParameters.ForUInt8(new ActivationRange(min, max)));

    [Fact]
    public void A_range_of_nothing_is_refused() => Assert.Throws<ArgumentException>(() => AffineParameters.ForUInt8(ActivationRange.Empty));

    [Fact]
    public void Weights_come_back_within_half_a_step_along_every_axis()
    {
        Gen<(int[] Dims, int Axis, int Limit, int Seed)> cases = Gen.Select(Gen.Int[1, 5].Array[1, 4], Gen.Int[0, 3], Gen.OneOfConst(127, 63), Gen.Int)
            .Select((dims, axis, limit, seed) => (dims, axis % dims.Length, limit, seed));
        cases.Sample(test =>
        {
            (int[] dims, int axis, int limit, int seed) = test;
            long[] extents = [.. dims.Select(extent => (long)extent)];
            float[] weights = Reference.Tensor("w", extents, seed, scale: 3).Data is float[] values ? values : [];
            QuantizedWeights quantized = QuantizedWeights.Quantize(weights, extents, axis, limit);

            Assert.Equal(dims[axis], quantized.Scales.Length);
            int inner = dims.Skip(axis + 1).Aggregate(1, (product, extent) => product * extent);
            for (int i = 0; i < weights.Length; i++)
            {
                float scale = quantized.Scales[i / inner % dims[axis]];
                Assert.InRange(quantized.Values[i], -limit, limit);
                Assert.InRange(quantized.Values[i] * (double)scale - weights[i], -0.5001 * scale, 0.5001 * scale);
            }
            // The largest weight of a channel uses the whole of its range.
            for (int channel = 0; channel < dims[axis]; channel++)
                Assert.Equal(limit, Enumerable.Range(0, weights.Length).Where(i => i / inner % dims[axis] == channel).Max(i => Math.Abs((int)quantized.Values[i])));
        }, iter: 300);
    }

    [Fact]
    public void A_channel_of_zeros_has_a_scale_all_the_same()
    {
        QuantizedWeights quantized = QuantizedWeights.Quantize([0, 0, 1, -2], [2, 2], axis: 0, limit: 127);
        Assert.Equal([0, 0, 64, -127], quantized.Values.Select(value => (int)value));
        Assert.True(quantized.Scales[0] > 0);
    }

    [Fact]
    public void A_bias_comes_back_within_half_a_unit_and_never_overflows()
    {
        Gen<(float Bias, float Activation, float Weight)> cases = Gen.Select(Gen.Float[-1e4f, 1e4f], Gen.Float[1e-6f, 10], Gen.Float[1e-12f, 1]);
        cases.Sample(test =>
        {
            float[] smallest = QuantizedBias.SmallestWeightScales([test.Bias], test.Activation);
            float weightScale = Math.Max(test.Weight, smallest[0]);
            (int[] values, float[] scales) = QuantizedBias.Quantize([test.Bias], test.Activation, [weightScale]);
            Assert.InRange(values[0], -(1 << 30) - 256, (1 << 30) + 256);
            Assert.InRange(values[0] * (double)scales[0] - test.Bias, -0.5001 * scales[0], 0.5001 * scales[0]);
        });
    }
}
