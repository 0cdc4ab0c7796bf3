using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Octet.Runtime;

/// <summary>A tensor in managed memory with the name of the model input or output that it belongs to.</summary>
public sealed class NamedTensor
{
    /// <summary>Creates a tensor over <paramref name="data"/>, which is kept, not copied.</summary>
    /// <param name="name">The model input's or output's name.</param>
    /// <param name="shape">One extent a dimension; empty for a scalar.</param>
    /// <param name="data">The elements in row-major order: float[], double[], Float16[], sbyte[], byte[], short[], ushort[], int[], uint[], long[], ulong[] or bool[].</param>
    /// <exception cref="ArgumentException">The number of elements is not the product of the extents, or the element type is none of these.</exception>
    public NamedTensor(string name, ImmutableArray<long> shape, Array data)
    {
        long count = 1;
        foreach (long extent in shape)
            count = checked(count * extent);
        if (count != data.Length)
            throw new ArgumentException($"The shape [{string.Join(",", shape)}] has {count} elements, the data {data.Length}.", nameof(data));

        Name = name;
        Shape = shape;
        Data = data;
        ElementType = ElementTypeOf(data);
    }

    /// <summary>The model input's or output's name.</summary>
    public string Name { get; }

    /// <summary>One extent a dimension; empty for a scalar.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>The elements in row-major order.</summary>
    public Array Data { get; }

    /// <summary>The ONNX element type of <see cref="Data"/>.</summary>
    public TensorElementType ElementType { get; }

    /// <summary>The number of elements.</summary>
    public int Count => Data.Length;

    /// <summary>Whether the elements are floats of any width.</summary>
    public bool IsFloat => ElementType is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.Double;

    /// <summary>The elements as 32-bit floats: the data itself where they are such, else a copy.</summary>
    /// <exception cref="InvalidOperationException">They are no floats.</exception>
    public float[] ToFloats() => Data switch
    {
        float[] values => values,
        double[] values => Array.ConvertAll(values, static value => (float)value),
        Float16[] values => Array.ConvertAll(values, static value => value.ToFloat()),
        _ => throw new InvalidOperationException($"'{Name}' is of type {ElementType}, not of a float type."),
    };

    /// <summary>Wraps the data for ONNX Runtime without a copy; the data stays pinned until the value is disposed.</summary>
    public OrtValue ToOrtValue()
    {
        long[] shape = [.. Shape];
        return ElementType switch
        {
            TensorElementType.Float => OrtValue.CreateTensorValueFromMemory((float[])Data, shape),
            TensorElementType.Double => OrtValue.CreateTensorValueFromMemory((double[])Data, shape),
            TensorElementType.Int8 => OrtValue.CreateTensorValueFromMemory((sbyte[])Data, shape),
            TensorElementType.UInt8 => OrtValue.CreateTensorValueFromMemory((byte[])Data, shape),
            TensorElementType.Int16 => OrtValue.CreateTensorValueFromMemory((short[])Data, shape),
            TensorElementType.UInt16 => OrtValue.CreateTensorValueFromMemory((ushort[])Data, shape),
            TensorElementType.Int32 => OrtValue.CreateTensorValueFromMemory((int[])Data, shape),
            TensorElementType.UInt32 => OrtValue.CreateTensorValueFromMemory((uint[])Data, shape),
            TensorElementType.Int64 => OrtValue.CreateTensorValueFromMemory((long[])Data, shape),
            TensorElementType.UInt64 => OrtValue.CreateTensorValueFromMemory((ulong[])Data, shape),
            TensorElementType.Bool => OrtValue.CreateTensorValueFromMemory((bool[])Data, shape),
            _ => OrtValue.CreateTensorValueFromMemory((Float16[])Data, shape),
        };
    }

    /// <summary>Copies a tensor out of ONNX Runtime's memory.</summary>
    public static NamedTensor FromOrtValue(string name, OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        Array data = info.ElementDataType switch
        {
            TensorElementType.Float => value.GetTensorDataAsSpan<float>().ToArray(),
            TensorElementType.Double => value.GetTensorDataAsSpan<double>().ToArray(),
            TensorElementType.Int8 => value.GetTensorDataAsSpan<sbyte>().ToArray(),
            TensorElementType.UInt8 => value.GetTensorDataAsSpan<byte>().ToArray(),
            TensorElementType.Int16 => value.GetTensorDataAsSpan<short>().ToArray(),
            TensorElementType.UInt16 => value.GetTensorDataAsSpan<ushort>().ToArray(),
            TensorElementType.Int32 => value.GetTensorDataAsSpan<int>().ToArray(),
            TensorElementType.UInt32 => value.GetTensorDataAsSpan<uint>().ToArray(),
            TensorElementType.Int64 => value.GetTensorDataAsSpan<long>().ToArray(),
            TensorElementType.UInt64 => value.GetTensorDataAsSpan<ulong>().ToArray(),
            TensorElementType.Bool => value.GetTensorDataAsSpan<bool>().ToArray(),
            TensorElementType.Float16 => value.GetTensorDataAsSpan<Float16>().ToArray(),
            TensorElementType other => throw new NotSupportedException($"Tensors of element type {other} are not copied."),
        };
        return new NamedTensor(name, [.. info.Shape], data);
    }

    private static TensorElementType ElementTypeOf(Array data) => data switch
    {
        // Arrays of sbyte and byte (and of the other same-sized pairs) convert to each other at run time: ask for the exact type.
        _ when data.GetType() == typeof(float[]) => TensorElementType.Float,
        _ when data.GetType() == typeof(double[]) => TensorElementType.Double,
        _ when data.GetType() == typeof(sbyte[]) => TensorElementType.Int8,
        _ when data.GetType() == typeof(byte[]) => TensorElementType.UInt8,
        _ when data.GetType() == typeof(short[]) => TensorElementType.Int16,
        _ when data.GetType() == typeof(ushort[]) => TensorElementType.UInt16,
        _ when data.GetType() == typeof(int[]) => TensorElementType.Int32,
        _ when data.GetType() == typeof(uint[]) => TensorElementType.UInt32,
        _ when data.GetType() == typeof(long[]) => TensorElementType.Int64,
        _ when data.GetType() == typeof(ulong[]) => TensorElementType.UInt64,
        _ when data.GetType() == typeof(bool[]) => TensorElementType.Bool,
        _ when data.GetType() == typeof(Float16[]) => TensorElementType.Float16,
        _ => throw new ArgumentException($"Elements of type {data.GetType().GetElementType()} have no ONNX type.", nameof(data)),
    };
}
