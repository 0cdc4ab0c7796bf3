using System.Numerics.Tensors;

namespace Octet.Quantization.Emission;

/// <summary>Weights as signed integers with one symmetric scale a channel: real = scale[c] * integer, zero point 0.</summary>
/// <param name="Values">The integers in the weights' own order.</param>
/// <param name="Scales">One scale a channel, each positive.</param>
public sealed record QuantizedWeights(sbyte[] Values, float[] Scales)
{
    private const float SmallestScale = 1e-20f;

    /// <summary>Quantizes weights along one axis: scale[c] = max |w[c]| / limit, integers rounded to nearest even.</summary>
    /// <param name="weights">Row-major elements.</param>
    /// <param name="dims">Their extents.</param>
    /// <param name="axis">The channel axis, 0 or greater.</param>
    /// <param name="limit">The largest magnitude: 127 for 8 bits; 63 for the 7 bits that kernels without VNNI need (their pairwise sums saturate at 16 bits).</param>
    /// <param name="smallestScales">A lower bound a channel, or empty: keeps an int32 bias in range (see <see cref="QuantizedBias"/>).</param>
    public static QuantizedWeights Quantize(ReadOnlySpan<float> weights, IReadOnlyList<long> dims, int axis, int limit, ReadOnlySpan<float> smallestScales = default)
    {
        int channels = (int)dims[axis];
        int inner = (int)dims.Skip(axis + 1).Aggregate(1L, (product, extent) => product * extent);
        int outer = weights.Length / Math.Max(1, channels * inner);
        float[] scales = new float[channels];
        for (int o = 0; o < outer; o++)
            for (int c = 0; c < channels; c++)
                scales[c] = Math.Max(scales[c], LargestMagnitude(weights.Slice((o * channels + c) * inner, inner)));
        for (int c = 0; c < channels; c++)
        {
            scales[c] = (float)((double)scales[c] / limit);
            if (!smallestScales.IsEmpty)
                scales[c] = Math.Max(scales[c], smallestScales[c]);
            // A channel of zeros needs a scale all the same, and its product with an activation's scale must not vanish.
            if (scales[c] < SmallestScale)
                scales[c] = 1;
        }

        sbyte[] values = new sbyte[weights.Length];
        for (int o = 0; o < outer; o++)
            for (int c = 0; c < channels; c++)
            {
                int start = (o * channels + c) * inner;
                double reciprocal = 1.0 / scales[c];
                for (int i = start; i < start + inner; i++)
                    values[i] = (sbyte)Math.Clamp(Math.Round(weights[i] * reciprocal, MidpointRounding.ToEven), -limit, limit);
            }
        return new QuantizedWeights(values, scales);
    }

    private static float LargestMagnitude(ReadOnlySpan<float> values) => values.IsEmpty ? 0 : MathF.Abs(TensorPrimitives.MaxMagnitude(values));
}
