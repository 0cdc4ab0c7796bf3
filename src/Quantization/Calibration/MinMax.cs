using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Octet.Quantization.Calibration;

/// <summary>Smallest and largest value in one pass over memory.</summary>
public static class MinMax
{
    /// <summary>The range of the values; a NaN among them makes both ends NaN.</summary>
    public static ActivationRange Of(ReadOnlySpan<float> values)
    {
        if (values.IsEmpty)
            return ActivationRange.Empty;

        float min = values[0];
        float max = values[0];
        int start = 0;
        if (Vector512.IsHardwareAccelerated || Vector256.IsHardwareAccelerated)
        {
            ReadOnlySpan<Vector512<float>> blocks = MemoryMarshal.Cast<float, Vector512<float>>(values);
            if (blocks.Length > 0)
            {
                // Two accumulators a side hide the latency of min and max. Both propagate NaN.
                Vector512<float> min0 = blocks[0], max0 = blocks[0], min1 = blocks[0], max1 = blocks[0];
                int i = 1;
                for (; i + 1 < blocks.Length; i += 2)
                {
                    min0 = Vector512.Min(min0, blocks[i]);
                    max0 = Vector512.Max(max0, blocks[i]);
                    min1 = Vector512.Min(min1, blocks[i + 1]);
                    max1 = Vector512.Max(max1, blocks[i + 1]);
                }
                if (i < blocks.Length)
                {
                    min0 = Vector512.Min(min0, blocks[i]);
                    max0 = Vector512.Max(max0, blocks[i]);
                }
                min0 = Vector512.Min(min0, min1);
                max0 = Vector512.Max(max0, max1);
                for (int lane = 0; lane < Vector512<float>.Count; lane++)
                {
                    min = MathF.Min(min, min0[lane]);
                    max = MathF.Max(max, max0[lane]);
                }
                start = blocks.Length * Vector512<float>.Count;
            }
        }
        foreach (float value in values[start..])
        {
            min = MathF.Min(min, value);
            max = MathF.Max(max, value);
        }
        return new ActivationRange(min, max);
    }
}
