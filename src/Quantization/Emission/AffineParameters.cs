using Octet.Quantization.Calibration;

namespace Octet.Quantization.Emission;

/// <summary>
/// Scale and zero point of an affine quantization, real = scale * (integer - zeroPoint) (Jacob et al. 2018, equation 1; ONNX QuantizeLinear).
/// Real zero is always one of the integers, so that padding costs nothing.
/// </summary>
/// <param name="Scale">Positive and finite.</param>
/// <param name="ZeroPoint">The integer that stands for real 0.</param>
public readonly record struct AffineParameters(float Scale, int ZeroPoint)
{
    /// <summary>Parameters of an unsigned 8-bit activation: 0 to 255 over the range, which is widened to hold 0, or those that were given.</summary>
    /// <exception cref="ArgumentException">The range is not usable.</exception>
    public static AffineParameters ForUInt8(ActivationRange range)
    {
        if (!range.IsUsable)
            throw new ArgumentException($"[{range.Min}, {range.Max}] is no range.", nameof(range));
        double min = Math.Min(range.Min, 0);
        double max = Math.Max(range.Max, 0);
        float scale = range.Step > 0 ? range.Step : (float)((max - min) / byte.MaxValue);
        // A tensor that is always 0 (or nearly) keeps a scale that float arithmetic can divide by.
        if (scale < SmallestScale)
            return new AffineParameters(max - min == 0 ? 1 : SmallestScale, 0);
        int zeroPoint = (int)Math.Clamp(Math.Round(-min / scale, MidpointRounding.ToEven), byte.MinValue, byte.MaxValue);
        return new AffineParameters(scale, zeroPoint);
    }

    /// <summary>Parameters of a signed 8-bit activation: the same steps, counted from -128.</summary>
    /// <remarks>A range that begins at 0 keeps the zero point at the lowest integer, so that a clamp at 0 disappears as with unsigned integers.</remarks>
    /// <exception cref="ArgumentException">The range is not usable.</exception>
    public static AffineParameters ForInt8(ActivationRange range)
    {
        AffineParameters unsigned = ForUInt8(range);
        return unsigned with { ZeroPoint = unsigned.ZeroPoint + sbyte.MinValue };
    }

    // The smallest normal float times 2^23 leaves every quotient of a normal float by it finite.
    private const float SmallestScale = 1e-30f;
}
