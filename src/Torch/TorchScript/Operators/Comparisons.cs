using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Comparisons and logic, of tensors and of values.</summary>
internal static class Comparisons
{
    public static void Register(OperatorTable table)
    {
        table.Add(call => call.Peek(0, "self") is Tensor ? Compare(call, (x, y) => x.eq(y), (x, s) => x.eq(s)) : AreEqual(call.Value(0, "self"), call.Value(1, "other")), "eq");
        table.Add(call => call.Peek(0, "self") is Tensor ? Compare(call, (x, y) => x.ne(y), (x, s) => x.ne(s)) : !AreEqual(call.Value(0, "self"), call.Value(1, "other")), "ne");
        table.Add(call => call.Peek(0, "self") is Tensor ? Compare(call, (x, y) => x.lt(y), (x, s) => x.lt(s)) : call.Number(0, "self") < call.Number(1, "other"), "lt");
        table.Add(call => call.Peek(0, "self") is Tensor ? Compare(call, (x, y) => x.gt(y), (x, s) => x.gt(s)) : call.Number(0, "self") > call.Number(1, "other"), "gt");
        table.Add(call => call.Peek(0, "self") is Tensor ? Compare(call, (x, y) => x.le(y), (x, s) => x.le(s)) : call.Number(0, "self") <= call.Number(1, "other"), "le");
        table.Add(call => call.Peek(0, "self") is Tensor ? Compare(call, (x, y) => x.ge(y), (x, s) => x.ge(s)) : call.Number(0, "self") >= call.Number(1, "other"), "ge");
        table.Add(call => IsSame(call.Value(0, "self"), call.Value(1, "obj")), "__is__");
        table.Add(call => !IsSame(call.Value(0, "self"), call.Value(1, "obj")), "__isnot__");
        table.Add(call => !ScriptInterpreter.IsTrue(call.Value(0, "self"), call.Place), "__not__");
        table.Add(call => Logic(call, (x, y) => x & y, (x, y) => x & y, (x, y) => x && y), "__and__", "bitwise_and");
        table.Add(call => Logic(call, (x, y) => x | y, (x, y) => x | y, (x, y) => x || y), "__or__", "bitwise_or");
        table.Add(call => Logic(call, (x, y) => x ^ y, (x, y) => x ^ y, (x, y) => x != y), "__xor__", "bitwise_xor");
        table.Add(call => call.Peek(0, "self") is Tensor ? call.Tensor(0, "self").bitwise_not() : ~call.Integer(0, "self"), "bitwise_not");
        table.Add(call => call.Tensor(0, "self").logical_not(), "logical_not");
        table.Add(call => call.Tensor(0, "self").logical_and(call.Tensor(1, "other")), "logical_and");
        table.Add(call => call.Tensor(0, "self").logical_or(call.Tensor(1, "other")), "logical_or");
        table.Add(call => call.Tensor(0, "self").logical_xor(call.Tensor(1, "other")), "logical_xor");
        table.Add(call => call.Tensor(0, "self").isnan(), "isnan");
        table.Add(call => call.Tensor(0, "self").isinf(), "isinf");
        table.Add(call => call.Tensor(0, "self").isfinite(), "isfinite");
    }

    private static Tensor Compare(Operands call, Func<Tensor, Tensor, Tensor> tensors, Func<Tensor, Scalar, Tensor> scaled) =>
        call.Peek(1, "other") is Tensor ? tensors(call.Tensor(0, "self"), call.Tensor(1, "other")) : scaled(call.Tensor(0, "self"), call.Scalar(1, "other"));

    private static object Logic(Operands call, Func<Tensor, Tensor, Tensor> tensors, Func<long, long, long> integers, Func<bool, bool, bool> flags) =>
        (call.Peek(0, "self"), call.Peek(1, "other")) switch
        {
            (Tensor, Tensor) => tensors(call.Tensor(0, "self"), call.Tensor(1, "other")),
            (long, long) => integers(call.Integer(0, "self"), call.Integer(1, "other")),
            _ => flags(call.Flag(0, "self"), call.Flag(1, "other")),
        };

    private static bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (List<object?> first, List<object?> second) => first.Count == second.Count && first.Zip(second).All(pair => AreEqual(pair.First, pair.Second)),
        (ScriptTuple first, ScriptTuple second) => first.Items.Length == second.Items.Length && first.Items.Zip(second.Items).All(pair => AreEqual(pair.First, pair.Second)),
        (long integer, double real) => integer == real,
        (double real, long integer) => integer == real,
        _ => Equals(left, right),
    };

    private static bool IsSame(object? left, object? right) => left is bool or long or double or string ? Equals(left, right) : ReferenceEquals(left, right);
}
