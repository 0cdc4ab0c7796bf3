using Octet.Quantization.Calibration.DataFree;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Methods;

/// <summary>Plans static quantization where not every activation has a range.</summary>
public static class RangedPlan
{
    /// <summary>Makes the plan in which every activation has a range: nodes that would need another stay float, with the reason.</summary>
    /// <param name="prepared">The prepared model.</param>
    /// <param name="exclude">Nodes and operators that stay float anyway.</param>
    /// <param name="ranges">The ranges that there are.</param>
    /// <returns>The plan; without any compute node where no range helps.</returns>
    public static QuantizationPlan Make(ModelProto prepared, IReadOnlyList<NodePattern> exclude, DataFreeRanges ranges)
    {
        GraphIndex index = new(prepared.Graph);
        Dictionary<string, string> reasons = new(StringComparer.Ordinal);
        while (true)
        {
            QuantizationPlan plan = StaticQuantization.Plan(prepared, [.. exclude, .. reasons.Keys.Select(NodePattern.OfNode)]);
            HashSet<string> missing = [.. plan.Activations.Where(activation => ranges.ReasonNone(activation) is not null)];
            if (missing.Count == 0)
                return plan with { FloatReasons = plan.FloatReasons.SetItems(reasons.Where(reason => plan.FloatReasons.ContainsKey(reason.Key))) };
            // Without a node, one behind it may need a range of its own where it has shared one: until none is missing.
            foreach (NodeProto node in prepared.Graph.Node.Where(node => plan.Contains(node.Name)))
                if (OperatorTraits.ActivationInputs(node, index).Append(StaticQuantization.QuantizedResult(node, index)).FirstOrDefault(missing.Contains) is { } value)
                    reasons[node.Name] = $"the range of '{value}' is not known: {ranges.ReasonNone(value)}";
        }
    }
}
