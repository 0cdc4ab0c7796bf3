using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Sums, products and powers, of tensors, of numbers, and of both.</summary>
internal static class Arithmetic
{
    // The first version in which the quotient of integers is not an integer.
    private const int ExactDivision = 4;

    public static void Register(OperatorTable table)
    {
        table.Add(call => Sum(call, inPlace: false), "add");
        table.Add(call => Sum(call, inPlace: true), "add_");
        table.Add(call => Difference(call, inPlace: false), "sub", "subtract");
        table.Add(call => Difference(call, inPlace: true), "sub_");
        table.Add(ReversedDifference, "rsub");
        table.Add(Product, "mul", "multiply");
        table.Add(call => Changed(call, (x, y) => x.mul_(y), (x, s) => x.mul_(s)), "mul_");
        table.Add(call => Quotient(call, table.Version, inPlace: false), "div", "divide", "true_divide");
        table.Add(call => Quotient(call, table.Version, inPlace: true), "div_");
        table.Add(call => Binary(call, (x, y) => x.floor_divide(y), (x, s) => x.floor_divide(s), FloorDivide, (x, y) => Math.Floor(x / y)), "floor_divide", "floordiv", "__floordiv__");
        table.Add(call => Binary(call, (x, y) => x.remainder(y), (x, s) => x.remainder(s), (x, y) => x - y * FloorDivide(x, y), (x, y) => x - y * Math.Floor(x / y)), "remainder");
        table.Add(call => Binary(call, (x, y) => x.fmod(y), (x, s) => x.fmod(s), (x, y) => x % y, (x, y) => x % y), "fmod");
        table.Add(Power, "pow");
        table.Add(call => call.Value(0, "self") switch
        {
            Tensor tensor => tensor.neg(),
            long integer => -integer,
            double real => -real,
            _ => throw call.Unsupported("of this value"),
        }, "neg");
        table.Add(call => Scaled(call, (x, y, z) => x.addcmul(y, z, 1), (x, y, z, s) => x.addcmul(y, z, s)), "addcmul");
        table.Add(call => Scaled(call, (x, y, z) => x.addcdiv(y, z), (x, y, z, s) => x.addcdiv(y, z, s)), "addcdiv");
        table.Add(call => call.Tensor(0, "self").lerp(call.Tensor(1, "end"), call.Tensor(2, "weight")), "lerp");
        table.Add(call => call.Tensor(0, "self").atan2(call.Tensor(1, "other")), "atan2");
        table.Add(call => Least(call, (x, y) => x.minimum(y), Math.Min, Math.Min), "minimum", "prim::min");
        table.Add(call => Least(call, (x, y) => x.maximum(y), Math.Max, Math.Max), "maximum", "prim::max");
    }

    private static object? Sum(Operands call, bool inPlace)
    {
        if (call.Peek(0, "self") is List<object?> && call.Peek(1, "other") is List<object?> more)
            return (List<object?>)[.. (List<object?>)call.Value(0, "self")!, .. (List<object?>)call.Value(1, "other")!];
        if (call.Peek(0, "self") is string && call.Peek(1, "other") is string)
            return call.OptionalText(0, "self") + call.OptionalText(1, "other");
        Scalar? alpha = Alpha(call);
        return inPlace
            ? Changed(call, (x, y) => alpha is null ? x.add_(y) : x.add_(y, alpha), (x, s) => alpha is null ? x.add_(s) : x.add_(s, alpha))
            : Binary(call, (x, y) => alpha is null ? x.add(y) : x.add(y, alpha), (x, s) => alpha is null ? x.add(s) : x.add(s, alpha), (x, y) => checked(x + y), (x, y) => x + y, (s, x) => x.add(s));
    }

    private static object? Difference(Operands call, bool inPlace)
    {
        Scalar? alpha = Alpha(call);
        Tensor Times(Tensor y) => alpha is null ? y : y.mul(alpha);
        return inPlace
            ? Changed(call, (x, y) => x.sub_(Times(y)), (x, s) => alpha is null ? x.sub_(s) : throw call.Unsupported("of a number with a factor"))
            : Binary(call, (x, y) => x.sub(Times(y)), (x, s) => alpha is null ? x.sub(s) : throw call.Unsupported("of a number with a factor"), (x, y) => checked(x - y), (x, y) => x - y, (s, x) => x.neg().add(s));
    }

    private static object? ReversedDifference(Operands call)
    {
        Scalar? alpha = Alpha(call);
        Tensor negated = call.Tensor(0, "self").neg();
        if (alpha is not null)
            negated = negated.mul(alpha);
        return call.Peek(1, "other") is Tensor ? call.Tensor(1, "other").add(negated) : negated.add(call.Scalar(1, "other"));
    }

    private static object? Product(Operands call)
    {
        if (call.Peek(0, "self") is List<object?> && call.Peek(1, "n") is long)
        {
            var items = (List<object?>)call.Value(0, "self")!;
            long times = Math.Max(0, call.Integer(1, "n"));
            if (times * (Int128)items.Count > 1_000_000)
                throw call.Unsupported($"of a list {times} times");
            return Enumerable.Repeat(items, (int)times).SelectMany(item => item).ToList();
        }

        return Binary(call, (x, y) => x.mul(y), (x, s) => x.mul(s), (x, y) => checked(x * y), (x, y) => x * y, (s, x) => x.mul(s));
    }

