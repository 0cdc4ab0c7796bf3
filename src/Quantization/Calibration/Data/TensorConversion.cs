using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Octet.Quantization.Calibration.Data;

/// <summary>
/// Turns elements into the type that a model's input has: NumPy writes doubles and 64-bit integers by default, models take floats
/// and bytes. A value that an integer type cannot hold exactly, or that overflows a floating-point type, is refused.
/// </summary>
internal static class TensorConversion
{
    /// <exception cref="UnreadableDataException">A value does not fit, or there is no such conversion.</exception>
    public static Array Convert(Array source, TensorElementType target) => source switch
    {
        _ when source.GetType() == typeof(float[]) => From((float[])source, target),
        _ when source.GetType() == typeof(double[]) => From((double[])source, target),
        _ when source.GetType() == typeof(Float16[]) => From(MemoryMarshal.Cast<Float16, Half>((Float16[])source), target),
        _ when source.GetType() == typeof(sbyte[]) => From((sbyte[])source, target),
        _ when source.GetType() == typeof(byte[]) => From((byte[])source, target),
        _ when source.GetType() == typeof(short[]) => From((short[])source, target),
        _ when source.GetType() == typeof(ushort[]) => From((ushort[])source, target),
        _ when source.GetType() == typeof(int[]) => From((int[])source, target),
        _ when source.GetType() == typeof(uint[]) => From((uint[])source, target),
        _ when source.GetType() == typeof(long[]) => From((long[])source, target),
        _ when source.GetType() == typeof(ulong[]) => From((ulong[])source, target),
        _ => From(MemoryMarshal.AsBytes((ReadOnlySpan<bool>)(bool[])source), target),
    };

    private static Array From<T>(ReadOnlySpan<T> source, TensorElementType target) where T : struct, INumber<T>
    {
        return target switch
        {
            TensorElementType.Float => ToFloatingPoint<T, float>(source),
            TensorElementType.Double => ToFloatingPoint<T, double>(source),
            TensorElementType.Float16 => MemoryMarshal.Cast<Half, Float16>(ToFloatingPoint<T, Half>(source)).ToArray(),
            TensorElementType.Int8 => ToInteger<T, sbyte>(source),
            TensorElementType.UInt8 => ToInteger<T, byte>(source),
            TensorElementType.Int16 => ToInteger<T, short>(source),
            TensorElementType.UInt16 => ToInteger<T, ushort>(source),
            TensorElementType.Int32 => ToInteger<T, int>(source),
            TensorElementType.UInt32 => ToInteger<T, uint>(source),
            TensorElementType.Int64 => ToInteger<T, long>(source),
            TensorElementType.UInt64 => ToInteger<T, ulong>(source),
            TensorElementType.Bool => ToBooleans(source),
            _ => throw new UnreadableDataException($"the model takes elements of type {target}, for which data files have no form"),
        };
    }

    private static TTo[] ToFloatingPoint<T, TTo>(ReadOnlySpan<T> source)
        where T : struct, INumber<T>
        where TTo : struct, IFloatingPoint<TTo>
    {
        var result = new TTo[source.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = TTo.CreateSaturating(source[i]);
            if (!TTo.IsFinite(result[i]) && T.IsFinite(source[i]))
                throw DoesNotFit<T, TTo>(source[i]);
        }
        return result;
    }

    private static TTo[] ToInteger<T, TTo>(ReadOnlySpan<T> source)
        where T : struct, INumber<T>
        where TTo : struct, IBinaryInteger<TTo>
    {
        var result = new TTo[source.Length];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = TTo.CreateSaturating(source[i]);
            if (T.CreateSaturating(result[i]) != source[i])
                throw DoesNotFit<T, TTo>(source[i]);
        }
        return result;
    }

    private static bool[] ToBooleans<T>(ReadOnlySpan<T> source) where T : struct, INumber<T>
    {
        var result = new bool[source.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = T.IsZero(source[i]) || source[i] == T.One ? !T.IsZero(source[i]) : throw DoesNotFit<T, byte>(source[i]);
        return result;
    }

    private static UnreadableDataException DoesNotFit<T, TTo>(T value) =>
        new($"the value {value} does not fit the model's input, whose elements are of type {typeof(TTo).Name}");
}
