using System.Runtime.CompilerServices;

namespace Octet.Runtime.Operators;

/// <summary>ONNX's QuantizeLinear in registers: y = saturate(round(x / scale) + zero point), halves to even.</summary>
/// <remarks>
/// Clamped before it is rounded: the bounds are integers once divided, so that nothing changes, and infinities are safe. With fused instructions
/// <see cref="Quantization.DividesByReciprocal"/> must hold.
/// </remarks>
[method: MethodImpl(MethodImplOptions.AggressiveInlining)]
internal readonly unsafe struct Quantizer<TLanes>(Quantization quantization) where TLanes : unmanaged, ILanes<TLanes>
{
    private readonly TLanes _scale = TLanes.Create(quantization.Scale);
    private readonly TLanes _reciprocal = TLanes.Create(1 / quantization.Scale);
    private readonly TLanes _low = TLanes.Create(-quantization.ZeroPoint * (TLanes.IsFused ? quantization.Scale : 1));
    private readonly TLanes _high = TLanes.Create((255 - quantization.ZeroPoint) * (TLanes.IsFused ? quantization.Scale : 1));
    private readonly int _zeroPoint = quantization.ZeroPoint;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(TLanes values, byte* destination)
    {
        if (!TLanes.IsFused)
        {
            (values / _scale).Clamp(_low, _high).StoreRounded(destination, _zeroPoint);
            return;
        }
        TLanes clamped = values.Clamp(_low, _high);
        TLanes quotient = clamped * _reciprocal;
        TLanes remainder = TLanes.SubtractProduct(quotient, _scale, clamped);
        TLanes.MultiplyAdd(remainder, _reciprocal, quotient).StoreRounded(destination, _zeroPoint);
    }
}

/// <summary>ONNX's DequantizeLinear in registers: x = (y - zero point) * scale.</summary>
[method: MethodImpl(MethodImplOptions.AggressiveInlining)]
internal readonly unsafe struct Dequantizer<TLanes>(Quantization quantization) where TLanes : unmanaged, ILanes<TLanes>
{
    private readonly TLanes _scale = TLanes.Create(quantization.Scale);
    private readonly TLanes _zeroPoint = TLanes.Create(Magic.Bytes + quantization.ZeroPoint);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLanes Load(byte* source) => (TLanes.LoadBytes(source) - _zeroPoint) * _scale;
}
