using TorchSharp;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Octet.Torch.TorchScript.Operators;

/// <summary>Parts of tensors: slices, selections, masks, and writing into them.</summary>
internal static class Indexing
{
    public static void Register(OperatorTable table)
    {
        table.Add(call => call.Tensor(0, "self").select(call.Integer(1, "dim"), call.Integer(2, "index")), "select");
        table.Add(Slice, "slice");
        table.Add(call => call.Tensor(0, "self").narrow(call.Integer(1, "dim"), call.Integer(2, "start"), call.Integer(3, "length")), "narrow");
        table.Add(call => call.Tensor(0, "self").index(Indices(call)), "index");
        table.Add(call => call.Tensor(0, "self").index_put_(call.Tensor(2, "values"), Indices(call), call.Flag(3, "accumulate")), "index_put_");
        table.Add(call => call.Tensor(0, "self").clone().index_put_(call.Tensor(2, "values"), Indices(call), call.Flag(3, "accumulate")), "index_put");
        table.Add(call => call.Tensor(0, "self").index_select(call.Integer(1, "dim"), call.Tensor(2, "index")), "index_select");
        table.Add(call => call.Flag(3, "sparse_grad") ? throw call.Unsupported("with sparse gradients") : call.Tensor(0, "self").gather(call.Integer(1, "dim"), call.Tensor(2, "index")), "gather");
        table.Add(call => call.Tensor(0, "self").take_along_dim(call.Tensor(1, "indices"), call.Integer(2, "dim")), "take_along_dim");
        table.Add(call => call.Tensor(0, "self").scatter(call.Integer(1, "dim"), call.Tensor(2, "index"), call.Tensor(3, "src")), "scatter");
        table.Add(call => call.Tensor(0, "self").scatter_(call.Integer(1, "dim"), call.Tensor(2, "index"), call.Tensor(3, "src")), "scatter_");
        table.Add(call => call.Tensor(0, "self").scatter_add(call.Integer(1, "dim"), call.Tensor(2, "index"), call.Tensor(3, "src")), "scatter_add");
        table.Add(call => call.Tensor(0, "self").masked_fill(call.Tensor(1, "mask"), call.Scalar(2, "value")), "masked_fill");
        table.Add(call => call.Tensor(0, "self").masked_fill_(call.Tensor(1, "mask"), call.Scalar(2, "value")), "masked_fill_");
        table.Add(Where, "where");
        table.Add(call => call.Tensor(0, "self").tril(call.Integer(1, "diagonal", 0)), "tril");
        table.Add(call => call.Tensor(0, "self").triu(call.Integer(1, "diagonal", 0)), "triu");
        table.Add(call => call.Tensor(0, "self").diagonal(call.Integer(1, "offset", 0), call.Integer(2, "dim1", 0), call.Integer(3, "dim2", 1)), "diagonal");
        table.Add(call => Pair(call.Tensor(0, "self").topk((int)call.Integer(1, "k"), (int)call.Integer(2, "dim", -1), call.Flag(3, "largest", true), call.Flag(4, "sorted", true))), "topk");
        table.Add(call => Pair(call.Tensor(0, "self").sort(call.Integer(1, "dim", -1), call.Flag(2, "descending"), call.Flag(-1, "stable"))), "sort");
        table.Add(call => call.Tensor(0, "self").argsort(call.Integer(1, "dim", -1), call.Flag(2, "descending")), "argsort");
        table.Add(call => F.one_hot(call.Tensor(0, "self"), call.Integer(1, "num_classes", -1)), "one_hot");
        table.Add(call => call.Tensor(0, "self").copy_(call.Tensor(1, "src"), call.Flag(2, "non_blocking")), "copy_");
        table.Add(call => call.Tensor(0, "self").fill_(call.Scalar(1, "value")), "fill_");
        table.Add(call => call.Tensor(0, "self").zero_(), "zero_");
    }

    /// <summary>Two tensors as a tuple of the script.</summary>
    public static ScriptTuple Pair((Tensor First, Tensor Second) pair) => ScriptTuple.Of(pair.First, pair.Second);

    private static object Slice(Operands call)
    {
        if (call.Peek(0, "self") is List<object?> list)
        {
            call.Value(0, "self");
            return ScriptInterpreter.Slice(list, call.OptionalInteger(1, "start"), call.OptionalInteger(2, "end"), call.Integer(3, "step", 1), call.Place);
        }

        return call.Tensor(0, "self").slice(call.Integer(1, "dim", 0), call.OptionalInteger(2, "start") ?? 0, call.OptionalInteger(3, "end") ?? long.MaxValue, call.Integer(4, "step", 1));
    }

    private static torch.TensorIndex[] Indices(Operands call) => call.Value(1, "indices") is List<object?> list
        ? [.. list.Select(item => item switch
        {
            null => torch.TensorIndex.Colon,
            Tensor tensor => torch.TensorIndex.Tensor(tensor),
            _ => throw call.Unsupported("by something that is no tensor"),
        })]
        : throw call.Unsupported("without a list of indices");

    private static Tensor Where(Operands call)
    {
        Tensor condition = call.Tensor(0, "condition");
        if (!call.Has(1, "self"))
            throw call.Unsupported("of a condition alone");
        Tensor? yes = call.Peek(1, "self") as Tensor, no = call.Peek(2, "other") as Tensor;
        // A number takes the type of the other side.
        Tensor Operand(int place, string name, Tensor? other) => call.Peek(place, name) is Tensor
            ? call.Tensor(place, name)
            : torch.full([], call.Scalar(place, name), other?.dtype ?? (call.Peek(place, name) is double ? torch.ScalarType.Float32 : torch.ScalarType.Int64));
        return torch.where(condition, Operand(1, "self", no), Operand(2, "other", yes));
    }
}
