using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Arithmetic, comparisons and logic, element by element, between tensors and with numbers.</summary>
internal static class Elementwise
{
    public static void Register(ConversionTable table)
    {
        foreach ((string native, string operation) in new[]
        {
            ("abs", "Abs"), ("ceil", "Ceil"), ("cos", "Cos"), ("cosh", "Cosh"), ("erf", "Erf"), ("exp", "Exp"), ("floor", "Floor"), ("log", "Log"), ("neg", "Neg"), ("reciprocal", "Reciprocal"),
            ("sign", "Sign"), ("sgn", "Sign"), ("sin", "Sin"), ("sinh", "Sinh"), ("sqrt", "Sqrt"), ("tan", "Tan"), ("asin", "Asin"), ("acos", "Acos"), ("atan", "Atan"),
            ("arcsinh", "Asinh"), ("arccosh", "Acosh"), ("arctanh", "Atanh"),
        })
            table.Add(call => call.Return(call.Add(operation, [call.Value(call.Tensor("tensor"), call.Result().ElementType)])), $"THSTensor_{native}");
        table.Add(call => call.Return(call.Add("Reciprocal", [call.Add("Sqrt", [Typed(call, "tensor")])])), "THSTensor_rsqrt");
        table.Add(call => call.Return(call.Add("Sub", [call.Add("Exp", [Typed(call, "tensor")]), call.Constant(call.Result().ElementType, 1)])), "THSTensor_expm1");
        table.Add(call => call.Return(call.Add("Log", [call.Add("Add", [Typed(call, "tensor"), call.Constant(call.Result().ElementType, 1)])])), "THSTensor_log1p");
        table.Add(call => call.Return(call.Add("Div", [call.Add("Log", [Typed(call, "tensor")]), call.Constant(call.Result().ElementType, Math.Log(2))])), "THSTensor_log2");
        table.Add(call => call.Return(call.Add("Div", [call.Add("Log", [Typed(call, "tensor")]), call.Constant(call.Result().ElementType, Math.Log(10))])), "THSTensor_log10");
        table.Add(Round, "THSTensor_round");
        table.Add(call => call.Return(Truncated(call, Typed(call, "tensor"))), "THSTensor_trunc");
        table.Add(call => call.Return(call.Add("Not", [call.Value(call.Tensor("tensor"), torch.ScalarType.Bool)])), "THSTensor_logical_not");
        table.Add(call => call.Return(call.Add("IsNaN", [call.Value("tensor")])), "THSTensor_isnan");
        table.Add(call => call.Return(call.Add("IsInf", [call.Value("tensor")])), "THSTensor_isinf");

        table.Add(call => Weighted(call, "Add", "trg"), "THSTensor_add", "THSTensor_add_scalar");
        table.Add(call => Weighted(call, "Sub", "trg"), "THSTensor_sub", "THSTensor_sub_scalar");
        table.Add(call => Binary(call, call.Result().ElementType == torch.ScalarType.Bool ? "And" : "Mul", "tensor", "target"), "THSTensor_mul");
        table.Add(call => Binary(call, "Mul", "tensor", "scalar"), "THSTensor_mul_scalar");
        table.Add(call => Binary(call, "Mul", "tensor", "target"), "THSTensor_mul_scalar_");
        table.Add(Divide, "THSTensor_div", "THSTensor_div_scalar");
        table.Add(call => Binary(call, "Div", "left", "right"), "THSTensor_true_divide", "THSTensor_true_divide_scalar");
        table.Add(call => Binary(call, "Pow", "tensor", "exponent"), "THSTensor_pow");
        table.Add(call => Binary(call, "Pow", "tensor", "scalar"), "THSTensor_pow_scalar");
        table.Add(call => Binary(call, "Max", "tensor", "other"), "THSTensor_max_elementwise");
        table.Add(call => Binary(call, "Min", "tensor", "other"), "THSTensor_min_elementwise");

        foreach ((string native, string operation) in new[] { ("eq", "Equal"), ("ge", "GreaterOrEqual"), ("gt", "Greater"), ("le", "LessOrEqual"), ("lt", "Less") })
            table.Add(call => call.Return(Compared(call, operation)), $"THSTensor_{native}", $"THSTensor_{native}_scalar");
        table.Add(call => call.Return(call.Add("Not", [Compared(call, "Equal")])), "THSTensor_ne", "THSTensor_ne_scalar");
        foreach ((string native, string operation) in new[] { ("and", "And"), ("or", "Or"), ("xor", "Xor") })
            table.Add(call => call.Return(call.Add(operation, [call.Value(call.Tensor("tensor"), torch.ScalarType.Bool), call.Value(call.Tensor("other"), torch.ScalarType.Bool)])), $"THSTensor_logical_{native}");

        table.Add(call => Clamp(call, "min", "max"), "THSTensor_clamp", "THSTensor_clamp_tensor");
        table.Add(call => Clamp(call, "min", null), "THSTensor_clamp_min");
        table.Add(call => Clamp(call, null, "max"), "THSTensor_clamp_max");
    }

