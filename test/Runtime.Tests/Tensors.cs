using System.Collections.Immutable;
using CsCheck;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Octet.Runtime.Tests;

/// <summary>Tensors of every type and shape.</summary>
internal static class Tensors
{
    private static readonly Gen<long[]> Shapes = Gen.Long[0, 4].Array[0, 4];

    public static Gen<NamedTensor> Any { get; } = Gen.OneOf(
        Of(Gen.UShort.Select(bits => new Float16(bits))),
        Of(Gen.Float),
        Of(Gen.Double),
        Of(Gen.SByte),
        Of(Gen.Short),
        Of(Gen.Int),
        Of(Gen.Long),
        Of(Gen.Byte),
        Of(Gen.UShort),
        Of(Gen.UInt),
        Of(Gen.ULong),
        Of(Gen.Bool));

    public static NamedTensor Floats(string name, params float[] values) => new(name, [1, values.Length], values);

    /// <summary>Compares element type, shape and bits.</summary>
    public static void AssertEqual(NamedTensor expected, NamedTensor actual)
    {
        Assert.Equal(expected.Name, actual.Name);
        Assert.Equal(expected.ElementType, actual.ElementType);
        Assert.Equal(expected.Shape.AsEnumerable(), actual.Shape.AsEnumerable());
        Assert.Equal(Bits(expected), Bits(actual));
    }

    private static Gen<NamedTensor> Of<T>(Gen<T> element) where T : unmanaged =>
        from shape in Shapes
        from data in element.Array[(int)shape.Aggregate(1L, (product, extent) => product * extent)]
        select new NamedTensor("x", ImmutableArray.Create(shape), data);

    private static IEnumerable<object> Bits(NamedTensor tensor) => tensor.ElementType switch
    {
        TensorElementType.Float => ((float[])tensor.Data).Select(value => (object)BitConverter.SingleToInt32Bits(value)),
        TensorElementType.Double => ((double[])tensor.Data).Select(value => (object)BitConverter.DoubleToInt64Bits(value)),
        TensorElementType.Float16 => ((Float16[])tensor.Data).Select(value => (object)value.value),
        _ => tensor.Data.Cast<object>(),
    };
}
