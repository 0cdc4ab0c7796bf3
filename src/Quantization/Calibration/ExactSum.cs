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
    private const int FractionBits = 52;
    private const int SmallestExponent = -1074;

    /// <summary>The sum with one more value: a float, or a sum of floats in double, which is a whole number of units too.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not finite, or is not a whole number of units.</exception>
    public ExactSum Add(double value) => new(Units + InUnits(value));

    /// <summary>The sum of both.</summary>
    public ExactSum Add(ExactSum other) => new(Units + other.Units);

    /// <summary>The mean of <paramref name="count"/> values that this is the sum of.</summary>
    public double Mean(long count) => (double)Units / count * Math.ScaleB(1, UnitExponent);

    private static BigInteger InUnits(double value)
    {
        if (!double.IsFinite(value))
            throw new ArgumentOutOfRangeException(nameof(value), value, "Only finite values have an exact sum.");
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> FractionBits) & 0x7FF;
        long fraction = bits & ((1L << FractionBits) - 1);
        if (exponent > 0)
            fraction |= 1L << FractionBits;
        int shift = Math.Max(exponent, 1) - 1 + SmallestExponent - UnitExponent;
        if (fraction != 0 && -shift > BitOperations.TrailingZeroCount(fraction))
            throw new ArgumentOutOfRangeException(nameof(value), value, "It is finer than a unit.");
        BigInteger units = shift < 0 ? fraction >> Math.Min(-shift, FractionBits + 1) : new BigInteger(fraction) << shift;
        return bits < 0 ? -units : units;
    }
}
