using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>Functions of one value, one behind the other with no other reader between them: one table computes them all, and rounds once.</summary>
/// <param name="Result">The value behind the last.</param>
/// <param name="Function">All of them.</param>
/// <param name="Nodes">Their nodes, clamps that they absorb included.</param>
internal sealed record TableChain(string Result, Func<double, double> Function, IReadOnlyList<NodeProto> Nodes)
{
    /// <summary>The chain that begins with a node; null where it is no function of one value.</summary>
    /// <param name="node">The node.</param>
    /// <param name="index">Of its graph.</param>
    /// <param name="connects">Whether a node becomes integer.</param>
    public static TableChain? From(NodeProto node, GraphIndex index, Func<NodeProto, bool> connects)
    {
        if (!connects(node) || TableFunction.Of(node, index) is not { } first)
            return null;
        string result = StaticQuantization.QuantizedResult(node, index);
        TableChain chain = new(result, first.Value, [node]);
        if (result != node.Output[0] && index.Producer(result) is { } clamp)
            chain = new TableChain(result, first.Then(TableFunction.Of(clamp, index)!).Value, [node, clamp]);
        return Behind(result, index, connects) is { } next
            ? new TableChain(next.Result, x => next.Function(chain.Function(x)), [.. chain.Nodes, .. next.Nodes])
            : chain;
    }

    /// <summary>The chain that is a value's only reader; null where there is none.</summary>
    public static TableChain? Behind(string value, GraphIndex index, Func<NodeProto, bool> connects) =>
        index.SoleConsumer(value) is { } reader ? From(reader, index, connects) : null;
}
