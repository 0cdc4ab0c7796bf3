using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Sums, means, extremes along axes.</summary>
internal static class Reductions
{
    public static void Register(OperatorTable table)
    {
        table.Add(call => AlongAxes(call, type => call.Tensor(0, "self").sum(type), (axes, keep, type) => call.Tensor(0, "self").sum(axes, keep, type)), "sum");
        table.Add(call => AlongAxes(call, type => type is null ? call.Tensor(0, "self").mean() : call.Tensor(0, "self").to(type.Value).mean(), (axes, keep, type) => call.Tensor(0, "self").mean(axes, keep, type)), "mean");
        table.Add(call => call.OptionalInteger(1, "dim") is { } axis
            ? call.Tensor(0, "self").prod(axis, call.Flag(2, "keepdim"), call.ElementType(3, "dtype"))
            : call.Tensor(0, "self").prod(call.ElementType(-1, "dtype")), "prod");
        table.Add(call => call.Tensor(0, "self").amax(Axes(call), call.Flag(2, "keepdim")), "amax");
        table.Add(call => call.Tensor(0, "self").amin(Axes(call), call.Flag(2, "keepdim")), "amin");
        table.Add(call => Extreme(call, x => x.max(), (x, y) => x.maximum(y), (x, axis, keep) => x.max(axis, keep)), "max");
        table.Add(call => Extreme(call, x => x.min(), (x, y) => x.minimum(y), (x, axis, keep) => x.min(axis, keep)), "min");
        table.Add(call => call.OptionalInteger(1, "dim") is { } axis ? call.Tensor(0, "self").argmax(axis, call.Flag(2, "keepdim")) : Whole(call, x => x.argmax()), "argmax");
        table.Add(call => call.OptionalInteger(1, "dim") is { } axis ? call.Tensor(0, "self").argmin(axis, call.Flag(2, "keepdim")) : Whole(call, x => x.argmin()), "argmin");
        table.Add(call => Spread(call, (x, unbiased) => x.var(unbiased), (x, axes, unbiased, keep) => x.var(axes, unbiased, keep)), "var");
        table.Add(call => Spread(call, (x, unbiased) => x.std(unbiased), (x, axes, unbiased, keep) => x.std(axes, unbiased, keep)), "std");
        table.Add(call => call.OptionalInteger(1, "dim") is { } axis ? call.Tensor(0, "self").all(axis, call.Flag(2, "keepdim")) : call.Tensor(0, "self").all(), "all");
        table.Add(call => call.OptionalInteger(1, "dim") is { } axis ? call.Tensor(0, "self").any(axis, call.Flag(2, "keepdim")) : call.Tensor(0, "self").any(), "any");
        table.Add(call => call.OptionalIntegers(1, "dim") is [var axis] ? call.Tensor(0, "self").logsumexp(axis, call.Flag(2, "keepdim")) : throw call.Unsupported("along several axes"), "logsumexp");
        table.Add(call => call.Tensor(0, "self").cumsum(call.Integer(1, "dim"), call.ElementType(2, "dtype")), "cumsum");
        table.Add(call => call.Tensor(0, "self").cumprod(call.Integer(1, "dim"), call.ElementType(2, "dtype")), "cumprod");
    }

    private static long[] Axes(Operands call) => call.OptionalIntegers(1, "dim") ?? [];

    // (self, dtype) or (self, axes, keepdim, dtype).
    private static Tensor AlongAxes(Operands call, Func<torch.ScalarType?, Tensor> whole, Func<long[], bool, torch.ScalarType?, Tensor> along)
    {
        bool hasAxes = call.Peek(1, "dim") is List<object?> || call.Count > 2 || call.Count == 1 && call.Peek(1, "dim") is not null;
        if (!hasAxes)
            return whole(call.ElementType(1, "dtype"));
        long[]? axes = call.OptionalIntegers(1, "dim");
        bool keep = call.Flag(2, "keepdim");
        torch.ScalarType? type = call.ElementType(3, "dtype");
        return axes is { Length: > 0 } ? along(axes, keep, type) : keep ? throw call.Unsupported("of all axes, kept") : whole(type);
    }

    private static object Extreme(Operands call, Func<Tensor, Tensor> whole, Func<Tensor, Tensor, Tensor> both, Func<Tensor, long, bool, (Tensor, Tensor)> along)
    {
        Tensor tensor = call.Tensor(0, "self");
        return call.Peek(1, "dim") switch
        {
            null => whole(tensor),
            Tensor => both(tensor, call.Tensor(1, "other")),
            _ => Indexing.Pair(along(tensor, call.Integer(1, "dim"), call.Flag(2, "keepdim"))),
        };
    }

    private static Tensor Whole(Operands call, Func<Tensor, Tensor> whole) => call.Flag(2, "keepdim") ? throw call.Unsupported("of all axes, kept") : whole(call.Tensor(0, "self"));

    // (self, unbiased) or (self, axes, unbiased, keepdim), or with a correction instead of unbiased.
    private static Tensor Spread(Operands call, Func<Tensor, bool, Tensor> whole, Func<Tensor, long[], bool, bool, Tensor> along)
    {
        Tensor tensor = call.Tensor(0, "self");
        if (call.Peek(1, "unbiased") is bool)
            return whole(tensor, call.Flag(1, "unbiased"));
        long[]? axes = call.OptionalIntegers(1, "dim");
        bool unbiased = call.Has(-1, "correction")
            ? call.Integer(-1, "correction", 1) switch
            {
                0 => false,
                1 => true,
                var other => throw call.Unsupported($"with a correction of {other}"),
            }
            : call.Peek(2, "unbiased") is null or bool && call.Flag(2, "unbiased", true);
        bool keep = call.Flag(3, "keepdim");
        return axes is { Length: > 0 } ? along(tensor, axes, unbiased, keep) : keep ? throw call.Unsupported("of all axes, kept") : whole(tensor, unbiased);
    }
}
