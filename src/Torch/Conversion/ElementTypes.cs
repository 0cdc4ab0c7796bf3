using TorchSharp;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Torch.Conversion;

/// <summary>Element types of TorchSharp and of ONNX.</summary>
public static class ElementTypes
{
    /// <summary>The ONNX type; null where ONNX has none.</summary>
    public static DataType? ToOnnx(this torch.ScalarType type) => type switch
    {
        torch.ScalarType.Byte => DataType.Uint8,
        torch.ScalarType.Int8 => DataType.Int8,
        torch.ScalarType.Int16 => DataType.Int16,
        torch.ScalarType.Int32 => DataType.Int32,
        torch.ScalarType.Int64 => DataType.Int64,
        torch.ScalarType.Float16 => DataType.Float16,
        torch.ScalarType.Float32 => DataType.Float,
        torch.ScalarType.Float64 => DataType.Double,
        torch.ScalarType.Bool => DataType.Bool,
        torch.ScalarType.BFloat16 => DataType.Bfloat16,
        _ => null,
    };

    /// <summary>Bytes of an element.</summary>
    public static int Size(this torch.ScalarType type) => type switch
    {
        torch.ScalarType.Byte or torch.ScalarType.Int8 or torch.ScalarType.Bool => 1,
        torch.ScalarType.Int16 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16 => 2,
        torch.ScalarType.Int32 or torch.ScalarType.Float32 => 4,
        torch.ScalarType.ComplexFloat64 => 16,
        _ => 8,
    };

    /// <summary>A number's bytes in an element type, little-endian.</summary>
    /// <param name="type">The element type, one that ONNX has.</param>
    /// <param name="number">The number.</param>
    /// <param name="integer">The same as an integer, which is taken for integer types so that 64 bits stay exact.</param>
    public static byte[] Bytes(torch.ScalarType type, double number, long integer) => type switch
    {
        torch.ScalarType.Float32 => BitConverter.GetBytes((float)number),
        torch.ScalarType.Float64 => BitConverter.GetBytes(number),
        torch.ScalarType.Float16 => BitConverter.GetBytes((Half)number),
        torch.ScalarType.BFloat16 => BitConverter.GetBytes((ushort)(RoundToBFloat16((float)number) >> 16)),
        torch.ScalarType.Bool => [(byte)(number != 0 ? 1 : 0)],
        torch.ScalarType.Byte => [(byte)integer],
        torch.ScalarType.Int8 => [(byte)(sbyte)integer],
        torch.ScalarType.Int16 => BitConverter.GetBytes((short)integer),
        torch.ScalarType.Int32 => BitConverter.GetBytes((int)integer),
        torch.ScalarType.Int64 => BitConverter.GetBytes(integer),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    // To nearest, ties to even; a NaN stays one because its highest bits do.
    private static uint RoundToBFloat16(float number)
    {
        uint bits = BitConverter.SingleToUInt32Bits(number);
        return float.IsNaN(number) ? bits : bits + 0x7fff + ((bits >> 16) & 1);
    }
}
