using System.Runtime.CompilerServices;

namespace Octet.Runtime.Operators;

/// <summary>y = QuantizeLinear(DequantizeLinear(a) + DequantizeLinear(b)) over bytes.</summary>
/// <param name="A">How a's bytes stand for numbers.</param>
/// <param name="B">How b's do.</param>
/// <param name="Y">How y's do.</param>
internal readonly unsafe record struct QuantizedSum(Quantization A, Quantization B, Quantization Y)
{
    /// <summary>Adds all.</summary>
    /// <param name="a">One summand.</param>
    /// <param name="b">The other.</param>
    /// <param name="y">The sum; may be one of the summands itself, but not overlap it otherwise.</param>
    /// <param name="count">Bytes of each.</param>
    /// <param name="instructions">Which of the supported instruction sets to use.</param>
    public void Apply(byte* a, byte* b, byte* y, nint count, InstructionSet instructions)
    {
        switch (Y.Quantizing(instructions))
        {
            case InstructionSet.Avx512:
                Apply<Lanes512>(a, b, y, count);
                break;
            case InstructionSet.Avx2:
                Apply<Lanes256>(a, b, y, count);
                break;
            default:
                Apply<Lanes128>(a, b, y, count);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Apply<TLanes>(byte* a, byte* b, byte* y, nint count) where TLanes : unmanaged, ILanes<TLanes>
    {
        nint whole = count - count % TLanes.Count;
        ApplyWhole<TLanes>(a, b, y, whole);
        uint rest = (uint)(count - whole);
        if (rest == 0)
            return;

        // The rest in a full register: every element passes through the same instructions.
        byte* restA = stackalloc byte[2 * TLanes.Count];
        byte* restB = restA + TLanes.Count;
        Unsafe.CopyBlockUnaligned(restA, a + whole, rest);
        Unsafe.CopyBlockUnaligned(restB, b + whole, rest);
        ApplyWhole<TLanes>(restA, restB, restA, TLanes.Count);
        Unsafe.CopyBlockUnaligned(y + whole, restA, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ApplyWhole<TLanes>(byte* a, byte* b, byte* y, nint count) where TLanes : unmanaged, ILanes<TLanes>
    {
        Dequantizer<TLanes> loadA = new(A), loadB = new(B);
        Quantizer<TLanes> quantizer = new(Y);
        for (nint i = 0; i < count; i += TLanes.Count)
            quantizer.Store(loadA.Load(a + i) + loadB.Load(b + i), y + i);
    }
}
