using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Calibration.Data;

/// <summary>Reads a tensor of ONNX test data: a TensorProto in a file of its own.</summary>
internal static class OnnxTensor
{
    private const long MaximumBytes = 1L << 30;

    /// <exception cref="UnreadableDataException">It is no tensor, or one of a kind that cannot be an input here.</exception>
    public static NamedTensor Read(string path)
    {
        using FileStream stream = File.OpenRead(path);
        if (stream.Length > MaximumBytes)
            throw new UnreadableDataException("it is larger than 1 GiB");
        try
        {
            return Read(TensorProto.Parser.ParseFrom(stream));
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new UnreadableDataException("it is not an ONNX tensor, or it is damaged", exception);
        }
    }

    /// <exception cref="UnreadableDataException">It is a tensor of a kind that cannot be an input here.</exception>
    public static NamedTensor Read(TensorProto tensor)
    {
        if (tensor.DataLocation == TensorProto.Types.DataLocation.External)
            throw new UnreadableDataException("it keeps its elements in another file");

        long count = 1;
        foreach (long extent in tensor.Dims)
        {
            if (extent < 0 || (extent != 0 && count > Array.MaxLength / extent))
                throw new UnreadableDataException($"its shape [{string.Join(",", tensor.Dims)}] is not possible");
            count *= extent;
        }

        Array data = (DataType)tensor.DataType switch
        {
            DataType.Float => Elements(tensor, count, tensor.FloatData, static value => value),
            DataType.Double => Elements(tensor, count, tensor.DoubleData, static value => value),
            DataType.Int8 => Elements(tensor, count, tensor.Int32Data, static value => (sbyte)value),
            DataType.Uint8 => Elements(tensor, count, tensor.Int32Data, static value => (byte)value),
            DataType.Int16 => Elements(tensor, count, tensor.Int32Data, static value => (short)value),
            DataType.Uint16 => Elements(tensor, count, tensor.Int32Data, static value => (ushort)value),
            DataType.Int32 => Elements(tensor, count, tensor.Int32Data, static value => value),
            DataType.Uint32 => Elements(tensor, count, tensor.Uint64Data, static value => (uint)value),
            DataType.Int64 => Elements(tensor, count, tensor.Int64Data, static value => value),
            DataType.Uint64 => Elements(tensor, count, tensor.Uint64Data, static value => value),
            DataType.Float16 => Elements(tensor, count, tensor.Int32Data, static value => new Float16((ushort)value)),
            // As bytes first: a bool that is neither 0 nor 1 is not one.
            DataType.Bool => Array.ConvertAll(Elements(tensor, count, tensor.Int32Data, static value => (byte)value), static value => value != 0),
            DataType.Undefined => throw new UnreadableDataException("it is not an ONNX tensor: it has no element type"),
            DataType other => throw new UnreadableDataException($"its elements are of type {other}, which is not read"),
        };
        return new NamedTensor(tensor.Name, [.. tensor.Dims], data);
    }

    private static T[] Elements<T, TStored>(TensorProto tensor, long count, IReadOnlyList<TStored> typed, Func<TStored, T> convert)
        where T : unmanaged
    {
        if (tensor.HasRawData)
        {
            ReadOnlySpan<T> raw = MemoryMarshal.Cast<byte, T>(tensor.RawData.Span);
            return raw.Length == count && tensor.RawData.Length == count * Unsafe.SizeOf<T>() ? raw.ToArray() : throw WrongCount(tensor);
        }
        return typed.Count == count ? [.. typed.Select(convert)] : throw WrongCount(tensor);
    }

    private static UnreadableDataException WrongCount(TensorProto tensor) =>
        new($"it does not hold as many elements as its shape [{string.Join(",", tensor.Dims)}] has");
}
