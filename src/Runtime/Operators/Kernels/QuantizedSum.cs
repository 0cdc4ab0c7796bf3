using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Runtime.Operators;

/// <summary>
/// y = saturate(round((a - a's zero point) * (a's scale / y's scale) + (b - b's zero point) * (b's scale / y's scale)) + y's zero point) over bytes, in integers:
/// the two factors are 15-bit numbers of one binary exponent, halves are rounded up.
/// </summary>
/// <remarks>
/// Where no summand has larger steps than the sum, a result can only differ from the exact one where that lies within a sixtieth of a step of a half. Sixteen-bit products
/// that add up in pairs take 64 sums in some twenty instructions; in floats it takes four times as many.
/// </remarks>
internal readonly unsafe record struct QuantizedSum
{
    private const int FactorBits = 15;

    // A zero point fits above the factors' fraction.
    private const int MostFraction = 22;

    /// <summary>A sum.</summary>
    /// <param name="a">How a's bytes stand for numbers.</param>
    /// <param name="b">How b's do.</param>
    /// <param name="y">How y's do.</param>
    public QuantizedSum(Quantization a, Quantization b, Quantization y)
    {
        double ratioA = (double)a.Scale / y.Scale, ratioB = (double)b.Scale / y.Scale;
        Fraction = Math.Clamp(FactorBits - 1 - Math.ILogB(Math.Max(ratioA, ratioB)), 0, MostFraction);
        FactorA = Factor(ratioA, Fraction);
        FactorB = Factor(ratioB, Fraction);
        int half = Fraction == 0 ? 0 : 1 << (Fraction - 1);
        Offset = (y.ZeroPoint << Fraction) - a.ZeroPoint * FactorA - b.ZeroPoint * FactorB + half;
    }

    /// <summary>a's factor, times 2 to the <see cref="Fraction"/>.</summary>
    public short FactorA { get; }

    /// <summary>b's.</summary>
    public short FactorB { get; }

    /// <summary>Bits behind the point.</summary>
    public int Fraction { get; }

    /// <summary>What is added to both products: zero points, and a half for rounding.</summary>
    public int Offset { get; }

    /// <summary>Adds all.</summary>
    /// <param name="a">One summand.</param>
    /// <param name="b">The other.</param>
    /// <param name="y">The sum; may be one of the summands itself, but not overlap it otherwise.</param>
    /// <param name="count">Bytes of each.</param>
    /// <param name="instructions">Which of the supported instruction sets to use.</param>
    public void Apply(byte* a, byte* b, byte* y, nint count, InstructionSet instructions)
    {
        switch (instructions)
        {
            case InstructionSet.Avx512:
                ApplyAvx512(a, b, y, count);
                break;
            case InstructionSet.Avx2:
                ApplyAvx2(a, b, y, count);
                break;
            default:
                ApplyPortable(a, b, y, count);
                break;
        }
    }

    private static short Factor(double ratio, int fraction) => (short)Math.Min(Math.Round(Math.ScaleB(ratio, fraction)), short.MaxValue);

    // What unpacking does to the order of bytes, packing undoes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ApplyAvx512(byte* a, byte* b, byte* y, nint count)
    {
        Vector512<short> factors = Vector512.Create(Pair).AsInt16();
        Vector512<int> offset = Vector512.Create(Offset);
        Vector128<int> fraction = Vector128.CreateScalar(Fraction);
        nint i = 0;
        for (; i <= count - Vector512<byte>.Count; i += Vector512<byte>.Count)
        {
            Vector512<byte> first = Vector512.Load(a + i), second = Vector512.Load(b + i);
            Vector512<byte> low = Avx512BW.UnpackLow(first, second), high = Avx512BW.UnpackHigh(first, second);
            Vector512<int> sum0 = Avx512BW.MultiplyAddAdjacent(Avx512BW.UnpackLow(low, Vector512<byte>.Zero).AsInt16(), factors) + offset;
            Vector512<int> sum1 = Avx512BW.MultiplyAddAdjacent(Avx512BW.UnpackHigh(low, Vector512<byte>.Zero).AsInt16(), factors) + offset;
            Vector512<int> sum2 = Avx512BW.MultiplyAddAdjacent(Avx512BW.UnpackLow(high, Vector512<byte>.Zero).AsInt16(), factors) + offset;
            Vector512<int> sum3 = Avx512BW.MultiplyAddAdjacent(Avx512BW.UnpackHigh(high, Vector512<byte>.Zero).AsInt16(), factors) + offset;
            Vector512<short> packed0 = Avx512BW.PackSignedSaturate(Avx512F.ShiftRightArithmetic(sum0, fraction), Avx512F.ShiftRightArithmetic(sum1, fraction));
            Vector512<short> packed1 = Avx512BW.PackSignedSaturate(Avx512F.ShiftRightArithmetic(sum2, fraction), Avx512F.ShiftRightArithmetic(sum3, fraction));
            Avx512BW.PackUnsignedSaturate(packed0, packed1).Store(y + i);
        }
        ApplyAvx2(a + i, b + i, y + i, count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ApplyAvx2(byte* a, byte* b, byte* y, nint count)
    {
        Vector256<short> factors = Vector256.Create(Pair).AsInt16();
        Vector256<int> offset = Vector256.Create(Offset);
        Vector128<int> fraction = Vector128.CreateScalar(Fraction);
        nint i = 0;
        for (; i <= count - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            Vector256<byte> first = Vector256.Load(a + i), second = Vector256.Load(b + i);
            Vector256<byte> low = Avx2.UnpackLow(first, second), high = Avx2.UnpackHigh(first, second);
            Vector256<int> sum0 = Avx2.MultiplyAddAdjacent(Avx2.UnpackLow(low, Vector256<byte>.Zero).AsInt16(), factors) + offset;
            Vector256<int> sum1 = Avx2.MultiplyAddAdjacent(Avx2.UnpackHigh(low, Vector256<byte>.Zero).AsInt16(), factors) + offset;
            Vector256<int> sum2 = Avx2.MultiplyAddAdjacent(Avx2.UnpackLow(high, Vector256<byte>.Zero).AsInt16(), factors) + offset;
            Vector256<int> sum3 = Avx2.MultiplyAddAdjacent(Avx2.UnpackHigh(high, Vector256<byte>.Zero).AsInt16(), factors) + offset;
            Vector256<short> packed0 = Avx2.PackSignedSaturate(Avx2.ShiftRightArithmetic(sum0, fraction), Avx2.ShiftRightArithmetic(sum1, fraction));
            Vector256<short> packed1 = Avx2.PackSignedSaturate(Avx2.ShiftRightArithmetic(sum2, fraction), Avx2.ShiftRightArithmetic(sum3, fraction));
            Avx2.PackUnsignedSaturate(packed0, packed1).Store(y + i);
        }
        ApplyPortable(a + i, b + i, y + i, count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ApplyPortable(byte* a, byte* b, byte* y, nint count)
    {
        nint i = 0;
        for (; i <= count - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            (Vector128<ushort> lowA, Vector128<ushort> highA) = Vector128.Widen(Vector128.Load(a + i));
            (Vector128<ushort> lowB, Vector128<ushort> highB) = Vector128.Widen(Vector128.Load(b + i));
            Vector128.Narrow(Sums(lowA, lowB), Sums(highA, highB)).Store(y + i);
        }
        for (; i < count; i++)
            y[i] = (byte)Math.Clamp((a[i] * FactorA + b[i] * FactorB + Offset) >> Fraction, byte.MinValue, byte.MaxValue);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector128<ushort> Sums(Vector128<ushort> a, Vector128<ushort> b)
    {
        (Vector128<uint> lowA, Vector128<uint> highA) = Vector128.Widen(a);
        (Vector128<uint> lowB, Vector128<uint> highB) = Vector128.Widen(b);
        return Vector128.Narrow(Sums(lowA.AsInt32(), lowB.AsInt32()).AsUInt32(), Sums(highA.AsInt32(), highB.AsInt32()).AsUInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector128<int> Sums(Vector128<int> a, Vector128<int> b) => Vector128.Min(
        Vector128.Max(Vector128.ShiftRightArithmetic(a * FactorA + b * FactorB + Vector128.Create(Offset), Fraction), Vector128<int>.Zero), Vector128.Create((int)byte.MaxValue));

    // The factors side by side, as the summands are after unpacking.
    private int Pair => (ushort)FactorA | FactorB << 16;
}
