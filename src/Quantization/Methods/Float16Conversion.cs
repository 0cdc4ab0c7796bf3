using System.Collections.Frozen;
using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Methods;

/// <summary>
/// Plans half precision: operators that are defined for it and whose operands are known to be 32-bit floats. Everything else, nodes with subgraphs
/// among it, stays as it is between two casts.
/// </summary>
public static class Float16Conversion
{
    private static readonly FrozenSet<string> AllInputs = FrozenSet.ToFrozenSet(
        [
            "Abs", "Add", "AveragePool", "BatchNormalization", "Ceil", "Celu", "Clip", "Concat", "Conv", "ConvTranspose", "Cos", "DepthToSpace", "Div", "Einsum", "Elu", "Erf", "Exp", "Flatten",
            "Floor", "Gelu", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity", "InstanceNormalization", "LayerNormalization", "LeakyRelu", "Log",
            "LogSoftmax", "LpNormalization", "MatMul", "Max", "MaxPool", "Mean", "Min", "Mish", "Mul", "Neg", "PRelu", "Pow", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin",
            "Softmax", "Softplus", "Softsign", "SpaceToDepth", "Sqrt", "Sub", "Sum", "Tanh", "Transpose",
        ],
        StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, int[]> SomeInputs = new Dictionary<string, int[]>(StringComparer.Ordinal)
    {
        ["CumSum"] = [0],
        ["Expand"] = [0],
        ["GRU"] = [0, 1, 2, 3, 5],
        ["Gather"] = [0],
        ["GatherElements"] = [0],
        ["GatherND"] = [0],
        ["LSTM"] = [0, 1, 2, 3, 5, 6, 7],
        ["Pad"] = [0, 2],
        ["ReduceL2"] = [0],
        ["ReduceMax"] = [0],
        ["ReduceMean"] = [0],
        ["ReduceMin"] = [0],
        ["ReduceSum"] = [0],
        ["Reshape"] = [0],
        ["Resize"] = [0],
        ["Slice"] = [0],
        ["Split"] = [0],
        ["Squeeze"] = [0],
        ["Tile"] = [0],
        ["TopK"] = [0],
        ["Trilu"] = [0],
        ["Unsqueeze"] = [0],
        ["Where"] = [1, 2],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Makes the plan for a prepared model's main graph.</summary>
    /// <param name="model">The prepared model.</param>
    /// <param name="exclude">Nodes and operators that stay float.</param>
    public static NodePlan Plan(ModelProto model, IReadOnlyList<NodePattern> exclude)
    {
        HashSet<string> floats = new(StringComparer.Ordinal);
        floats.UnionWith(model.Graph.Input.Where(input => input.Type?.TensorType?.ElemType == (int)DataType.Float).Select(input => input.Name));
        floats.UnionWith(model.Graph.Initializer.Where(initializer => (DataType)initializer.DataType == DataType.Float).Select(initializer => initializer.Name));
        ImmutableHashSet<NodeProto>.Builder nodes = ImmutableHashSet.CreateBuilder<NodeProto>(ReferenceEqualityComparer.Instance);
        ImmutableSortedDictionary<string, string>.Builder reasons = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (NodeProto node in model.Graph.Node)
        {
            string? reason = ReasonNot(node, floats);
            // What is excluded, and what is a float by definition, is known to the nodes behind it all the same.
            if (reason is null)
                floats.UnionWith(FloatOutputs(node));
            else if (MakesFloats(node))
                floats.UnionWith(node.Output);
            if (reason is null && exclude.Any(pattern => pattern.Matches(node)))
                reason = "it is excluded";
            if (reason is null)
                nodes.Add(node);
            else if (OperatorTraits.IsCompute(node))
                reasons[node.DisplayName()] = reason;
        }
        return new NodePlan(nodes.ToImmutable(), reasons.ToImmutable());
    }

    /// <summary>Positions of a planned node's floating-point operands, those left out excepted.</summary>
    internal static IEnumerable<int> FloatInputs(NodeProto node) =>
        (AllInputs.Contains(node.OpType) ? Enumerable.Range(0, node.Input.Count) : SomeInputs[node.OpType]).Where(input => node.InputAt(input).Length > 0);

    /// <summary>A planned node's floating-point results.</summary>
    internal static IEnumerable<string> FloatOutputs(NodeProto node) =>
        (node.OpType is "Split" or "LSTM" or "GRU" ? node.Output : node.Output.Take(1)).Where(output => output.Length > 0);

    private static bool MakesFloats(NodeProto node) =>
        (node.Is("Cast") && node.Int("to", 0) == (long)DataType.Float)
        || (node.Is("ConstantOfShape") && (node.Attribute("value")?.T is not { } value || (DataType)value.DataType == DataType.Float));

    private static string? ReasonNot(NodeProto node, HashSet<string> floats)
    {
        if (!node.IsStandard() || !(AllInputs.Contains(node.OpType) || SomeInputs.ContainsKey(node.OpType)))
            return $"half precision is not known to work for {node.OpType}";
        // The specification wants one type for all of these operands, so that one that is known tells the others; but not of these two operators.
        IEnumerable<bool> known = FloatInputs(node).Select(input => floats.Contains(node.Input[input]));
        if (!(node.OpType is "Pow" or "BatchNormalization" ? known.All(isFloat => isFloat) : known.Any(isFloat => isFloat)))
            return "its operands are not known to be 32-bit floats";
        // Their further results are statistics in another precision.
        return node.OpType is "LayerNormalization" or "BatchNormalization" && node.Output.Count(output => output.Length > 0) > 1 ? "it gives its statistics too" : null;
    }
}
