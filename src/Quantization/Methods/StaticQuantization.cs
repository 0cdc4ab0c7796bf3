using System.Collections.Immutable;
using Octet.Quantization.Calibration;
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

    /// <summary>
    /// What integer compute nodes read, with the axis of its channels: the values whose means correct the biases. One that is read along two axes is left out.
    /// </summary>
    /// <param name="model">The prepared model.</param>
    /// <param name="plan">The plan that was made for it.</param>
    public static ImmutableArray<ChannelAxis> CorrectedInputs(ModelProto model, QuantizationPlan plan) =>
    [
        .. model.Graph.Node.Where(node => plan.ComputeNodes.Contains(node.Name))
            .GroupBy(node => node.Input[0], node => node.OpType == "Conv" ? 1 : -1, StringComparer.Ordinal)
            .Where(axes => axes.Distinct().Count() == 1)
            .Select(axes => new ChannelAxis(axes.Key, axes.First())),
    ];

    /// <summary>
    /// The value that is a node's result after quantization: its output, that of the clamp behind it that disappears into the range, or that of the
    /// bias behind a MatMul that joins it.
    /// </summary>
    internal static string QuantizedResult(NodeProto node, GraphIndex index)
    {
        if (BiasBehind(node, index) is { } add)
            return add.Output[0];
        return node.OpType is "Conv" or "Gemm" or "MatMul" or "Add" && index.SoleConsumer(node.Output[0]) is { } clamp && OperatorTraits.IsAbsorbed(clamp, index)
            ? clamp.Output[0]
            : node.Output[0];
    }

    /// <summary>The Add of a constant, one value a column, that is the only reader of a MatMul with constant weights.</summary>
    internal static NodeProto? BiasBehind(NodeProto node, GraphIndex index)
    {
        if (!node.Is("MatMul") || index.Initializer(node.InputAt(1)) is not { Dims: [_, long columns] } || index.SoleConsumer(node.Output[0]) is not { } add || !add.Is("Add"))
            return null;
        return index.Initializer(BiasOf(add, node)) is { Dims: [long extent] } bias && extent == columns && (TensorProto.Types.DataType)bias.DataType == TensorProto.Types.DataType.Float ? add : null;
    }

    /// <summary>The operand of an Add that is not the product's.</summary>
    internal static string BiasOf(NodeProto add, NodeProto product) => add.Input[add.Input[0] == product.Output[0] ? 1 : 0];

    /// <summary>
    /// Whether an integer MatMul gives its sums as floats: where nothing integer reads them, or a bias is added. A QuantizeLinear behind it would
    /// cost accuracy and a pass over memory.
    /// </summary>
    internal static bool GivesFloat(NodeProto node, GraphIndex index, Func<string, bool> isQuantized) =>
        node.Is("MatMul") && (BiasBehind(node, index) is not null || !isQuantized(QuantizedResult(node, index)));

    private static bool NeedsQuantizedResult(NodeProto node, string result, GraphIndex index, HashSet<NodeProto> quantized) =>
        // Gemm and MatMul have kernels with integer operands and a float result; every other node must be closed by a QuantizeLinear.
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
