namespace Octet.Quantization.Emission;

/// <summary>
/// Biases as 32-bit integers in units of activation scale * weight scale[c], what the integer kernels add to their accumulators
/// (Jacob et al. 2018, section 2.4).
/// </summary>
public static class QuantizedBias
{
    // Half of the range is left to the accumulator itself.
    private const double LargestMagnitude = 1 << 30;

    /// <summary>The smallest weight scales with which every bias stays within half of the int32 range.</summary>
    /// <remarks>A channel of tiny weights with an ordinary bias (a dead channel) would overflow otherwise.</remarks>
    public static float[] SmallestWeightScales(ReadOnlySpan<float> bias, float activationScale)
    {
        float[] scales = new float[bias.Length];
        for (int c = 0; c < scales.Length; c++)
            scales[c] = (float)(Math.Abs((double)bias[c]) / (LargestMagnitude * activationScale));
        return scales;
    }

    /// <summary>Rounds each bias to its unit.</summary>
    /// <returns>The integers and their scales, one a channel.</returns>
    public static (int[] Values, float[] Scales) Quantize(ReadOnlySpan<float> bias, float activationScale, ReadOnlySpan<float> weightScales)
    {
        int[] values = new int[bias.Length];
        float[] scales = new float[bias.Length];
        for (int c = 0; c < values.Length; c++)
        {
            // The product is rounded to float because the kernels multiply the two float scales.
            scales[c] = activationScale * weightScales[c];
            values[c] = (int)Math.Clamp(Math.Round(bias[c] / (double)scales[c], MidpointRounding.ToEven), int.MinValue, int.MaxValue);
        }
        return (values, scales);
    }
}
