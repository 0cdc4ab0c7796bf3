using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Google.Protobuf.Collections;
using Octet.Quantization.Onnx.Protocol;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Onnx;

/// <summary>
/// Elements in the fields of their type. Small types travel in wider fields (<c>int32_data</c> holds 8- and 16-bit integers, booleans and the
/// bits of short floats), one element each; see the comments of TensorProto in the specification.
/// </summary>
internal static class TypedData
{
    /// <summary>The elements as raw bytes.</summary>
    /// <exception cref="InvalidDataException">The type has no bytes, or another number of elements than the extents promise.</exception>
    public static byte[] ToBytes(TensorProto tensor) => (DataType)tensor.DataType switch
    {
        DataType.Float => Exact(tensor, tensor.FloatData),
        DataType.Double => Exact(tensor, tensor.DoubleData),
        DataType.Int64 => Exact(tensor, tensor.Int64Data),
        DataType.Int32 => Exact(tensor, tensor.Int32Data),
        DataType.Uint64 => Exact(tensor, tensor.Uint64Data),
        DataType.Uint32 => Narrow<ulong, uint>(tensor, tensor.Uint64Data),
        DataType.Int16 or DataType.Uint16 or DataType.Float16 or DataType.Bfloat16 => Narrow<int, ushort>(tensor, tensor.Int32Data),
        DataType type when Tensors.ElementSize(type) == 1 => Narrow<int, byte>(tensor, tensor.Int32Data),
        DataType type => throw new InvalidDataException($"Tensor '{tensor.Name}' of type {type} has no raw form."),
    };

    private static byte[] Exact<T>(TensorProto tensor, RepeatedField<T> field)
        where T : unmanaged
    {
        CheckCount(tensor, field.Count);
        T[] values = new T[field.Count];
        field.CopyTo(values, 0);
        return MemoryMarshal.AsBytes<T>(values).ToArray();
    }

    private static byte[] Narrow<TWide, TNarrow>(TensorProto tensor, RepeatedField<TWide> field)
        where TWide : unmanaged, System.Numerics.INumberBase<TWide>
        where TNarrow : unmanaged, System.Numerics.INumberBase<TNarrow>
    {
        CheckCount(tensor, field.Count);
        TWide[] wide = [.. field];
        TNarrow[] narrow = new TNarrow[wide.Length];
        TensorPrimitives.ConvertTruncating<TWide, TNarrow>(wide, narrow);
        return MemoryMarshal.AsBytes<TNarrow>(narrow).ToArray();
    }

    private static void CheckCount(TensorProto tensor, int count)
    {
        if (count != tensor.ElementCount())
            throw new InvalidDataException($"Tensor '{tensor.Name}' has {count} elements, its extents promise {tensor.ElementCount()}.");
    }
}
