using System.Runtime.InteropServices;
using System.Text;

namespace Octet.Runtime.Tests;

/// <summary>Writes the smallest models that ONNX Runtime loads: field numbers are those of onnx.proto, the wire format is protobuf's.</summary>
internal static class OnnxModel
{
    private const int FloatType = 1;

    /// <summary>A model with one node: y = x W, where x is [1, rows] and W is [rows, columns].</summary>
    public static byte[] MatMul(int rows, int columns, float[] weights)
    {
        byte[] node = [.. Text(1, "x"), .. Text(1, "w"), .. Text(2, "y"), .. Text(3, "product"), .. Text(4, "MatMul")];
        byte[] weight =
        [
            .. Number(1, rows), .. Number(1, columns), .. Number(2, FloatType), .. Text(8, "w"),
            .. Bytes(9, MemoryMarshal.AsBytes<float>(weights)),
        ];
        byte[] graph = [.. Bytes(1, node), .. Text(2, "graph"), .. Bytes(5, weight), .. Bytes(11, Value("x", 1, rows)), .. Bytes(12, Value("y", 1, columns))];
        byte[] opset = [.. Text(1, ""), .. Number(2, 13)];
        return [.. Number(1, 8), .. Bytes(7, graph), .. Bytes(8, opset)];
    }

    private static byte[] Value(string name, params int[] shape)
    {
        byte[] dimensions = [.. shape.SelectMany(extent => Bytes(1, Number(1, extent)))];
        byte[] tensorType = [.. Number(1, FloatType), .. Bytes(2, dimensions)];
        return [.. Text(1, name), .. Bytes(2, Bytes(1, tensorType))];
    }

    private static byte[] Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    private static byte[] Bytes(int field, ReadOnlySpan<byte> value) => [.. Varint(field << 3 | 2), .. Varint(value.Length), .. value];

    private static byte[] Number(int field, int value) => [.. Varint(field << 3), .. Varint(value)];

    private static byte[] Varint(int value)
    {
        var bytes = new List<byte>();
        for (; value > 0x7F; value >>= 7)
            bytes.Add((byte)(value & 0x7F | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
