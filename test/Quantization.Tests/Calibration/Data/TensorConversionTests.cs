using CsCheck;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Calibration.Data;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class TensorConversionTests
{
    private static readonly (TensorElementType Type, Array OneAndZero)[] Types =
    [
        (TensorElementType.Float, new float[] { 1, 0 }), (TensorElementType.Double, new double[] { 1, 0 }),
        (TensorElementType.Float16, new[] { (Float16)1f, (Float16)0f }), (TensorElementType.Int8, new sbyte[] { 1, 0 }),
        (TensorElementType.UInt8, new byte[] { 1, 0 }), (TensorElementType.Int16, new short[] { 1, 0 }), (TensorElementType.UInt16, new ushort[] { 1, 0 }),
        (TensorElementType.Int32, new[] { 1, 0 }), (TensorElementType.UInt32, new uint[] { 1, 0 }), (TensorElementType.Int64, new long[] { 1, 0 }),
        (TensorElementType.UInt64, new ulong[] { 1, 0 }), (TensorElementType.Bool, new[] { true, false }),
    ];

    [Fact]
    public void Every_type_becomes_every_other()
    {
        foreach ((_, Array source) in Types)
        {
            foreach ((TensorElementType target, Array expected) in Types)
            {
                Array actual = TensorConversion.Convert(source, target);
                Assert.Equal(expected.GetType(), actual.GetType());
                Assert.Equal(expected, actual);
            }
        }
    }

    [Fact]
    public void Doubles_become_the_nearest_floats() => Gen.Float.Where(float.IsFinite).Array.Sample(static values =>
        Assert.Equal(values, TensorConversion.Convert(Array.ConvertAll(values, static value => (double)value), TensorElementType.Float)));

    [Fact]
    public void An_integer_type_takes_what_it_can_hold_exactly() => Gen.OneOf(Gen.Double[-300, 300], Gen.Int[-300, 300].Select(static value => (double)value)).Sample(static value =>
    {
        bool fits = value is >= -128 and <= 127 && value == Math.Floor(value);
        if (fits)
            Assert.Equal(new[] { (sbyte)value }, TensorConversion.Convert(new[] { value }, TensorElementType.Int8));
        else
            Assert.Throws<UnreadableDataException>(() => TensorConversion.Convert(new[] { value }, TensorElementType.Int8));
    });

    [Fact]
    public void What_overflows_is_refused_and_what_is_infinite_stays_so()
    {
        Assert.Throws<UnreadableDataException>(() => TensorConversion.Convert(new[] { 1e300 }, TensorElementType.Float));
        Assert.Throws<UnreadableDataException>(() => TensorConversion.Convert(new[] { 70000f }, TensorElementType.Float16));
        Assert.Throws<UnreadableDataException>(() => TensorConversion.Convert(new[] { -1 }, TensorElementType.UInt8));
        Assert.Throws<UnreadableDataException>(() => TensorConversion.Convert(new[] { 2 }, TensorElementType.Bool));
        Assert.Throws<UnreadableDataException>(() => TensorConversion.Convert(new[] { float.NaN }, TensorElementType.Int64));
        Assert.Equal(new[] { float.NegativeInfinity, float.NaN }, TensorConversion.Convert(new[] { double.NegativeInfinity, double.NaN }, TensorElementType.Float));
    }

    [Fact]
    public void Texts_have_no_form() =>
        Assert.Throws<UnreadableDataException>(() => TensorConversion.Convert(new[] { 1f }, TensorElementType.String));
}
