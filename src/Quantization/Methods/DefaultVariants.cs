using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Methods;

/// <summary>What is tried where the user asks for nothing: variants that apply to the model and may well be faster. Each costs the build time.</summary>
public static class DefaultVariants
{
    // Below, the weights of all products fit a processor's caches, and 4 bits only cost accuracy.
    private const long ManyWeights = 16_000_000;

    /// <summary>The variants for a model.</summary>
    /// <param name="original">Domain and name of the model's operators as it came, in any order.</param>
    /// <param name="prepared">The model after preparation.</param>
    /// <param name="exclude">Nodes and operators that stay float.</param>
    /// <param name="target">The processors to make variants for.</param>
    /// <param name="calibrated">Whether there is something to calibrate on.</param>
    /// <returns>
    /// <c>float-optimized</c> where preparation changed an operator; one static variant where it can quantize a node; <c>int8-dynamic</c> and
    /// <c>int8-weights</c> where matrix products, LSTM and attention hold at least half of the weights, <c>int4-weights</c> where they hold very many.
    /// <c>float16</c> never: a CPU gains nothing by it.
    /// </returns>
    public static ImmutableArray<string> Of(IEnumerable<string> original, ModelProto prepared, IReadOnlyList<NodePattern> exclude, QuantizationTarget target, bool calibrated)
    {
        ImmutableArray<string>.Builder variants = ImmutableArray.CreateBuilder<string>();
        if (!original.Order(StringComparer.Ordinal).SequenceEqual(Operators(prepared).Order(StringComparer.Ordinal)))
            variants.Add(Variants.FloatOptimized);
        if (calibrated && !StaticQuantization.Plan(prepared, exclude).ComputeNodes.IsEmpty)
            variants.Add(target.SaturatesPairs ? Variants.Int8Portable : Variants.Int8);

        long weights = ComputeNodes(prepared).Sum(pair => WeightsOf(pair.Node, pair.Constants));
        NodePlan dynamic = DynamicQuantization.Plan(prepared, exclude);
        if (Share(dynamic) > 0 && 2 * Share(dynamic) >= weights)
            variants.Add(Variants.Int8Dynamic);
        foreach ((string variant, int bits, long least) in new[] { (Variants.Int8Weights, 8, 1), (Variants.Int4Weights, 4, ManyWeights) })
        {
            NodePlan plan = WeightOnlyQuantization.Plan(prepared, exclude, bits);
            if (Share(plan) >= least && 2 * Share(plan) >= weights)
                variants.Add(variant);
        }
        return variants.ToImmutable();

        long Share(NodePlan plan) => ComputeNodes(prepared).Where(pair => plan.Nodes.Contains(pair.Node)).Sum(pair => WeightsOf(pair.Node, pair.Constants));
    }

    /// <summary>Why no variant can quantize anything, in the words of the static plan; null where one could, with data or on request.</summary>
    public static string? ReasonNothing(ModelProto prepared, IReadOnlyList<NodePattern> exclude)
    {
        QuantizationPlan plan = StaticQuantization.Plan(prepared, exclude);
        if (!plan.ComputeNodes.IsEmpty || !DynamicQuantization.Plan(prepared, exclude).Nodes.IsEmpty)
            return null;
        return plan.FloatReasons.IsEmpty
            ? "it has no Conv, Gemm or MatMul"
            : $"of its {plan.FloatReasons.Count} compute nodes none can be integer, {plan.FloatReasons.First().Key} because {plan.FloatReasons.First().Value}";
    }

    /// <summary>Domain and name of every operator of a model, subgraphs included, but for the Constants that are initializers in other words.</summary>
    public static IEnumerable<string> Operators(ModelProto model) =>
        model.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Where(node => !node.Is("Constant")).Select(node => $"{(node.IsStandard() ? "" : node.Domain)}:{node.OpType}");

    private static IEnumerable<(NodeProto Node, ConstantScope Constants)> ComputeNodes(ModelProto model) => Walk(model.Graph, null);

    private static IEnumerable<(NodeProto Node, ConstantScope Constants)> Walk(GraphProto graph, ConstantScope? outer)
    {
        ConstantScope scope = new(graph, outer);
        foreach (NodeProto node in graph.Node)
        {
            if (OperatorTraits.IsCompute(node))
                yield return (node, scope);
            foreach ((NodeProto, ConstantScope) inner in node.Subgraphs().SelectMany(subgraph => Walk(subgraph, scope)))
                yield return inner;
        }
    }

    private static long WeightsOf(NodeProto node, ConstantScope constants) =>
        new[] { 1, 2 }.Take(node.OpType is "LSTM" or "GRU" or "RNN" ? 2 : 1).Sum(input => (long)(constants.Find(node.InputAt(input))?.ElementCount() ?? 0));
}