    /// <summary>The element type that TorchSharp calculates with, where a tensor and a tensor or number meet.</summary>
    internal static torch.ScalarType Common(TracedTensor tensor, TracedTensor other) =>
        // A tensor without dimensions counts as a number: it changes the type only where it is of a higher kind.
        (tensor.Rank == 0) == (other.Rank == 0) || Kind(tensor.ElementType) == Kind(other.ElementType) && (tensor.Rank == 0 || other.Rank == 0)
            ? (tensor.Rank == 0) == (other.Rank == 0) ? Promote(tensor.ElementType, other.ElementType) : tensor.Rank == 0 ? other.ElementType : tensor.ElementType
            : tensor.Rank == 0 ? Raised(other.ElementType, tensor.ElementType) : Raised(tensor.ElementType, other.ElementType);

    private static torch.ScalarType Common(TracedTensor tensor, TorchScalar number) => Raised(tensor.ElementType, number.Type switch
    {
        torch.ScalarType.Bool => torch.ScalarType.Bool,
        torch.ScalarType.Float64 or torch.ScalarType.Float32 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16 => torch.ScalarType.Float32,
        _ => torch.ScalarType.Int64,
    });

    private static torch.ScalarType Raised(torch.ScalarType type, torch.ScalarType number) => Kind(type) >= Kind(number) ? type : number;

    private static int Kind(torch.ScalarType type) => type switch
    {
        torch.ScalarType.Bool => 0,
        torch.ScalarType.Byte or torch.ScalarType.Int8 or torch.ScalarType.Int16 or torch.ScalarType.Int32 or torch.ScalarType.Int64 => 1,
        _ => 2,
    };

    private static torch.ScalarType Promote(torch.ScalarType one, torch.ScalarType other) => (one, other) switch
    {
        _ when one == other => one,
        (torch.ScalarType.Byte, torch.ScalarType.Int8) or (torch.ScalarType.Int8, torch.ScalarType.Byte) => torch.ScalarType.Int16,
        (torch.ScalarType.Float16, torch.ScalarType.BFloat16) or (torch.ScalarType.BFloat16, torch.ScalarType.Float16) => torch.ScalarType.Float32,
        _ => Order(one) > Order(other) ? one : other,
    };

    private static int Order(torch.ScalarType type) => Array.IndexOf(
        [torch.ScalarType.Bool, torch.ScalarType.Byte, torch.ScalarType.Int8, torch.ScalarType.Int16, torch.ScalarType.Int32, torch.ScalarType.Int64, torch.ScalarType.Float16, torch.ScalarType.BFloat16, torch.ScalarType.Float32, torch.ScalarType.Float64], type);

