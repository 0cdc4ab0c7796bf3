using System.Runtime.CompilerServices;

namespace Octet.Runtime.Operators;

/// <summary>ONNX's QuantizeLinear in registers: y = saturate(round(x / scale) + zero point), halves to even.</summary>
/// <remarks>Clamped before it is rounded, as ONNX Runtime does: the zero point is an integer, so that nothing changes, and infinities are safe.</remarks>
internal readonly unsafe struct Quantizer<TLanes>(Quantization quantization) where TLanes : unmanaged, ILanes<TLanes>
{
    private readonly TLanes _scale = TLanes.Create(quantization.Scale);
    private readonly TLanes _low = TLanes.Create(-quantization.ZeroPoint);
    private readonly TLanes _high = TLanes.Create(255 - quantization.ZeroPoint);
    private readonly int _zeroPoint = quantization.ZeroPoint;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(TLanes values, byte* destination) => (values / _scale).Clamp(_low, _high).StoreRounded(destination, _zeroPoint);
}

/// <summary>ONNX's DequantizeLinear in registers: x = (y - zero point) * scale.</summary>
internal readonly unsafe struct Dequantizer<TLanes>(Quantization quantization) where TLanes : unmanaged, ILanes<TLanes>
{
    private readonly TLanes _scale = TLanes.Create(quantization.Scale);
    private readonly TLanes _zeroPoint = TLanes.Create(quantization.ZeroPoint);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLanes Load(byte* source) => (TLanes.LoadBytes(source) - _zeroPoint) * _scale;
}