    private static object? Quotient(Operands call, int version, bool inPlace)
    {
        if (version < ExactDivision && call.Peek(0, "self") is Tensor dividend && dividend.is_integral() && call.Peek(1, "other") is long or Tensor)
            throw call.Unsupported($"of integers in an archive of version {version}, where it rounded down");
        torch.RoundingMode mode = call.OptionalText(-1, "rounding_mode") switch
        {
            null => torch.RoundingMode.None,
            "floor" => torch.RoundingMode.floor,
            "trunc" => torch.RoundingMode.trunc,
            var other => throw call.Unsupported($"with rounding mode '{other}'"),
        };
        if (inPlace)
            return Changed(call, (x, y) => x.div_(y, mode), (x, s) => x.div_(s, mode));
        // Two integers make a real number.
        if (call.Peek(0, "self") is long && call.Peek(1, "other") is long && mode == torch.RoundingMode.None)
            return (double)call.Integer(0, "self") / call.Integer(1, "other");
        return Binary(call, (x, y) => x.div(y, mode), (x, s) => x.div(s, mode), FloorDivide, (x, y) => x / y, (s, x) => x.reciprocal().mul(s));
    }

    private static object? Power(Operands call) => (call.Peek(0, "self"), call.Peek(1, "exponent")) switch
    {
        (Tensor, Tensor) => call.Tensor(0, "self").pow(call.Tensor(1, "exponent")),
        (Tensor, _) => call.Tensor(0, "self").pow(call.Scalar(1, "exponent")),
        (_, Tensor) => torch.pow(call.Scalar(0, "self"), call.Tensor(1, "exponent")),
        (long, long and >= 0) => (long)System.Numerics.BigInteger.Pow(call.Integer(0, "self"), (int)Math.Min(call.Integer(1, "exponent"), 64)),
        _ => Math.Pow(call.Number(0, "self"), call.Number(1, "exponent")),
    };

    private static Scalar? Alpha(Operands call) => call.Value(2, "alpha") switch
    {
        null or 1L or 1.0 => null,
        long integer => integer,
        double real => real,
        _ => throw call.Unsupported("with such a factor"),
    };

    /// <summary>An operator of two tensors, a tensor and a number, or two numbers.</summary>
    private static object? Binary(Operands call, Func<Tensor, Tensor, Tensor> tensors, Func<Tensor, Scalar, Tensor> scaled, Func<long, long, long> integers, Func<double, double, double> reals,
        Func<Scalar, Tensor, Tensor>? reversed = null) => (call.Peek(0, "self"), call.Peek(1, "other")) switch
        {
            (Tensor, Tensor) => tensors(call.Tensor(0, "self"), call.Tensor(1, "other")),
            (Tensor, _) => scaled(call.Tensor(0, "self"), call.Scalar(1, "other")),
            (_, Tensor) when reversed is not null => reversed(call.Scalar(0, "self"), call.Tensor(1, "other")),
            (long, long) => integers(call.Integer(0, "self"), call.Integer(1, "other")),
            _ => reals(call.Number(0, "self"), call.Number(1, "other")),
        };

    // x += 1 of a number makes a new one.
    private static object? Changed(Operands call, Func<Tensor, Tensor, Tensor> tensors, Func<Tensor, Scalar, Tensor> scaled) => (call.Peek(0, "self"), call.Peek(1, "other")) switch
    {
        (Tensor, Tensor) => tensors(call.Tensor(0, "self"), call.Tensor(1, "other")),
        (Tensor, _) => scaled(call.Tensor(0, "self"), call.Scalar(1, "other")),
        (long, long) => Integers(call),
        _ => Reals(call),
    };

    private static object Integers(Operands call) => (call.Name, call.Integer(0, "self"), call.Integer(1, "other")) switch
    {
        ("add_", var x, var y) => checked(x + y),
        ("sub_", var x, var y) => checked(x - y),
        ("mul_", var x, var y) => checked(x * y),
        (_, var x, var y) => (double)x / y,
    };

    private static object Reals(Operands call) => (call.Name, call.Number(0, "self"), call.Number(1, "other")) switch
    {
        ("add_", var x, var y) => x + y,
        ("sub_", var x, var y) => x - y,
        ("mul_", var x, var y) => x * y,
        (_, var x, var y) => x / y,
    };

    private static Tensor Scaled(Operands call, Func<Tensor, Tensor, Tensor, Tensor> plain, Func<Tensor, Tensor, Tensor, Scalar, Tensor> scaled) =>
        call.OptionalScalar(3, "value") is { } value
            ? scaled(call.Tensor(0, "self"), call.Tensor(1, "tensor1"), call.Tensor(2, "tensor2"), value)
            : plain(call.Tensor(0, "self"), call.Tensor(1, "tensor1"), call.Tensor(2, "tensor2"));

    private static object? Least(Operands call, Func<Tensor, Tensor, Tensor> tensors, Func<long, long, long> integers, Func<double, double, double> reals) => call.Peek(0, "self") switch
    {
        List<object?> => call.OptionalIntegers(0, "self")!.Aggregate(integers),
        _ => Binary(call, tensors, (_, _) => throw call.Unsupported("of a tensor and a number"), integers, reals),
    };

    private static long FloorDivide(long x, long y)
    {
        long quotient = Math.DivRem(x, y, out long remainder);
        return remainder != 0 && remainder < 0 != y < 0 ? quotient - 1 : quotient;
    }
}
