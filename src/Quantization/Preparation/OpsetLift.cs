using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Lifts a model from opset 7 or newer to a newer opset, operator by operator, as the specification's change log asks
/// (https://github.com/onnx/onnx/blob/main/docs/Changelog.md). Operators whose meaning did not change between the two are left alone.
/// </summary>
public static class OpsetLift
{
    /// <summary>The oldest opset that can be lifted; older ones broadcast by other rules.</summary>
    public const int Oldest = 7;

    /// <summary>The newest opset that can be lifted to.</summary>
    public const int Newest = 21;

    /// <summary>The opset that per-channel DequantizeLinear needs.</summary>
    public const int PerChannelQuantization = 13;

    /// <summary>The opset that quantization in blocks, to 4 and to 16 bits, needs.</summary>
    public const int BlockQuantization = 21;

    /// <summary>
    /// Returns a model of at least <paramref name="target"/>; the argument is left as it is. Functions are left as they are too: they follow
    /// the model's opset where none of their operators changed, which is how ONNX Runtime reads them.
    /// </summary>
    /// <exception cref="NotSupportedException">An operator of the model has no counterpart in the target opset; the message names it.</exception>
    public static ModelProto Apply(ModelProto model, int target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(target, Newest);
        long from = model.StandardVersion();
        if (from >= target)
            return model;
        if (from < Oldest)
            throw new NotSupportedException($"opset {from} is older than {Oldest}");
        foreach (FunctionProto function in model.Functions)
            CheckUnchanged(function, from, target);

        ModelProto result = model.Clone();
        UniqueNames names = new(result);
        foreach (GraphProto graph in result.Graph.WithSubgraphs().ToArray())
            Convert(graph, names, from, target);
        result.SetStandardVersion(target);
        return result;
    }

    /// <summary>
    /// Returns the model at the newest opset that preparation has a use for (<see cref="FuseLayerNormalization.MinimumOpset"/>), or where one of its
    /// operators cannot follow, at the one that quantization needs.
    /// </summary>
    /// <exception cref="NotSupportedException">It cannot follow even there.</exception>
    public static ModelProto ForPreparation(ModelProto model)
    {
        try
        {
            return Apply(model, FuseLayerNormalization.MinimumOpset);
        }
        catch (NotSupportedException)
        {
            return Apply(model, PerChannelQuantization);
        }
    }

    private static void Convert(GraphProto graph, UniqueNames names, long from, long target)
    {
        OperatorConversion conversion = new(graph, names);
        NodeProto[] nodes = [.. graph.Node.SelectMany(node => node.IsStandard() ? conversion.Convert(node, from, target) : [node])];
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
    }

    private static void CheckUnchanged(FunctionProto function, long from, long target)
    {
        GraphProto body = new();
        body.Node.AddRange(function.Node.Select(node => node.Clone()));
        ModelProto alone = new() { Graph = body };
        foreach (GraphProto graph in body.WithSubgraphs().ToArray())
            Convert(graph, new UniqueNames(alone), from, target);
        if (!body.Node.SequenceEqual(function.Node))
            throw new NotSupportedException($"the function {function.Domain}.{function.Name} uses operators that changed since opset {from}");
    }
}
