using System.Numerics;

namespace Octet.Quantization.Calibration;

/// <summary>
/// A sum of floats without rounding: a whole number of the smallest positive float. Every finite float is one, so that the order of additions
/// does not matter and sums of parts add up to the sum of the whole, bit for bit.
/// </summary>
/// <param name="Units">The sum in units of 2^-149.</param>
public readonly record struct ExactSum(BigInteger Units)
{
    private const int UnitExponent = -149;
    private const int FractionBits = 23;

    /// <summary>The sum with one more value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not finite.</exception>
    public ExactSum Add(float value) => new(Units + InUnits(value));

    /// <summary>The sum of both.</summary>
    public ExactSum Add(ExactSum other) => new(Units + other.Units);

    /// <summary>The mean of <paramref name="count"/> values that this is the sum of.</summary>
    public double Mean(long count) => (double)Units / count * Math.ScaleB(1, UnitExponent);

    private static BigInteger InUnits(float value)
    {
        if (!float.IsFinite(value))
            throw new ArgumentOutOfRangeException(nameof(value), value, "Only finite values have an exact sum.");
        int bits = BitConverter.SingleToInt32Bits(value);
        int exponent = (bits >> FractionBits) & 0xFF;
        int fraction = bits & ((1 << FractionBits) - 1);
        BigInteger units = exponent == 0 ? fraction : new BigInteger(fraction | (1 << FractionBits)) << (exponent - 1);
        return bits < 0 ? -units : units;
    }
}
