using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Octet.Quantization.Calibration;

/// <summary>Smallest and largest value in one pass over memory.</summary>
public static class MinMax
{
    private const int MagnitudeBits = 0x7FFF_FFFF;
    private const int LargestFinite = 0x7F7F_FFFF;

    /// <summary>The range of the values; <see cref="ActivationRange.Broken"/> where one of them is infinite or not a number.</summary>
    public static ActivationRange Of(ReadOnlySpan<float> values)
    {
        if (values.IsEmpty)
            return ActivationRange.Empty;

        float min = values[0];
        float max = values[0];
        int magnitude = 0;
        ReadOnlySpan<Vector512<float>> blocks = MemoryMarshal.Cast<float, Vector512<float>>(values);
        if (blocks.Length > 0)
        {
            // The magnitudes' bits tell what is not finite: whether a vectorised Min passes a NaN on differs between versions of .NET.
            Vector512<int> mask = Vector512.Create(MagnitudeBits);
            Vector512<float> mins = blocks[0], maxs = blocks[0];
            Vector512<int> magnitudes = Vector512<int>.Zero;
            foreach (Vector512<float> block in blocks)
            {
                mins = Vector512.Min(mins, block);
                maxs = Vector512.Max(maxs, block);
                magnitudes = Vector512.Max(magnitudes, block.AsInt32() & mask);
            }
            for (int lane = 0; lane < Vector512<float>.Count; lane++)
            {
                min = MathF.Min(min, mins[lane]);
                max = MathF.Max(max, maxs[lane]);
                magnitude = Math.Max(magnitude, magnitudes[lane]);
            }
        }
        foreach (float value in values[(blocks.Length * Vector512<float>.Count)..])
        {
            min = MathF.Min(min, value);
            max = MathF.Max(max, value);
            magnitude = Math.Max(magnitude, BitConverter.SingleToInt32Bits(value) & MagnitudeBits);
        }
        // Adding 0 makes a negative zero positive: which of the two comes first must not show.
        return magnitude > LargestFinite ? ActivationRange.Broken : new ActivationRange(min + 0f, max + 0f);
    }
}
