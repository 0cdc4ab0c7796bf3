using System.Runtime.InteropServices;
using System.Text;

namespace Octet.Runtime.Tests;

/// <summary>Writes small models: field numbers are those of onnx.proto, the wire format is protobuf's.</summary>
internal sealed class OnnxGraph
{
    public const int Float = 1;
    public const int UInt8 = 2;
    public const int Int8 = 3;
    public const int Int32 = 6;

    private readonly List<byte> _graph = [.. Text(2, "graph")];
    private readonly SortedDictionary<string, int> _domains = new(StringComparer.Ordinal) { [""] = 13 };
    private int _nodes;

    /// <summary>An input; an extent of -1 is not known, and no extents at all are no shape.</summary>
    public OnnxGraph Input(string name, int type, params long[] shape) => Add(Bytes(11, Value(name, type, shape)));

    public OnnxGraph Output(string name, int type, params long[] shape) => Add(Bytes(12, Value(name, type, shape)));

    public OnnxGraph Constant<T>(string name, T[] values, params long[] shape) where T : unmanaged
    {
        int type = default(T) switch
        {
            float => Float,
            byte => UInt8,
            sbyte => Int8,
            int => Int32,
            _ => throw new ArgumentException(typeof(T).Name),
        };
        return Add(Bytes(5,
        [
            .. shape.SelectMany(extent => Number(1, extent)), .. Number(2, type), .. Text(8, name),
            .. Bytes(9, MemoryMarshal.AsBytes<T>(values)),
        ]));
    }

    /// <summary>A node of ONNX's own operators, or of a domain: <c>octet:LookupTable</c>.</summary>
    /// <param name="op">The operator.</param>
    /// <param name="inputs">The names of its inputs.</param>
    /// <param name="output">The name of its output.</param>
    /// <param name="attributes">Values are float, long, long[] or string.</param>
    public OnnxGraph Node(string op, string[] inputs, string output, params (string Name, object Value)[] attributes)
    {
        string[] parts = op.Split(':');
        string domain = parts.Length == 2 ? parts[0] : "";
        _domains.TryAdd(domain, 1);
        return Add(Bytes(1,
        [
            .. inputs.SelectMany(input => Text(1, input)), .. Text(2, output), .. Text(3, $"{parts[^1]}{++_nodes}"), .. Text(4, parts[^1]),
            .. attributes.SelectMany(attribute => Bytes(5, Attribute(attribute.Name, attribute.Value))), .. Text(7, domain),
        ]));
    }

    /// <summary>INPUT_float = DequantizeLinear(INPUT).</summary>
    public OnnxGraph DequantizeLinear(string input, float scale, byte zeroPoint) => Constant($"{input}_scale", [scale])
        .Constant($"{input}_zero", [zeroPoint])
        .Node("DequantizeLinear", [input, $"{input}_scale", $"{input}_zero"], $"{input}_float");

    public OnnxGraph QuantizeLinear(string input, string output, float scale, byte zeroPoint) => Constant($"{output}_scale", [scale])
        .Constant($"{output}_zero", [zeroPoint])
        .Node("QuantizeLinear", [input, $"{output}_scale", $"{output}_zero"], output);

    public byte[] ToModel()
    {
        IEnumerable<byte> imports = _domains.SelectMany(domain => Bytes(8, [.. Text(1, domain.Key), .. Number(2, domain.Value)]));
        return [.. Number(1, 8), .. Bytes(7, [.. _graph]), .. imports];
    }

    private OnnxGraph Add(byte[] field)
    {
        _graph.AddRange(field);
        return this;
    }

    private static byte[] Attribute(string name, object value) => value switch
    {
        float number => [.. Text(1, name), .. Tag(2, 5), .. BitConverter.GetBytes(number), .. Number(20, 1)],
        long number => [.. Text(1, name), .. Number(3, number), .. Number(20, 2)],
        string text => [.. Text(1, name), .. Text(4, text), .. Number(20, 3)],
        long[] numbers => [.. Text(1, name), .. numbers.SelectMany(number => Number(8, number)), .. Number(20, 7)],
        _ => throw new ArgumentException(value.GetType().Name),
    };

    private static byte[] Value(string name, int type, long[] shape)
    {
        byte[] dimensions = [.. shape.SelectMany((extent, axis) => Bytes(1, extent < 0 ? Text(2, $"{name}{axis}") : Number(1, extent)))];
        byte[] tensorType = [.. Number(1, type), .. shape.Length > 0 ? Bytes(2, dimensions) : []];
        return [.. Text(1, name), .. Bytes(2, Bytes(1, tensorType))];
    }

    private static byte[] Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    private static byte[] Bytes(int field, ReadOnlySpan<byte> value) => [.. Tag(field, 2), .. Varint(value.Length), .. value];

    private static byte[] Number(int field, long value) => [.. Tag(field, 0), .. Varint(value)];

    private static byte[] Tag(int field, int wireType) => Varint(field << 3 | wireType);

    private static byte[] Varint(long value)
    {
        var bytes = new List<byte>();
        ulong rest = (ulong)value;
        for (; rest > 0x7F; rest >>= 7)
            bytes.Add((byte)(rest & 0x7F | 0x80));
        bytes.Add((byte)rest);
        return [.. bytes];
    }
}
