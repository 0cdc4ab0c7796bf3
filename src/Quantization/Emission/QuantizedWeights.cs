using System.Numerics.Tensors;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Emission;

/// <summary>Weights as signed integers with one symmetric scale a channel: real = scale[c] * integer, zero point 0.</summary>
/// <param name="Values">The integers in the weights' own order.</param>
/// <param name="Scales">One scale a channel, each positive.</param>
public sealed record QuantizedWeights(sbyte[] Values, float[] Scales)
{
    private const float SmallestScale = 1e-20f;

    // Preparation may multiply and round weights a few times; a step is at least 1/128 of the largest.
    private const double Tolerance = 1e-5;

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

    /// <summary>The integers that weights were trained to, if they still are those, scaled by channel perhaps (as a BatchNormalization scales them).</summary>
    /// <param name="trained">The integers.</param>
    /// <param name="weights">Row-major elements.</param>
    /// <param name="dims">Their extents.</param>
    /// <param name="axis">The axis of the output channels.</param>
    /// <returns>The integers with their scales; null where the weights are others, or the scales lie along another axis.</returns>
    public static QuantizedWeights? OfTrained(TrainedWeights trained, ReadOnlySpan<float> weights, IReadOnlyList<long> dims, int axis)
    {
        if (weights.Length != trained.Integers.Length || (trained.Scales.Length > 1 && (trained.Axis != axis || trained.Scales.Length != dims[axis])))
            return null;
        int channels = (int)dims[axis];
        int inner = (int)dims.Skip(axis + 1).Aggregate(1L, (product, extent) => product * extent);
        double[] products = new double[channels], squares = new double[channels];
        for (int i = 0; i < weights.Length; i++)
        {
            products[i / inner % channels] += (double)weights[i] * trained.Integers[i];
            squares[i / inner % channels] += (double)trained.Integers[i] * trained.Integers[i];
        }
        float[] scales = new float[channels];
        for (int c = 0; c < channels; c++)
        {
            float known = trained.Scales[trained.Scales.Length > 1 ? c : 0];
            double fitted = squares[c] > 0 ? products[c] / squares[c] : known;
            scales[c] = Math.Abs(fitted - known) <= Tolerance * known ? known : (float)fitted;
        }
        sbyte[] values = new sbyte[weights.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            int c = i / inner % channels, integer = scales[c] < 0 ? -trained.Integers[i] : trained.Integers[i];
            if (integer > sbyte.MaxValue || scales[c] == 0 || Math.Abs(weights[i] - (double)Math.Abs(scales[c]) * integer) > Tolerance * sbyte.MaxValue * Math.Abs(scales[c]))
                return null;
            values[i] = (sbyte)integer;
        }
        return new QuantizedWeights(values, [.. scales.Select(Math.Abs)]);
    }

    /// <summary>Whether every integer is of so few bits that its magnitude stays within a limit, or is its two's complement's lowest.</summary>
    public bool Fits(int limit) => Values.All(value => value >= -limit - 1 && value <= limit);

    /// <summary>The same weights, those channels in larger steps whose scale is too small; each of them was near 0.</summary>
    /// <param name="smallestScales">A lower bound a channel, or empty.</param>
    /// <param name="axisInner">The number of elements behind the channel axis.</param>
    public QuantizedWeights WithScalesOfAtLeast(ReadOnlySpan<float> smallestScales, int axisInner)
    {
        if (smallestScales.IsEmpty)
            return this;
        sbyte[] values = [.. Values];
        float[] scales = [.. Scales];
        for (int c = 0; c < scales.Length; c++)
            scales[c] = Math.Max(scales[c], smallestScales[c]);
        for (int i = 0; i < values.Length; i++)
        {
            int c = i / axisInner % scales.Length;
            if (scales[c] > Scales[c])
                values[i] = (sbyte)Math.Round(values[i] * ((double)Scales[c] / scales[c]), MidpointRounding.ToEven);
        }
        return new QuantizedWeights(values, scales);
    }

    private static float LargestMagnitude(ReadOnlySpan<float> values) => values.IsEmpty ? 0 : MathF.Abs(TensorPrimitives.MaxMagnitude(values));
}
