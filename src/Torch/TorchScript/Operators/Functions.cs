using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Functions of one number, elementwise.</summary>
internal static class Functions
{
    public static void Register(OperatorTable table)
    {
        void Add(string name, Func<Tensor, Tensor> function, Func<Tensor, Tensor>? inPlace = null)
        {
            table.Add(call => function(call.Tensor(0, "self")), name);
            if (inPlace is not null)
                table.Add(call => inPlace(call.Tensor(0, "self")), name + "_");
        }

        // Of numbers, too.
        void AddNumber(string name, Func<Tensor, Tensor> function, Func<Tensor, Tensor> inPlace, Func<double, object> number)
        {
            table.Add(call => call.Peek(0, "self") is Tensor ? function(call.Tensor(0, "self")) : number(call.Number(0, "self")), name);
            table.Add(call => inPlace(call.Tensor(0, "self")), name + "_");
        }

        AddNumber("exp", x => x.exp(), x => x.exp_(), x => Math.Exp(x));
        AddNumber("log", x => x.log(), x => x.log_(), x => Math.Log(x));
        AddNumber("sqrt", x => x.sqrt(), x => x.sqrt_(), x => Math.Sqrt(x));
        AddNumber("floor", x => x.floor(), x => x.floor_(), x => (long)Math.Floor(x));
        AddNumber("ceil", x => x.ceil(), x => x.ceil_(), x => (long)Math.Ceiling(x));
        table.Add(call => call.Peek(0, "self") switch
        {
            Tensor => call.Tensor(0, "self").abs(),
            long => Math.Abs(call.Integer(0, "self")),
            _ => Math.Abs(call.Number(0, "self")),
        }, "abs", "prim::abs");
        table.Add(call => call.Peek(0, "self") is Tensor ? call.Tensor(0, "self").round(call.Integer(-1, "decimals", 0)) : Math.Round(call.Number(0, "self")), "round");
        Add("expm1", x => x.expm1());
        Add("exp2", x => x.exp2());
        Add("log2", x => x.log2());
        Add("log10", x => x.log10());
        Add("log1p", x => x.log1p());
        Add("rsqrt", x => x.rsqrt(), x => x.rsqrt_());
        Add("square", x => x.square());
        Add("reciprocal", x => x.reciprocal(), x => x.reciprocal_());
        Add("erf", x => x.erf());
        Add("sin", x => x.sin());
        Add("cos", x => x.cos());
        Add("tan", x => x.tan());
        Add("asin", x => x.asin());
        Add("acos", x => x.acos());
        Add("atan", x => x.atan());
        Add("sinh", x => x.sinh());
        Add("cosh", x => x.cosh());
        Add("sign", x => x.sign());
        Add("sgn", x => x.sgn());
        Add("trunc", x => x.trunc());
        Add("frac", x => x.frac());
        table.Add(call => Clamp(call, call.Tensor(0, "self"), inPlace: false), "clamp", "clip");
        table.Add(call => Clamp(call, call.Tensor(0, "self"), inPlace: true), "clamp_", "clip_");
        table.Add(call => call.Tensor(0, "self").clamp_min(call.Scalar(1, "min")), "clamp_min");
        table.Add(call => call.Tensor(0, "self").clamp_max(call.Scalar(1, "max")), "clamp_max");
        table.Add(call => call.Tensor(0, "self").clamp_min_(call.Scalar(1, "min")), "clamp_min_");
        table.Add(call => call.Tensor(0, "self").clamp_max_(call.Scalar(1, "max")), "clamp_max_");
        table.Add(call => call.Tensor(0, "self").nan_to_num(call.Number(1, "nan", 0), call.OptionalNumber(2, "posinf"), call.OptionalNumber(3, "neginf")), "nan_to_num");
    }

    private static Tensor Clamp(Operands call, Tensor tensor, bool inPlace)
    {
        if (call.Peek(1, "min") is not Tensor && call.Peek(2, "max") is not Tensor)
            return inPlace ? tensor.clamp_(call.OptionalScalar(1, "min"), call.OptionalScalar(2, "max")) : tensor.clamp(call.OptionalScalar(1, "min"), call.OptionalScalar(2, "max"));
        return inPlace ? tensor.clamp_(call.OptionalTensor(1, "min"), call.OptionalTensor(2, "max")) : tensor.clamp(call.OptionalTensor(1, "min"), call.OptionalTensor(2, "max"));
    }
}
