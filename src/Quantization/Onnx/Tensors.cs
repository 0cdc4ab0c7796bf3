using System.Runtime.InteropServices;
using Google.Protobuf;
using Octet.Quantization.Onnx.Protocol;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Onnx;

/// <summary>Fills a new tensor's elements.</summary>
public delegate void FloatFiller(Span<float> values);

/// <summary>Reads and makes constant tensors. ONNX keeps raw data little-endian, row-major.</summary>
public static class Tensors
{
    /// <summary>Makes a float tensor.</summary>
    public static TensorProto Create(string name, IEnumerable<long> dims, ReadOnlySpan<float> values) => Raw(name, DataType.Float, dims, MemoryMarshal.AsBytes(values));

    /// <summary>Makes a float tensor and lets the caller fill it in place: large weights are not held twice.</summary>
    public static TensorProto CreateFloat(string name, IReadOnlyList<long> dims, int count, FloatFiller fill)
    {
        byte[] bytes = new byte[checked(count * sizeof(float))];
        fill(MemoryMarshal.Cast<byte, float>(bytes.AsSpan()));
        return Wrap(name, DataType.Float, dims, bytes);
    }

    /// <summary>Makes a half-precision tensor.</summary>
    public static TensorProto Create(string name, IEnumerable<long> dims, ReadOnlySpan<Half> values) => Raw(name, DataType.Float16, dims, MemoryMarshal.AsBytes(values));

    /// <summary>Makes a signed 8-bit tensor.</summary>
    public static TensorProto Create(string name, IEnumerable<long> dims, ReadOnlySpan<sbyte> values) => Raw(name, DataType.Int8, dims, MemoryMarshal.AsBytes(values));

    /// <summary>Makes an unsigned 8-bit tensor.</summary>
    public static TensorProto Create(string name, IEnumerable<long> dims, ReadOnlySpan<byte> values) => Raw(name, DataType.Uint8, dims, values);

    /// <summary>Makes a 32-bit integer tensor.</summary>
    public static TensorProto Create(string name, IEnumerable<long> dims, ReadOnlySpan<int> values) => Raw(name, DataType.Int32, dims, MemoryMarshal.AsBytes(values));

    /// <summary>Makes a 64-bit integer tensor.</summary>
    public static TensorProto Create(string name, IEnumerable<long> dims, ReadOnlySpan<long> values) => Raw(name, DataType.Int64, dims, MemoryMarshal.AsBytes(values));

    /// <summary>The number of elements that the extents promise.</summary>
    /// <exception cref="InvalidDataException">An extent is negative or the product overflows.</exception>
    public static int ElementCount(this TensorProto tensor)
    {
        long count = 1;
        foreach (long extent in tensor.Dims)
        {
            if (extent < 0 || (extent > 0 && count > Array.MaxLength / extent))
                throw new InvalidDataException($"Tensor '{tensor.Name}' has impossible extents [{string.Join(",", tensor.Dims)}].");
            count *= extent;
        }
        return (int)count;
    }

    /// <summary>Whether the tensor holds numbers that <see cref="ToFloats"/> reads.</summary>
    public static bool IsFloatingPoint(this TensorProto tensor) =>
        (DataType)tensor.DataType is DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double;

