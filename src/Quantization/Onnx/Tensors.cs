using System.Numerics.Tensors;
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

    /// <summary>Whether the elements lie in fields of their type (<c>float_data</c> and so on), not in raw bytes.</summary>
    public static bool HasTypedData(this TensorProto tensor) =>
        tensor.FloatData.Count + tensor.DoubleData.Count + tensor.Int32Data.Count + tensor.Int64Data.Count + tensor.Uint64Data.Count > 0;

    /// <summary>
    /// The size of one element in bytes; null for text and for types that are packed below a byte.
    /// </summary>
    public static int? ElementSize(this TensorProto tensor) => ElementSize((DataType)tensor.DataType);

    /// <inheritdoc cref="ElementSize(TensorProto)"/>
    public static int? ElementSize(DataType type) => type switch
    {
        DataType.Float or DataType.Int32 or DataType.Uint32 => 4,
        DataType.Double or DataType.Int64 or DataType.Uint64 or DataType.Complex64 => 8,
        DataType.Complex128 => 16,
        DataType.Float16 or DataType.Bfloat16 or DataType.Int16 or DataType.Uint16 => 2,
        DataType.Uint8 or DataType.Int8 or DataType.Bool or DataType.Float8E4M3Fn or DataType.Float8E4M3Fnuz or DataType.Float8E5M2 or DataType.Float8E5M2Fnuz => 1,
        _ => null,
    };

    /// <summary>The size of the tensor's data in bytes, wherever it lies.</summary>
    public static long ByteCount(this TensorProto tensor)
    {
        if (ExternalData.IsBound(tensor))
            return ExternalData.LengthOf(tensor);
        return tensor.HasTypedData() ? (long)tensor.ElementCount() * (tensor.ElementSize() ?? 1) : tensor.RawData.Length;
    }

    /// <summary>The tensor's bytes: a view where they are in memory, a copy where they are read from a file or converted from typed fields.</summary>
    /// <exception cref="InvalidDataException">The type has no bytes (text), or the data has another length than the extents promise.</exception>
    public static ReadOnlyMemory<byte> ToBytes(this TensorProto tensor)
    {
        if (!ExternalData.IsBound(tensor))
            return tensor.HasTypedData() ? TypedData.ToBytes(tensor) : tensor.RawData.Memory;
        byte[] bytes = new byte[Checked(tensor, tensor.ByteCount())];
        ExternalData.Read(tensor, 0, bytes);
        return bytes;
    }

    /// <summary>The elements of a floating-point tensor as 32-bit floats.</summary>
    /// <exception cref="InvalidDataException">The type is not floating-point, or the data has another length than the extents promise.</exception>
    public static float[] ToFloats(this TensorProto tensor)
    {
        float[] values = new float[tensor.ElementCount()];
        tensor.CopyFloatsTo(values);
        return values;
    }

    /// <summary>The elements of a floating-point tensor, in place where they are raw floats already; for reading only.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="ToFloats"/>.</exception>
    public static ReadOnlySpan<float> AsFloats(this TensorProto tensor) =>
        (DataType)tensor.DataType == DataType.Float && tensor.HasRawData && tensor.RawData.Length == tensor.ElementCount() * sizeof(float)
            ? MemoryMarshal.Cast<byte, float>(tensor.RawData.Span)
            : tensor.ToFloats();

    /// <summary>Copies a floating-point tensor's elements to where they are needed, without a copy between where they are 32-bit floats already.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="ToFloats"/>.</exception>
    public static void CopyFloatsTo(this TensorProto tensor, Span<float> destination)
    {
        if (!tensor.IsFloatingPoint())
            throw new InvalidDataException($"Tensor '{tensor.Name}' of type {(DataType)tensor.DataType} is not floating-point.");

        Checked(tensor, tensor.ByteCount());
        if ((DataType)tensor.DataType == DataType.Float && ExternalData.IsBound(tensor))
        {
            ExternalData.Read(tensor, 0, MemoryMarshal.AsBytes(destination));
            return;
        }
        ReadOnlySpan<byte> bytes = tensor.ToBytes().Span;
        switch ((DataType)tensor.DataType)
        {
            case DataType.Float:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(destination);
                break;
            case DataType.Double:
                TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, double>(bytes), destination);
                break;
            case DataType.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), destination);
                break;
            default:
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < halves.Length; i++)
                    destination[i] = BitConverter.Int32BitsToSingle(halves[i] << 16);
                break;
        }
    }

    /// <summary>The elements of a 32- or 64-bit integer tensor.</summary>
    /// <exception cref="InvalidDataException">The type is another, or the data has another length than the extents promise.</exception>
    public static long[] ToInt64s(this TensorProto tensor)
    {
        if ((DataType)tensor.DataType is not (DataType.Int64 or DataType.Int32))
            throw new InvalidDataException($"Tensor '{tensor.Name}' of type {(DataType)tensor.DataType} is not an integer tensor.");

        Checked(tensor, tensor.ByteCount());
        ReadOnlySpan<byte> bytes = tensor.ToBytes().Span;
        if ((DataType)tensor.DataType == DataType.Int64)
            return MemoryMarshal.Cast<byte, long>(bytes).ToArray();
        long[] values = new long[bytes.Length / sizeof(int)];
        TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, int>(bytes), values);
        return values;
    }

    /// <summary>The same tensor under another name, its data shared where it is raw.</summary>
    public static TensorProto WithName(this TensorProto tensor, string name)
    {
        TensorProto renamed = tensor.Clone();
        renamed.Name = name;
        return renamed;
    }

    /// <summary>Makes a tensor of any type that has bytes. The array becomes the tensor's own.</summary>
    public static TensorProto CreateRaw(string name, DataType type, IEnumerable<long> dims, byte[] bytes) => Wrap(name, type, dims, bytes);

    private static TensorProto Raw(string name, DataType type, IEnumerable<long> dims, ReadOnlySpan<byte> bytes) => Wrap(name, type, dims, bytes.ToArray());

    private static TensorProto Wrap(string name, DataType type, IEnumerable<long> dims, byte[] bytes)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("ONNX raw data is little-endian.");
        TensorProto tensor = new() { Name = name, DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(bytes) };
        tensor.Dims.AddRange(dims);
        return tensor;
    }

    private static long Checked(TensorProto tensor, long bytes)
    {
        long elements = tensor.ElementSize() is { } size ? bytes / size : bytes;
        return elements == tensor.ElementCount() || tensor.ElementSize() is null
            ? bytes
            : throw new InvalidDataException($"Tensor '{tensor.Name}' has {elements} elements, its extents promise {tensor.ElementCount()}.");
    }
}
