using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Octet.Runtime;

/// <summary>Reads and writes one tensor in NumPy's .npy form.</summary>
/// <remarks>
/// The form is that of numpy.lib.format, versions 1.0 to 3.0. Elements are f2, f4, f8, i1 to i8, u1 to u8 and b1 in either byte order;
/// Fortran order is turned into C order when read. Written files are version 1.0, C order, little endian.
/// </remarks>
public static class Npy
{
    private const int BlockBytes = 1 << 16;

    /// <summary>An array may not be longer; a header that claims more is refused before anything is allocated.</summary>
    private const int MaximumElements = 0x7FFFFFC7;

    /// <summary>Reads a tensor; the stream stays open behind its last byte.</summary>
    /// <param name="stream">A readable stream, at the file's first byte.</param>
    /// <param name="name">The tensor's name, which the form does not hold.</param>
    /// <exception cref="InvalidDataException">It is no .npy file, it ends too early, or its elements are none of the supported types.</exception>
    public static NamedTensor Read(Stream stream, string name)
    {
        NpyHeader header = NpyHeader.Read(stream);
        Array data = header.Type switch
        {
            "f2" => ReadElements<Float16>(stream, header),
            "f4" => ReadElements<float>(stream, header),
            "f8" => ReadElements<double>(stream, header),
            "i1" => ReadElements<sbyte>(stream, header),
            "i2" => ReadElements<short>(stream, header),
            "i4" => ReadElements<int>(stream, header),
            "i8" => ReadElements<long>(stream, header),
            "u1" => ReadElements<byte>(stream, header),
            "u2" => ReadElements<ushort>(stream, header),
            "u4" => ReadElements<uint>(stream, header),
            "u8" => ReadElements<ulong>(stream, header),
            "b1" => ReadBooleans(stream, header),
            _ => throw new InvalidDataException($"Elements of type '{header.Type}' are not supported."),
        };
        return new NamedTensor(name, header.Shape, data);
    }

    /// <summary>Writes a tensor; the stream stays open.</summary>
    /// <param name="stream">A writable stream.</param>
    /// <param name="tensor">What to write; its name is not written.</param>
    public static void Write(Stream stream, NamedTensor tensor)
    {
        switch (tensor.ElementType)
        {
            case TensorElementType.Float16: WriteElements(stream, tensor, "f2", (Float16[])tensor.Data); break;
            case TensorElementType.Float: WriteElements(stream, tensor, "f4", (float[])tensor.Data); break;
            case TensorElementType.Double: WriteElements(stream, tensor, "f8", (double[])tensor.Data); break;
            case TensorElementType.Int8: WriteElements(stream, tensor, "i1", (sbyte[])tensor.Data); break;
            case TensorElementType.Int16: WriteElements(stream, tensor, "i2", (short[])tensor.Data); break;
            case TensorElementType.Int32: WriteElements(stream, tensor, "i4", (int[])tensor.Data); break;
            case TensorElementType.Int64: WriteElements(stream, tensor, "i8", (long[])tensor.Data); break;
            case TensorElementType.UInt8: WriteElements(stream, tensor, "u1", (byte[])tensor.Data); break;
            case TensorElementType.UInt16: WriteElements(stream, tensor, "u2", (ushort[])tensor.Data); break;
            case TensorElementType.UInt32: WriteElements(stream, tensor, "u4", (uint[])tensor.Data); break;
            case TensorElementType.UInt64: WriteElements(stream, tensor, "u8", (ulong[])tensor.Data); break;
            case TensorElementType.Bool: WriteElements(stream, tensor, "b1", (bool[])tensor.Data); break;
            default: throw new NotSupportedException($"Elements of type {tensor.ElementType} have no .npy form.");
        }
    }

    private static T[] ReadElements<T>(Stream stream, NpyHeader header) where T : unmanaged
    {
        int size = header.ElementSize;
        int count = CountElements(header.Shape);
        if (stream.CanSeek && (long)count * size > stream.Length - stream.Position)
            throw Truncated();

        // Where the length is not known the array grows with what really comes, so that a false header costs no memory.
        var data = new T[stream.CanSeek ? count : Math.Min(count, BlockBytes)];
        var block = new byte[Math.Min((long)count * size, BlockBytes)];
        for (long done = 0, total = (long)count * size; done < total;)
        {
            int wanted = (int)Math.Min(block.Length, total - done);
            ReadExactly(stream, block, wanted);
            int elements = (int)((done + wanted) / size);
            if (elements > data.Length)
                Array.Resize(ref data, (int)Math.Min(count, Math.Max(elements, data.Length * 2L)));
            // Blocks hold whole elements: both lengths are multiples of the element size.
            block.AsSpan(0, wanted).CopyTo(MemoryMarshal.AsBytes(data.AsSpan((int)(done / size))));
            done += wanted;
        }

        if (header.IsLittleEndian != BitConverter.IsLittleEndian)
            ReverseElements(MemoryMarshal.AsBytes(data.AsSpan()), size);
        return header.IsFortranOrder ? ToRowMajor(data, header.Shape) : data;
    }

    private static bool[] ReadBooleans(Stream stream, NpyHeader header)
    {
        byte[] bytes = ReadElements<byte>(stream, header);
        return Array.ConvertAll(bytes, static value => value != 0);
    }

    private static void WriteElements<T>(Stream stream, NamedTensor tensor, string type, T[] data) where T : unmanaged
    {
        var header = new NpyHeader(type, IsLittleEndian: true, IsFortranOrder: false, tensor.Shape);
        header.Write(stream);

        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(data.AsSpan());
        var block = new byte[Math.Min(bytes.Length, BlockBytes)];
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(block.Length, bytes.Length);
            bytes.Slice(0, length).CopyTo(block);
            if (!BitConverter.IsLittleEndian)
                ReverseElements(block.AsSpan(0, length), header.ElementSize);
            stream.Write(block, 0, length);
            bytes = bytes.Slice(length);
        }
    }

    /// <summary>Turns column-major elements, whose first index runs fastest, into row-major ones.</summary>
    private static T[] ToRowMajor<T>(T[] columnMajor, ImmutableArray<long> shape)
    {
        var rowMajor = new T[columnMajor.Length];
        var index = new long[shape.Length];
        for (int i = 0; i < rowMajor.Length; i++)
        {
            long source = 0;
            for (int d = shape.Length - 1; d >= 0; d--)
                source = source * shape[d] + index[d];
            rowMajor[i] = columnMajor[source];

            for (int d = shape.Length - 1; d >= 0 && ++index[d] == shape[d]; d--)
                index[d] = 0;
        }
        return rowMajor;
    }

    private static void ReverseElements(Span<byte> bytes, int size)
    {
        for (int i = 0; size > 1 && i < bytes.Length; i += size)
            bytes.Slice(i, size).Reverse();
    }

    private static int CountElements(ImmutableArray<long> shape)
    {
        long count = 1;
        foreach (long extent in shape)
        {
            if (extent != 0 && count > MaximumElements / extent)
                throw new InvalidDataException($"A tensor of shape [{string.Join(",", shape)}] does not fit into memory.");
            count *= extent;
        }
        return (int)count;
    }

    internal static void ReadExactly(Stream stream, byte[] buffer, int count)
    {
        for (int done = 0; done < count;)
        {
            int read = stream.Read(buffer, done, count - done);
            if (read == 0)
                throw Truncated();
            done += read;
        }
    }

    private static InvalidDataException Truncated() => new("The .npy file ends before its last element.");
}
