namespace Octet.Runtime.Operators;

/// <summary>How bytes stand for numbers: value = (byte - zero point) * scale, as in ONNX's DequantizeLinear.</summary>
internal readonly record struct Quantization(float Scale, byte ZeroPoint);
