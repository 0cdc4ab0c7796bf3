namespace Octet.Quantization.Calibration;

/// <summary>The smallest and the largest value of a tensor, seen or chosen.</summary>
/// <param name="Min">Positive infinity where nothing was seen.</param>
/// <param name="Max">Negative infinity where nothing was seen.</param>
public readonly record struct ActivationRange(float Min, float Max)
{
    /// <summary>The range of an unsigned 8-bit integer with a scale and a zero point that are given, by training say, and not to be computed anew.</summary>
    /// <param name="scale">Positive and finite.</param>
    /// <param name="zeroPoint">0 to 255.</param>
    public static ActivationRange Of(float scale, int zeroPoint) => new(-zeroPoint * scale, (byte.MaxValue - zeroPoint) * scale) { Step = scale };

    /// <summary>The scale that was given; 0 where it follows from the limits.</summary>
    public float Step { get; private init; }

    /// <summary>The range of no values: the neutral element of <see cref="Union"/>.</summary>
    public static ActivationRange Empty { get; } = new(float.PositiveInfinity, float.NegativeInfinity);

    /// <summary>The range of values that are not all finite: whatever is united with it is broken too.</summary>
    public static ActivationRange Broken { get; } = new(float.NaN, float.NaN);

    /// <summary>Whether the range can be quantized: something was seen, and all of it was finite.</summary>
    public bool IsUsable => float.IsFinite(Min) && float.IsFinite(Max) && Min <= Max;

    /// <summary>Whether nothing was seen.</summary>
    public bool IsEmpty => Min > Max;

    /// <summary>The largest distance from 0.</summary>
    public float Magnitude => MathF.Max(MathF.Abs(Min), MathF.Abs(Max));

    /// <summary>The range that holds both. Order and grouping do not matter, so shards merge to what one run gives, bit for bit.</summary>
    public ActivationRange Union(ActivationRange other) => new(MathF.Min(Min, other.Min), MathF.Max(Max, other.Max));

    /// <summary>The nearest value of the range.</summary>
    public float Clamp(double value) => (float)Math.Clamp(value, Min, Max);
}
