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

    /// <summary>The opset that per-channel DequantizeLinear needs.</summary>
    public const int PerChannelQuantization = 13;

    /// <summary>Returns a model of at least <paramref name="target"/>; the argument is left as it is.</summary>
    /// <exception cref="NotSupportedException">An operator of the model has no counterpart in the target opset; the message names it.</exception>
    public static ModelProto Apply(ModelProto model, int target)
    {
        ModelProto result = model.Clone();
        long from = result.StandardVersion();
        if (from >= target)
            return result;
        if (from < Oldest)
            throw new NotSupportedException($"opset {from} is older than {Oldest}");

        UniqueNames names = new(result);
        foreach (GraphProto graph in result.Graph.WithSubgraphs().ToArray())
        {
            OperatorConversion conversion = new(graph, names);
            NodeProto[] nodes = [.. graph.Node.SelectMany(node => node.IsStandard() ? conversion.Convert(node, from, target) : [node])];
            graph.Node.Clear();
            graph.Node.AddRange(nodes);
        }
        result.SetStandardVersion(target);
        return result;
    }
}
