namespace Octet.Quantization.Calibration;

/// <summary>The smallest and the largest value seen in a tensor.</summary>
/// <param name="Min">Positive infinity where nothing was seen.</param>
/// <param name="Max">Negative infinity where nothing was seen.</param>
public readonly record struct ActivationRange(float Min, float Max)
{
    /// <summary>The range of no values: the neutral element of <see cref="Union"/>.</summary>
    public static ActivationRange Empty { get; } = new(float.PositiveInfinity, float.NegativeInfinity);

    /// <summary>Whether the range can be quantized: something was seen, and all of it was finite.</summary>
    public bool IsUsable => float.IsFinite(Min) && float.IsFinite(Max) && Min <= Max;

    /// <summary>The range that holds both. Order and grouping do not matter, so shards merge to what one run gives, bit for bit.</summary>
    public ActivationRange Union(ActivationRange other) => new(MathF.Min(Min, other.Min), MathF.Max(Max, other.Max));
}
