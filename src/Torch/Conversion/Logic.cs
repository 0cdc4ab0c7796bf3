using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Logic on bits, and what kind of number an element is.</summary>
internal static class Logic
{
    public static void Register(ConversionTable table)
    {
        Bits("and", "And", "BitwiseAnd");
        Bits("or", "Or", "BitwiseOr");
        Bits("xor", "Xor", "BitwiseXor");
        table.Add(call => call.Return(call.Add(Operation(call, "Not", "BitwiseNot"), [call.Value("tensor")])), "THSTensor_bitwise_not");
        table.Add(call => call.Return(OfFloats(call, value => Infinite(call, value, "detect_negative"), otherwise: false)), "THSTensor_isposinf");
        table.Add(call => call.Return(OfFloats(call, value => Infinite(call, value, "detect_positive"), otherwise: false)), "THSTensor_isneginf");
        table.Add(call => call.Return(OfFloats(call, value => call.Add("Not", [call.Add("Or", [call.Add("IsNaN", [value]), call.Add("IsInf", [value])])]), otherwise: true)), "THSTensor_isfinite");
        table.Add(call => call.Return(call.Where(call.Value("condition"), call.Value(call.Tensor("x"), call.Result().ElementType), call.Value(call.Tensor("y"), call.Result().ElementType))), "THSTensor_where");

        void Bits(string name, string ofBooleans, string ofIntegers) => table.Add(call =>
        {
            torch.ScalarType type = call.Result().ElementType;
            call.Return(call.Add(Operation(call, ofBooleans, ofIntegers), [call.Value(call.Tensor("tensor"), type), call.Value(call.Tensor("other"), type)]));
        }, "THSTensor_bitwise_" + name);
    }

    private static string Operation(ConversionContext call, string ofBooleans, string ofIntegers) =>
        call.Result().IsBoolean() ? ofBooleans : call.Opset >= 18 ? ofIntegers : throw call.Unsupported($"of integers before opset 18 (this is {call.Opset})");

    // Each flag switches the other sign off.
    private static string Infinite(ConversionContext call, string value, string off) => call.Add("IsInf", [value], Nodes.Attribute(off, 0L));

    private static string OfFloats(ConversionContext call, Func<string, string> write, bool otherwise)
    {
        TracedTensor tensor = call.Tensor("tensor");
        return tensor.IsFloatingPoint ? write(call.Value(tensor)) : call.Filled(tensor.Shape, call.Constant(torch.ScalarType.Bool, otherwise ? 1 : 0));
    }
}