    /// <summary>The elements of a floating-point tensor as 32-bit floats, from raw data or typed fields.</summary>
    /// <exception cref="InvalidDataException">The type is not floating-point, or the data has another length than the extents promise.</exception>
    public static float[] ToFloats(this TensorProto tensor)
    {
        int count = tensor.ElementCount();
        ReadOnlySpan<byte> raw = tensor.RawData.Span;
        float[] values = (DataType)tensor.DataType switch
        {
            DataType.Float => tensor.HasRawData ? MemoryMarshal.Cast<byte, float>(raw).ToArray() : [.. tensor.FloatData],
            DataType.Double => tensor.HasRawData ? ConvertAll(MemoryMarshal.Cast<byte, double>(raw), value => (float)value) : [.. tensor.DoubleData.Select(value => (float)value)],
            DataType.Float16 => tensor.HasRawData
                ? ConvertAll(MemoryMarshal.Cast<byte, Half>(raw), value => (float)value)
                : [.. tensor.Int32Data.Select(bits => (float)BitConverter.UInt16BitsToHalf((ushort)bits))],
            DataType.Bfloat16 => tensor.HasRawData
                ? ConvertAll(MemoryMarshal.Cast<byte, ushort>(raw), FromBfloat16)
                : [.. tensor.Int32Data.Select(bits => FromBfloat16((ushort)bits))],
            DataType type => throw new InvalidDataException($"Tensor '{tensor.Name}' of type {type} is not floating-point."),
        };
        return Checked(tensor, values, count);
    }

    /// <summary>The elements of a floating-point tensor, in place where they are raw floats already; for reading only.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="ToFloats"/>.</exception>
    public static ReadOnlySpan<float> AsFloats(this TensorProto tensor) =>
        (DataType)tensor.DataType == DataType.Float && tensor.HasRawData && tensor.RawData.Length == tensor.ElementCount() * sizeof(float)
            ? MemoryMarshal.Cast<byte, float>(tensor.RawData.Span)
            : tensor.ToFloats();

    /// <summary>Copies a floating-point tensor's elements to where they are needed, without a copy between where they are raw floats already.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="ToFloats"/>.</exception>
    public static void CopyFloatsTo(this TensorProto tensor, Span<float> destination) => tensor.AsFloats().CopyTo(destination);

    /// <summary>The elements of a 32- or 64-bit integer tensor.</summary>
    /// <exception cref="InvalidDataException">The type is another, or the data has another length than the extents promise.</exception>
    public static long[] ToInt64s(this TensorProto tensor)
    {
        int count = tensor.ElementCount();
        ReadOnlySpan<byte> raw = tensor.RawData.Span;
        long[] values = (DataType)tensor.DataType switch
        {
            DataType.Int64 => tensor.HasRawData ? MemoryMarshal.Cast<byte, long>(raw).ToArray() : [.. tensor.Int64Data],
            DataType.Int32 => tensor.HasRawData ? ConvertAll(MemoryMarshal.Cast<byte, int>(raw), value => (long)value) : [.. tensor.Int32Data.Select(value => (long)value)],
            DataType type => throw new InvalidDataException($"Tensor '{tensor.Name}' of type {type} is not an integer tensor."),
        };
        return Checked(tensor, values, count);
    }

    /// <summary>The same tensor under another name, its data shared where it is raw.</summary>
    public static TensorProto WithName(this TensorProto tensor, string name)
    {
        TensorProto renamed = tensor.Clone();
        renamed.Name = name;
        return renamed;
    }

    private static TensorProto Raw(string name, DataType type, IEnumerable<long> dims, ReadOnlySpan<byte> bytes) => Wrap(name, type, dims, bytes.ToArray());

    private static TensorProto Wrap(string name, DataType type, IEnumerable<long> dims, byte[] bytes)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("ONNX raw data is little-endian.");
        TensorProto tensor = new() { Name = name, DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(bytes) };
        tensor.Dims.AddRange(dims);
        return tensor;
    }

    private static T[] Checked<T>(TensorProto tensor, T[] values, int count) => values.Length == count
        ? values
        : throw new InvalidDataException($"Tensor '{tensor.Name}' has {values.Length} elements, its extents promise {count}.");

    private static TTo[] ConvertAll<TFrom, TTo>(ReadOnlySpan<TFrom> source, Func<TFrom, TTo> convert)
    {
        TTo[] result = new TTo[source.Length];
        for (int i = 0; i < source.Length; i++)
            result[i] = convert(source[i]);
        return result;
    }

    private static float FromBfloat16(ushort bits) => BitConverter.Int32BitsToSingle(bits << 16);
}
