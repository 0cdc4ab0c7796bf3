namespace Octet.Runtime.Operators;

/// <summary>How bytes stand for numbers: value = (byte - zero point) * scale, as in ONNX's DequantizeLinear.</summary>
internal readonly record struct Quantization(float Scale, byte ZeroPoint)
{
    private const int SignificandMask = 0x7FFFFF;

    // Beyond these a product or a remainder may overflow, or lose bits below the smallest float.
    private const float SmallestScale = 1e-18f;
    private const float LargestScale = 1e18f;

    /// <summary>Whether a quotient by the scale can be had by its reciprocal, with the same bits.</summary>
    /// <remarks>
    /// Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor" (1990): where r is the rounded reciprocal of b, and q is
    /// the rounded a * r, the rounded q + (a - q * b) * r is the rounded a / b, unless all bits of b's significand are set.
    /// </remarks>
    public bool DividesByReciprocal =>
        Scale is >= SmallestScale and <= LargestScale && (BitConverter.SingleToInt32Bits(Scale) & SignificandMask) != SignificandMask;

    /// <summary>The instruction set for a kernel that quantizes so: the portable one divides by any scale.</summary>
    public InstructionSet Quantizing(InstructionSet wanted) => DividesByReciprocal ? wanted : InstructionSet.Portable;
}