    private static string Typed(ConversionContext call, string parameter) => Operand(call, parameter, call.Result().ElementType);

    // A tensor or a number, whichever the form of the call has there.
    internal static string Operand(ConversionContext call, string parameter, torch.ScalarType type) =>
        call.Call.Arguments.First(argument => argument.Name == parameter) is ScalarArgument { Value: { } number } ? call.Constant(type, number) : call.Value(call.Tensor(parameter), type);

    private static void Binary(ConversionContext call, string operation, string first, string second) => call.Return(call.Add(operation, [Typed(call, first), Typed(call, second)]));

    // tensor + alpha * other
    private static void Weighted(ConversionContext call, string operation, string second)
    {
        torch.ScalarType type = call.Result().ElementType;
        string other = Typed(call, second);
        if (call.Has("alpha") && call.OptionalScalar("alpha") is { Number: not 1 } alpha)
            other = call.Add("Mul", [other, call.Constant(type, alpha)]);
        call.Return(call.Add(type == torch.ScalarType.Bool && operation == "Add" ? "Or" : operation, [Typed(call, "tensor"), other]));
    }

    private static void Divide(ConversionContext call)
    {
        torch.ScalarType type = call.Result().ElementType;
        bool integer = Kind(type) == 1;
        string? mode = call.Text("rounding_mode");
        // ONNX divides integers towards zero; towards minus infinity goes by way of doubles, exact up to 2^53.
        torch.ScalarType calculated = integer && mode == "floor" ? torch.ScalarType.Float64 : type;
        string quotient = call.Add("Div", [Operand(call, "tensor", calculated), Operand(call, "trg", calculated)]);
        call.Return(mode switch
        {
            "floor" => call.Cast(call.Add("Floor", [quotient]), calculated, type),
            "trunc" when !integer => Truncated(call, quotient),
            _ => quotient,
        });
    }

    internal static string Truncated(ConversionContext call, string value) => call.Add("Mul", [call.Add("Sign", [value]), call.Add("Floor", [call.Add("Abs", [value])])]);

    private static void Round(ConversionContext call)
    {
        torch.ScalarType type = call.Result().ElementType;
        long decimals = call.Has("decimals") ? call.Integer("decimals") : 0;
        if (decimals == 0)
        {
            call.Return(call.Add("Round", [Typed(call, "tensor")]));
            return;
        }
        string scale = call.Constant(type, Math.Pow(10, decimals));
        call.Return(call.Add("Div", [call.Add("Round", [call.Add("Mul", [Typed(call, "tensor"), scale])]), scale]));
    }

    private static string Compared(ConversionContext call, string operation)
    {
        TracedTensor tensor = call.Tensor("tensor");
        torch.ScalarType type = call.Call.Arguments.First(argument => argument.Name == "trg") is ScalarArgument { Value: { } number } ? Common(tensor, number) : Common(tensor, call.Tensor("trg"));
        // ONNX orders no booleans.
        if (type == torch.ScalarType.Bool && operation != "Equal")
            type = torch.ScalarType.Int32;
        string compared = call.Add(operation, [call.Value(tensor, type), Operand(call, "trg", type)]);
        return call.Cast(compared, torch.ScalarType.Bool, call.Result().ElementType);
    }

    private static void Clamp(ConversionContext call, string? least, string? greatest)
    {
        torch.ScalarType type = call.Result().ElementType;
        string value = Typed(call, "input");
        if (Given(call, least) is { } low)
            value = call.Add("Max", [value, Operand(call, low, type)]);
        if (Given(call, greatest) is { } high)
            value = call.Add("Min", [value, Operand(call, high, type)]);
        call.Return(value);
    }

    private static string? Given(ConversionContext call, string? parameter) =>
        parameter is not null && call.Call.Arguments.First(argument => argument.Name == parameter) is not (ScalarArgument { Value: null } or TensorArgument { Value: null }) ? parameter : null;
}
