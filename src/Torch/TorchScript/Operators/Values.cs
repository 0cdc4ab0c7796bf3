using System.Globalization;
using TorchSharp;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Conversions between numbers and tensors, questions about a tensor, and what a script says to its interpreter.</summary>
internal static class Values
{
    public static void Register(OperatorTable table)
    {
        table.Add(call => torch.tensor(call.Integer(0, "num")), "prim::NumToTensor");
        table.Add(call => call.Value(0, "a") switch
        {
            torch.Tensor tensor => Operands.ScalarOf(tensor) is double real ? (long)real : Operands.IntegerOf(tensor),
            double real => (long)real,
            string text => long.Parse(text, CultureInfo.InvariantCulture),
            var value => Operands.IntegerOf(value) ?? throw call.Unsupported("of this value"),
        }, "int", "Int", "IntImplicit");
        table.Add(call => call.Value(0, "a") switch
        {
            torch.Tensor tensor => Convert.ToDouble(Operands.ScalarOf(tensor), CultureInfo.InvariantCulture),
            string text => ParseNumber(text),
            var value => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        }, "float", "Float", "FloatImplicit");
        table.Add(call => ScriptInterpreter.IsTrue(call.Value(0, "a"), call.Place), "bool", "Bool", "is_nonzero");
        table.Add(call => call.Value(0, "a") is torch.Tensor tensor ? Operands.ScalarOf(tensor) : throw call.Unsupported("of no tensor"), "ScalarImplicit", "item");
        table.Add(call => call.Value(0, "a") is { } value ? Convert.ToString(value, CultureInfo.InvariantCulture) : "None", "str");

        table.Add(call => call.Has(1, "dim") ? call.Tensor(0, "self").size((int)call.Integer(1, "dim")) : call.Tensor(0, "self").shape.Select(extent => (object?)extent).ToList(), "size", "sym_size", "prim::shape");
        table.Add(call => call.Tensor(0, "self").dim(), "dim", "prim::ndim");
        table.Add(call => call.Tensor(0, "self").numel(), "numel", "sym_numel");
        table.Add(call => (long)call.Tensor(0, "a").dtype, "prim::dtype");
        table.Add(call => Ignored(call, "cpu"), "prim::device", "device");
        table.Add(call => Ignored(call, 0L), "prim::layout");
        table.Add(call => Ignored(call, false), "prim::is_cuda", "prim::is_quantized", "prim::is_sparse", "prim::is_mkldnn", "prim::is_mps", "prim::requires_grad", "is_grad_enabled", "is_autocast_enabled",
            "is_autocast_cpu_enabled", "is_tracing", "is_complex", "_is_tracing");
        table.Add(call => Ignored(call, true), "is_scripting");
        table.Add(call => call.Tensor(0, "self").is_floating_point(), "is_floating_point");

        table.Add(call => Ignored(call, null), "warn", "print", "prim::Print", "_assert", "_assert_async", "set_grad_enabled", "prim::Guard");
        table.Add(call => throw ScriptFault.Running(call.Place, $"the script raises an exception: {call.Value(0, "msg")}"), "prim::RaiseException");
        table.Add(call => call.Value(0, "optional") ?? throw ScriptFault.Running(call.Place, "a value is None that must not be"), "prim::unchecked_unwrap_optional", "_unwrap_optional", "unwrap_optional");
        table.Add(call => call.Value(0, "a"), "prim::data", "positive");
    }

    private static object? Ignored(Operands call, object? result)
    {
        call.IgnoreFrom(0);
        call.Ignore("category", "stacklevel", "assert_msg");
        return result;
    }

    private static double ParseNumber(string text) => text.Trim().ToLowerInvariant() switch
    {
        "inf" or "+inf" or "infinity" => double.PositiveInfinity,
        "-inf" or "-infinity" => double.NegativeInfinity,
        "nan" => double.NaN,
        var number => double.Parse(number, CultureInfo.InvariantCulture),
    };
}
