using System.Runtime.InteropServices;
using Octet.Torch.Tracing;
using TorchSharp;
using Nodes = Octet.Quantization.Onnx.Nodes;

namespace Octet.Torch.Conversion;

/// <summary>
/// Rounding to integers and back, as a model does that was prepared for quantization. A quantized tensor is in the graph what it stands for: the float value behind a
/// quantize/dequantize pair, or, of constants, behind a DequantizeLinear of its integers.
/// </summary>
internal static class QuantizePairs
{
    public static void Register(ConversionTable table)
    {
        table.Add(PerTensor, "THSTensor_quantize_per_tensor");
        table.Add(PerChannel, "THSTensor_quantize_per_channel");
        table.Add(call => call.Return(call.Value("tensor")), "THSTensor_dequantize");
    }

    private static void PerTensor(ConversionContext call)
    {
        torch.ScalarType type = StoredAs(call);
        string scale = call.Constant(torch.ScalarType.Float32, call.Number("scale")), zeroPoint = call.Constant(type, call.Integer("zero_point"));
        string integers = call.Add("QuantizeLinear", [call.Value("tensor"), scale, zeroPoint]);
        call.Return(call.Add("DequantizeLinear", [integers, scale, zeroPoint]));
    }

    private static void PerChannel(ConversionContext call)
    {
        torch.ScalarType type = StoredAs(call);
        TracedTensor values = call.Tensor("tensor");
        int axis = values.Axis(call.Integer("axis"));
        float[] scales = Numbers(call, "scales");
        int[] zeroPoints = [.. Numbers(call, "zero_points").Select(zeroPoint => (int)zeroPoint)];
        string scale = call.Floats([scales.Length], scales), zeroPoint = call.Constant(type, [zeroPoints.Length], Bytes(zeroPoints));
        string integers = values.Origin is TensorOrigin.State or TensorOrigin.Constant && values.Shape.All(extent => extent.IsFixed)
            ? call.Constant(type, [.. values.Shape.Select(extent => extent.First)], Bytes(Integers(values, axis, scales, zeroPoints, type)))
            : call.Add("QuantizeLinear", [call.Value(values), scale, zeroPoint], Nodes.Attribute("axis", (long)axis));
        call.Return(call.Add("DequantizeLinear", [integers, scale, zeroPoint], Nodes.Attribute("axis", (long)axis)));
    }

    private static int[] Integers(TracedTensor values, int axis, float[] scales, int[] zeroPoints, torch.ScalarType type)
    {
        (int lowest, int highest) = type == torch.ScalarType.Int8 ? ((int)sbyte.MinValue, (int)sbyte.MaxValue) : (byte.MinValue, byte.MaxValue);
        long inner = values.Shape.Skip(axis + 1).Aggregate(1L, (product, extent) => product * extent.First);
        ReadOnlySpan<float> floats = MemoryMarshal.Cast<byte, float>(values.Data.Span);
        int[] integers = new int[floats.Length];
        for (int i = 0; i < integers.Length; i++)
        {
            int channel = (int)(i / inner % scales.Length);
            integers[i] = (int)Math.Clamp(MathF.Round(floats[i] / scales[channel], MidpointRounding.ToEven) + zeroPoints[channel], lowest, highest);
        }
        return integers;
    }

    private static torch.ScalarType StoredAs(ConversionContext call) => (torch.ScalarType)call.Integer("scalar_type") switch
    {
        torch.ScalarType.QInt8 => torch.ScalarType.Int8,
        torch.ScalarType.QUInt8 => torch.ScalarType.Byte,
        torch.ScalarType other => throw call.Unsupported($"with {other}"),
    };

    private static float[] Numbers(ConversionContext call, string parameter)
    {
        TracedTensor tensor = call.Tensor(parameter);
        ReadOnlySpan<byte> data = tensor.Data.Span;
        return tensor switch
        {
            { Origin: not (TensorOrigin.State or TensorOrigin.Constant) } => throw call.Unsupported($"with '{parameter}' that depend on an input"),
            { ElementType: torch.ScalarType.Float32 } => MemoryMarshal.Cast<byte, float>(data).ToArray(),
            { ElementType: torch.ScalarType.Float64 } => [.. MemoryMarshal.Cast<byte, double>(data).ToArray().Select(number => (float)number)],
            { ElementType: torch.ScalarType.Int32 } => [.. MemoryMarshal.Cast<byte, int>(data).ToArray().Select(number => (float)number)],
            { ElementType: torch.ScalarType.Int64 } => [.. MemoryMarshal.Cast<byte, long>(data).ToArray().Select(number => (float)number)],
            _ => throw call.Unsupported($"with '{parameter}' of type {tensor.ElementType}"),
        };
    }

    private static byte[] Bytes(int[] integers) => [.. integers.Select(integer => unchecked((byte)integer))];
}
