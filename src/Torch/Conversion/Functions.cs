using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Less common functions of single elements, and of two or three.</summary>
internal static class Functions
{
    public static void Register(ConversionTable table)
    {
        table.Add(Gated, "THSTensor_glu");
        table.Add(call => call.Return(call.Add("Shrink", [call.Value("tensor")], Nodes.Attribute("lambd", (float)call.Scalar("lambda").Number))), "THSTensor_hardshrink");
        table.Add(call => call.Return(call.Add("Shrink", [call.Value("tensor")], Nodes.Attribute("lambd", (float)call.Scalar("lambda").Number), Nodes.Attribute("bias", (float)call.Scalar("lambda").Number))),
            "THSTensor_softshrink");
        table.Add(call => call.Return(call.Where(call.Add("Greater", [call.Value("tensor"), call.Constant(Type(call), call.Scalar("threshold"))]), call.Value("tensor"), call.Constant(Type(call), call.Scalar("value")))),
            "THSTensor_threshold");
        table.Add(call => call.Return(call.Difference(call.Constant(Type(call), 1), call.Add("Erf", [Operand(call, "tensor")]))), "THSTensor_erfc", "THSSpecial_erfc");
        table.Add(call => call.Return(call.Add("Pow", [call.Constant(Type(call), 2), Operand(call, "tensor")])), "THSTensor_exp2", "THSSpecial_exp2");
        table.Add(call => call.Return(call.Product(Operand(call, "tensor"), call.Constant(Type(call), Math.PI / 180))), "THSTensor_deg2rad");
        table.Add(call => call.Return(call.Product(Operand(call, "tensor"), call.Constant(Type(call), 180 / Math.PI))), "THSTensor_rad2deg");
        table.Add(Fraction, "THSTensor_frac");
        table.Add(call => call.Return(call.Add("Mod", [Operand(call, "tensor"), Operand(call, "trg")], Nodes.Attribute("fmod", 1L))), "THSTensor_fmod");
        table.Add(call => call.Return(call.Add("Mod", [Operand(call, "tensor"), Operand(call, "scalar")], Nodes.Attribute("fmod", 1L))), "THSTensor_fmod_scalar");
        table.Add(call => Remainder(call, "trg"), "THSTensor_remainder");
        table.Add(call => Remainder(call, "scalar"), "THSTensor_remainder_scalar");
        table.Add(FloorDivide, "THSTensor_floor_divide", "THSTensor_floor_divide_scalar");
        table.Add(call => call.Return(call.Sum(Operand(call, "tensor"), call.Product(Operand(call, "weight"), call.Difference(Operand(call, "end"), Operand(call, "tensor"))))), "THSTensor_lerp");
        table.Add(call => Weighted(call, "Mul"), "THSTensor_addcmul");
        table.Add(call => Weighted(call, "Div"), "THSTensor_addcdiv");
        table.Add(LogAddExp, "THSTensor_logaddexp");
        table.Add(Angle, "THSTensor_atan2");
        table.Add(call => call.Return(call.Add("Sqrt", [call.Sum(Square(call, "tensor"), Square(call, "other"))])), "THSTensor_hypot");
        table.Add(call => call.Return(call.Product(call.Add("Abs", [Operand(call, "tensor")]), call.Where(call.Add("Less", [Operand(call, "other"), call.Constant(Type(call), 0)]), call.Constant(Type(call), -1), call.Constant(Type(call), 1)))),
            "THSTensor_copysign");
        table.Add(call => call.Return(call.Filled(call.Result().Shape, call.Constant(Type(call), 0))), "THSTensor_zeros_like");
        table.Add(call => call.Return(call.Filled(call.Result().Shape, call.Constant(Type(call), 1))), "THSTensor_ones_like");
        table.Add(call => call.Return(call.Filled(call.Result().Shape, call.Constant(Type(call), call.Scalar("value")))), "THSTensor_full_like", "THSTensor_fill");
    }

