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
        switch (instructions)
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
        Dequantizer<TLanes> loadA = new(A), loadB = new(B);
        Quantizer<TLanes> quantizer = new(Y);
        nint i = 0;
        for (; i <= count - TLanes.Count; i += TLanes.Count)
            quantizer.Store(loadA.Load(a + i) + loadB.Load(b + i), y + i);
        if (i == count)
            return;

        // The rest in a full register: every element passes through the same instructions.
        byte* rest = stackalloc byte[2 * TLanes.Count];
        byte* restB = rest + TLanes.Count;
        Unsafe.CopyBlockUnaligned(rest, a + i, (uint)(count - i));
        Unsafe.CopyBlockUnaligned(restB, b + i, (uint)(count - i));
        quantizer.Store(loadA.Load(rest) + loadB.Load(restB), rest);
        Unsafe.CopyBlockUnaligned(y + i, rest, (uint)(count - i));
    }
}
