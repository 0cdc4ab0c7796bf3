using System.Runtime.CompilerServices;

namespace Octet.Runtime.Operators;

/// <summary>y = QuantizeLinear(DequantizeLinear(x) * factor) over bytes.</summary>
/// <param name="X">How x's bytes stand for numbers.</param>
/// <param name="Y">How y's do.</param>
internal readonly unsafe record struct QuantizedProduct(Quantization X, Quantization Y)
{
    /// <summary>Multiplies each element by its factor.</summary>
    /// <param name="x">The source.</param>
    /// <param name="factors">As many factors.</param>
    /// <param name="y">The destination; may be the source itself, but not overlap it otherwise.</param>
    /// <param name="count">Bytes to multiply.</param>
    /// <param name="instructions">Which of the supported instruction sets to use.</param>
    public void Apply(byte* x, float* factors, byte* y, nint count, InstructionSet instructions)
    {
        switch (Y.Quantizing(instructions))
        {
            case InstructionSet.Avx512:
                Apply<Lanes512>(x, factors, y, count);
                break;
            case InstructionSet.Avx2:
                Apply<Lanes256>(x, factors, y, count);
                break;
            default:
                Apply<Lanes128>(x, factors, y, count);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Apply<TLanes>(byte* x, float* factors, byte* y, nint count) where TLanes : unmanaged, ILanes<TLanes>
    {
        nint whole = count - count % TLanes.Count;
        ApplyWhole<TLanes>(x, factors, y, whole);
        uint rest = (uint)(count - whole);
        if (rest == 0)
            return;

        // The rest in a full register: every element passes through the same instructions.
        byte* restX = stackalloc byte[TLanes.Count];
        float* restFactors = stackalloc float[TLanes.Count];
        Unsafe.CopyBlockUnaligned(restX, x + whole, rest);
        Unsafe.CopyBlockUnaligned(restFactors, factors + whole, rest * sizeof(float));
        ApplyWhole<TLanes>(restX, restFactors, restX, TLanes.Count);
        Unsafe.CopyBlockUnaligned(y + whole, restX, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ApplyWhole<TLanes>(byte* x, float* factors, byte* y, nint count) where TLanes : unmanaged, ILanes<TLanes>
    {
        Dequantizer<TLanes> load = new(X);
        Quantizer<TLanes> quantizer = new(Y);
        for (nint i = 0; i < count; i += TLanes.Count)
            quantizer.Store(load.Load(x + i) * TLanes.Load(factors + i), y + i);
    }
}
