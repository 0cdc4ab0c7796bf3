using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Methods;

/// <summary>
/// Plans static quantization: every compute node that ONNX Runtime has an integer kernel for, the nodes between two such nodes that have one
/// too, and the values to quantize around them.
/// </summary>
public static class StaticQuantization
{
    /// <summary>Makes the plan for a prepared model (weights in initializers, every node named).</summary>
    /// <param name="model">The prepared model.</param>
    /// <param name="exclude">Nodes and operators that stay float.</param>
    public static QuantizationPlan Plan(ModelProto model, IReadOnlyList<NodePattern> exclude)
    {
        GraphIndex index = new(model.Graph);
        bool Excluded(NodeProto node) => exclude.Any(pattern => pattern.Matches(node));

        Dictionary<string, string> floatReasons = new(StringComparer.Ordinal);
        HashSet<NodeProto> compute = [];
        foreach (NodeProto node in model.Graph.Node.Where(OperatorTraits.IsCompute))
        {
            if (Excluded(node))
                floatReasons[node.Name] = "it is excluded";
            else if (OperatorTraits.ReasonNotStatic(node, index) is { } reason)
                floatReasons[node.Name] = reason;
            else
                compute.Add(node);
        }

        HashSet<NodeProto> connecting = ConnectingNodes(model.Graph, index, compute, Excluded);
        HashSet<NodeProto> quantized = [.. compute, .. connecting];
        Dictionary<string, string> shared = new(StringComparer.Ordinal);
        List<string> activations = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (NodeProto node in model.Graph.Node.Where(quantized.Contains))
        {
            foreach (string input in OperatorTraits.ActivationInputs(node, index))
                if (seen.Add(input))
                    activations.Add(input);

            string result = QuantizedResult(node, index);
            if (!NeedsQuantizedResult(node, result, index, quantized) || !seen.Add(result))
                continue;
            if (OperatorTraits.KeepsValues(node))
                shared[result] = node.Input[0];
            else
                activations.Add(result);
        }

        return new QuantizationPlan(
            [.. compute.Select(node => node.Name)],
            [.. connecting.Select(node => node.Name)],
            [.. activations],
            shared.ToImmutableDictionary(StringComparer.Ordinal),
            floatReasons.ToImmutableSortedDictionary(StringComparer.Ordinal));
    }

    /// <summary>The value that is quantized as a node's result: its output, or that of the clamp behind it that disappears into the range.</summary>
    internal static string QuantizedResult(NodeProto node, GraphIndex index) =>
        node.OpType is "Conv" or "Gemm" or "MatMul" or "Add" && index.SoleConsumer(node.Output[0]) is { } clamp && OperatorTraits.IsAbsorbed(clamp, index)
            ? clamp.Output[0]
            : node.Output[0];

    private static bool NeedsQuantizedResult(NodeProto node, string result, GraphIndex index, HashSet<NodeProto> quantized) =>
        // ONNX Runtime fuses a Gemm or MatMul with integer inputs and a float result (QGemm, MatMulIntegerToFloat); every other node must be closed
        // by a QuantizeLinear.
        node.OpType is not ("Gemm" or "MatMul") || index.Consumers(result).Any(quantized.Contains);

    private static HashSet<NodeProto> ConnectingNodes(GraphProto graph, GraphIndex index, HashSet<NodeProto> compute, Func<NodeProto, bool> excluded)
    {
        // Forward: whatever has only integer inputs may join. Backward: what feeds no integer node only moves a conversion, and leaves again.
        HashSet<NodeProto> joined = [];
        HashSet<string> integerValues = new(StringComparer.Ordinal);
        foreach (NodeProto node in graph.Node)
        {
            if (!compute.Contains(node))
            {
                if (excluded(node) || !OperatorTraits.CanConnect(node, index) || !OperatorTraits.ActivationInputs(node, index).All(integerValues.Contains))
                    continue;
                joined.Add(node);
            }
            integerValues.Add(QuantizedResult(node, index));
        }
        foreach (NodeProto node in graph.Node.Reverse())
            if (joined.Contains(node) && !index.Consumers(QuantizedResult(node, index)).Any(consumer => compute.Contains(consumer) || joined.Contains(consumer)))
                joined.Remove(node);
        return joined;
    }
}
