namespace Octet.Torch.Checkpoints;

/// <summary>What the elements of a tensor are; the values are libtorch's own numbers of its scalar types.</summary>
public enum TorchElementType
{
    /// <summary>Unsigned, 8 bits.</summary>
    UInt8 = 0,

    /// <summary>Signed, 8 bits.</summary>
    Int8 = 1,

    /// <summary>Signed, 16 bits.</summary>
    Int16 = 2,

    /// <summary>Signed, 32 bits.</summary>
    Int32 = 3,

    /// <summary>Signed, 64 bits.</summary>
    Int64 = 4,

    /// <summary>IEEE 754 binary16.</summary>
    Float16 = 5,

    /// <summary>IEEE 754 binary32.</summary>
    Float32 = 6,

    /// <summary>IEEE 754 binary64.</summary>
    Float64 = 7,

    /// <summary>0 or 1 in a byte.</summary>
    Bool = 11,

    /// <summary>The upper half of a binary32.</summary>
    BFloat16 = 15,
}

/// <summary>What the names of element types mean in the formats of checkpoints.</summary>
internal static class TorchElementTypes
{
    /// <summary>The bytes of one element.</summary>
    public static int Size(this TorchElementType type) => type switch
    {
        TorchElementType.UInt8 or TorchElementType.Int8 or TorchElementType.Bool => 1,
        TorchElementType.Int16 or TorchElementType.Float16 or TorchElementType.BFloat16 => 2,
        TorchElementType.Int32 or TorchElementType.Float32 => 4,
        TorchElementType.Int64 or TorchElementType.Float64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    /// <summary>The type with libtorch's number.</summary>
    /// <exception cref="CheckpointFault">Tensors of such elements cannot be read.</exception>
    public static TorchElementType OfNumber(long number) => number switch
    {
        >= 0 and <= 7 or 11 or 15 => (TorchElementType)number,
        8 or 9 or 10 => throw CheckpointFault.Unsupported("it holds a tensor of complex numbers"),
        >= 12 and <= 14 or 16 or 17 => throw CheckpointFault.Unsupported("it holds a quantized tensor, whose scale it does not say"),
        >= 18 and <= 50 => throw CheckpointFault.Unsupported($"it holds a tensor of libtorch's element type {number}"),
        _ => throw CheckpointFault.Damaged($"there is no element type {number}"),
    };

    /// <summary>The type that safetensors calls so.</summary>
    /// <exception cref="CheckpointFault">Tensors of such elements cannot be read.</exception>
    public static TorchElementType OfSafetensorsName(string name) => name switch
    {
        "U8" => TorchElementType.UInt8,
        "I8" => TorchElementType.Int8,
        "I16" => TorchElementType.Int16,
        "I32" => TorchElementType.Int32,
        "I64" => TorchElementType.Int64,
        "F16" => TorchElementType.Float16,
        "F32" => TorchElementType.Float32,
        "F64" => TorchElementType.Float64,
        "BOOL" => TorchElementType.Bool,
        "BF16" => TorchElementType.BFloat16,
        _ => throw CheckpointFault.Unsupported($"it holds a tensor of elements '{CheckpointFault.Quote(name)}'"),
    };

    /// <summary>The type of the elements of <c>torch.FloatStorage</c> and its like, or null where there is no such storage.</summary>
    /// <exception cref="CheckpointFault">Tensors of such elements cannot be read.</exception>
    public static TorchElementType? OfStorage(string name) => name switch
    {
        "ByteStorage" => TorchElementType.UInt8,
        "CharStorage" => TorchElementType.Int8,
        "ShortStorage" => TorchElementType.Int16,
        "IntStorage" => TorchElementType.Int32,
        "LongStorage" => TorchElementType.Int64,
        "HalfStorage" => TorchElementType.Float16,
        "FloatStorage" => TorchElementType.Float32,
        "DoubleStorage" => TorchElementType.Float64,
        "BoolStorage" => TorchElementType.Bool,
        "BFloat16Storage" => TorchElementType.BFloat16,
        "QInt8Storage" or "QUInt8Storage" or "QInt32Storage" or "QUInt4x2Storage" or "QUInt2x4Storage" =>
            throw CheckpointFault.Unsupported($"it holds quantized elements (torch.{name})"),
        "ComplexFloatStorage" or "ComplexDoubleStorage" => throw CheckpointFault.Unsupported($"it holds complex numbers (torch.{name})"),
        _ => null,
    };

    /// <summary>The type of <c>torch.float32</c> and its like, or null where there is no such type.</summary>
    /// <exception cref="CheckpointFault">Tensors of such elements cannot be read.</exception>
    public static TorchElementType? OfTypeName(string name) => name switch
    {
        "uint8" => TorchElementType.UInt8,
        "int8" => TorchElementType.Int8,
        "int16" => TorchElementType.Int16,
        "int32" => TorchElementType.Int32,
        "int64" => TorchElementType.Int64,
        "float16" => TorchElementType.Float16,
        "float32" => TorchElementType.Float32,
        "float64" => TorchElementType.Float64,
        "bool" => TorchElementType.Bool,
        "bfloat16" => TorchElementType.BFloat16,
        "quint8" or "qint8" or "qint32" or "quint4x2" or "quint2x4" or "complex32" or "complex64" or "complex128" or "uint16" or "uint32" or "uint64"
            or "float8_e4m3fn" or "float8_e5m2" or "float8_e4m3fnuz" or "float8_e5m2fnuz" => throw CheckpointFault.Unsupported($"it holds elements of type torch.{name}"),
        _ => null,
    };
}
