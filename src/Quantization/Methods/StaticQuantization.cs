using System.Collections.Immutable;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.DataFree;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Methods;

/// <summary>
/// Plans static quantization: every compute node that ONNX Runtime has an integer kernel for, the nodes between two such nodes that have one
/// too, and the values to quantize around them.
/// </summary>
public static class StaticQuantization
{
    /// <summary>Makes the plan for a prepared model (weights in initializers; every node and value named, over all graphs).</summary>
    /// <param name="model">The prepared model.</param>
    /// <param name="exclude">Nodes and operators that stay float because the user says so.</param>
    /// <param name="leftFloat">Nodes, by name, that stay float for another reason, which is the value.</param>
    /// <param name="operators">Which operators may stand between integer compute nodes.</param>
    public static QuantizationPlan Plan(
        ModelProto model, IReadOnlyList<NodePattern> exclude, IReadOnlyDictionary<string, string>? leftFloat = null, ConnectingOperators operators = ConnectingOperators.Standard)
    {
        string? ReasonLeft(NodeProto node) => exclude.Any(pattern => pattern.Matches(node)) ? "it is excluded" : leftFloat?.GetValueOrDefault(node.Name);
        return Plan(
            model,
            (node, index) => ReasonLeft(node) ?? OperatorTraits.ReasonNotStatic(node, index) ?? ObservedValues.ReasonNot(index),
            (node, index) => ReasonLeft(node) is null && ObservedValues.ReasonNot(index) is null,
            operators);
    }

    /// <summary>The part of a plan that calibration has found ranges for: what it has never reached stays float.</summary>
    /// <param name="model">The model that the plan was made for.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="ranges">The calibrated range of each of its activations.</param>
    public static QuantizationPlan Reached(ModelProto model, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges) => WithRanges(
        model,
        plan,
        value => ranges.TryGetValue(value, out ActivationRange range) && !range.IsEmpty,
        (_, index) => index.Holder is { OpType: "If" } ? "its branch was never taken on the calibration data" : "it was never reached on the calibration data, or only with empty tensors");

    /// <summary>The part of a plan that ranges derived without data allow.</summary>
    /// <param name="model">The model that the plan was made for.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="ranges">The ranges that there are.</param>
    public static QuantizationPlan Derived(ModelProto model, QuantizationPlan plan, DataFreeRanges ranges) =>
        WithRanges(model, plan, ranges.Ranges.ContainsKey, (value, _) => $"the range of '{value}' is not known: {ranges.ReasonNone(value)}");

    /// <summary>The part of a plan that ranges which were trained allow.</summary>
    /// <param name="model">The model that the plan was made for.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="ranges">The ranges that there are.</param>
    public static QuantizationPlan Trained(ModelProto model, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges) =>
        WithRanges(model, plan, ranges.ContainsKey, (value, _) => $"no range was trained for '{value}', and there is no data to find one on");

    private static QuantizationPlan WithRanges(ModelProto model, QuantizationPlan plan, Func<string, bool> hasRange, Func<string, GraphIndex, string> reason)
    {
        HashSet<string> missing = new(StringComparer.Ordinal);
        string? Missing(NodeProto node, GraphIndex index) => OperatorTraits.ActivationInputs(node, index).Append(QuantizedResult(node, index)).FirstOrDefault(missing.Contains);
        while (true)
        {
            QuantizationPlan last = plan;
            string[] more = [.. last.Activations.Where(activation => !hasRange(activation))];
            if (more.Length == 0)
                return last;
            missing.UnionWith(more);
            // Without these nodes others may lose the integer neighbour that their values come from.
            plan = Plan(
                model,
                (node, index) => last.FloatReasons.TryGetValue(node.Name, out string? known) ? known : Missing(node, index) is { } value ? reason(value, index) : null,
                (node, index) => last.ConnectingNodes.Contains(node.Name) && Missing(node, index) is null,
                last.Operators);
        }
    }

    private static QuantizationPlan Plan(
        ModelProto model, Func<NodeProto, GraphIndex, string?> reasonFloat, Func<NodeProto, GraphIndex, bool> mayConnect, ConnectingOperators operators)
    {
        (NodeProto Node, GraphIndex Index)[] nodes = [.. GraphIndex.Nodes(model.Graph)];
        Dictionary<string, string> floatReasons = new(StringComparer.Ordinal);
        HashSet<NodeProto> compute = new(ReferenceEqualityComparer.Instance);
        HashSet<(string, string)> functions = OperatorTraits.FunctionsWithCompute(model);
        foreach ((NodeProto node, GraphIndex index) in nodes)
        {
            if (functions.Contains((node.Domain, node.OpType)))
                floatReasons[node.Name] = "it is a function of the model, which stays as it is";
            else if (!OperatorTraits.IsCompute(node))
                continue;
            else if (reasonFloat(node, index) is { } reason)
                floatReasons[node.Name] = reason;
            else
                compute.Add(node);
        }

        HashSet<NodeProto> connecting = ConnectingNodes(nodes, compute, (node, index) => OperatorTraits.CanConnect(node, index, operators) && mayConnect(node, index));
        (NodeProto Node, GraphIndex Index)[] quantized = [.. nodes.Where(pair => compute.Contains(pair.Node) || connecting.Contains(pair.Node))];
        HashSet<string> read = new(quantized.SelectMany(pair => OperatorTraits.ActivationInputs(pair.Node, pair.Index)), StringComparer.Ordinal);
        Dictionary<string, string> shared = new(StringComparer.Ordinal);
        List<string> activations = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach ((NodeProto node, GraphIndex index) in quantized)
        {
            foreach (string input in OperatorTraits.ActivationInputs(node, index))
                if (seen.Add(input))
                    activations.Add(input);

            string result = QuantizedResult(node, index);
            // Gemm and MatMul have kernels with integer operands and a float result; every other node must be closed by a QuantizeLinear.
            if ((node.OpType is "Gemm" or "MatMul" && !read.Contains(result)) || !seen.Add(result))
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
            floatReasons.ToImmutableSortedDictionary(StringComparer.Ordinal))
        {
            Operators = operators,
        };
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

    private static HashSet<NodeProto> ConnectingNodes((NodeProto Node, GraphIndex Index)[] nodes, HashSet<NodeProto> compute, Func<NodeProto, GraphIndex, bool> mayConnect)
    {
        // Forward: whatever has only integer inputs may join, and a value that a compute node quantizes is one: a shortcut past a float Conv, say.
        // Backward: what feeds no integer node only moves a conversion, and leaves again.
        HashSet<NodeProto> joined = new(ReferenceEqualityComparer.Instance);
        HashSet<string> integerValues = new(nodes.Where(pair => compute.Contains(pair.Node)).SelectMany(pair => OperatorTraits.ActivationInputs(pair.Node, pair.Index)), StringComparer.Ordinal);
        foreach ((NodeProto node, GraphIndex index) in nodes)
        {
            if (!compute.Contains(node))
            {
                if (!mayConnect(node, index) || !OperatorTraits.ActivationInputs(node, index).All(integerValues.Contains))
                    continue;
                joined.Add(node);
            }
            integerValues.Add(QuantizedResult(node, index));
        }
        HashSet<string> read = new(StringComparer.Ordinal);
        foreach ((NodeProto node, GraphIndex index) in Enumerable.Reverse(nodes))
        {
            if (joined.Contains(node) && !read.Contains(QuantizedResult(node, index)))
                joined.Remove(node);
            if (compute.Contains(node) || joined.Contains(node))
                read.UnionWith(OperatorTraits.ActivationInputs(node, index));
        }
        return joined;
    }
}