    private static torch.ScalarType Type(ConversionContext call) => call.Result().ElementType;

    /// <summary>A tensor or a number, in the result's element type.</summary>
    private static string Operand(ConversionContext call, string parameter) => Elementwise.Operand(call, parameter, Type(call));

    private static string Square(ConversionContext call, string parameter) => call.Product(Operand(call, parameter), Operand(call, parameter));

    /// <summary>One half, let through by the sigmoid of the other.</summary>
    private static void Gated(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        int axis = call.Axis(tensor, "dim");
        long half = call.FixedExtent(tensor, axis) / 2;
        System.Collections.Immutable.ImmutableArray<string> halves = call.AddMany("Split", 2, [call.Value(tensor), call.Integers(half, half)], Nodes.Attribute("axis", (long)axis));
        call.Return(call.Product(halves[0], call.Add("Sigmoid", [halves[1]])));
    }

    private static void Fraction(ConversionContext call)
    {
        string value = Operand(call, "tensor");
        call.Return(call.Difference(value, Elementwise.Truncated(call, value)));
    }

    /// <summary>What is left after division towards minus infinity: of the divisor's sign. The quotient itself is not rounded, which would be wrong near whole ones.</summary>
    private static void Remainder(ConversionContext call, string divisor)
    {
        string left = Operand(call, "tensor"), right = Operand(call, divisor);
        if (!call.Result().IsFloatingPoint)
        {
            call.Return(call.Add("Mod", [left, right]));
            return;
        }
        string zero = call.Constant(Type(call), 0), rest = call.Add("Mod", [left, right], Nodes.Attribute("fmod", 1L));
        call.Return(call.Where(call.Add("Less", [call.Product(call.Add("Sign", [rest]), right), zero]), call.Sum(rest, right), rest));
    }

    private static void FloorDivide(ConversionContext call)
    {
        torch.ScalarType type = Type(call), calculated = call.Result().IsFloatingPoint ? type : torch.ScalarType.Float64;
        string quotient = call.Quotient(Elementwise.Operand(call, "left", calculated), Elementwise.Operand(call, "right", calculated));
        call.Return(call.Cast(call.Add("Floor", [quotient]), calculated, type));
    }

    /// <summary>tensor + value * tensor1 (times or over) tensor2.</summary>
    private static void Weighted(ConversionContext call, string operation)
    {
        string combined = call.Add(operation, [Operand(call, "tensor1"), Operand(call, "tensor2")]);
        double factor = call.OptionalScalar("value")?.Number ?? 1;
        call.Return(call.Sum(Operand(call, "tensor"), call.Scaled(combined, factor, Type(call))));
    }

    /// <summary>The larger, and what the smaller adds: no exponential of a large number is made.</summary>
    private static void LogAddExp(ConversionContext call)
    {
        string left = Operand(call, "tensor"), right = Operand(call, "other");
        string distance = call.Add("Neg", [call.Add("Abs", [call.Difference(left, right)])]);
        call.Return(call.Sum(call.Add("Max", [left, right]), call.Add("Softplus", [distance])));
    }

    /// <summary>The angle of a point: of the quotient, and half a turn more on the left side.</summary>
    private static void Angle(ConversionContext call)
    {
        torch.ScalarType type = Type(call);
        string y = Operand(call, "tensor"), x = Operand(call, "other"), zero = call.Constant(type, 0);
        string turn = call.Where(call.Add("Less", [y, zero]), call.Constant(type, -Math.PI), call.Constant(type, Math.PI));
        string angle = call.Add("Atan", [call.Quotient(y, x)]);
        string there = call.Sum(angle, call.Where(call.Add("Less", [x, zero]), turn, zero));
        // The origin has the angle 0.
        string origin = call.Add("And", [call.Add("Equal", [x, zero]), call.Add("Equal", [y, zero])]);
        call.Return(call.Where(origin, zero, there));
    }
}
