using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Methods;

/// <summary>Which nodes of a model a variant without calibration rewrites, subgraphs included.</summary>
/// <param name="Nodes">The very node objects of the model that was planned; names repeat between subgraphs.</param>
/// <param name="FloatReasons">Compute nodes that stay float, by name, with the reason.</param>
public sealed record NodePlan(ImmutableHashSet<NodeProto> Nodes, ImmutableSortedDictionary<string, string> FloatReasons)
{
    /// <summary>Goes over every node of a model.</summary>
    /// <param name="model">The prepared model.</param>
    /// <param name="exclude">Nodes and operators that stay float.</param>
    /// <param name="concerns">Whether the variant has anything to say about an operator.</param>
    /// <param name="reasonNot">Why a node stays float; null where it is rewritten.</param>
    internal static NodePlan Make(
        ModelProto model, IReadOnlyList<NodePattern> exclude, Func<NodeProto, bool> concerns, Func<NodeProto, ConstantScope, string?> reasonNot)
    {
        ImmutableHashSet<NodeProto>.Builder nodes = ImmutableHashSet.CreateBuilder<NodeProto>(ReferenceEqualityComparer.Instance);
        ImmutableSortedDictionary<string, string>.Builder reasons = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        Walk(model.Graph, null);
        return new NodePlan(nodes.ToImmutable(), reasons.ToImmutable());

        void Walk(GraphProto graph, ConstantScope? outer)
        {
            ConstantScope scope = new(graph, outer);
            foreach (NodeProto node in graph.Node)
            {
                foreach (GraphProto subgraph in node.Subgraphs())
                    Walk(subgraph, scope);
                if (!concerns(node))
                    continue;
                string? reason = exclude.Any(pattern => pattern.Matches(node)) ? "it is excluded" : reasonNot(node, scope);
                if (reason is null)
                    nodes.Add(node);
                else if (OperatorTraits.IsCompute(node))
                    reasons[node.DisplayName()] = reason;
            }
        }
    }
}
