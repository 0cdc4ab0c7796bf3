using System.Collections.Immutable;

namespace Octet.Quantization.Methods;

/// <summary>
/// Which nodes of a prepared model become integer, and which values between them become 8-bit, in all its graphs: preparation gives each node and each
/// value a name of its own over the whole model.
/// </summary>
/// <param name="ComputeNodes">Names of the nodes with constant weights (Conv, Gemm, MatMul) that become integer.</param>
/// <param name="ConnectingNodes">Names of the nodes between them that have integer kernels too and save conversions.</param>
/// <param name="Activations">Values that get a scale of their own; each needs a calibrated range.</param>
/// <param name="SharedParameters">Values that take the scale of another: the results of nodes that only move or pick values.</param>
/// <param name="FloatReasons">Compute nodes that stay float, by name, with the reason.</param>
public sealed record QuantizationPlan(
    ImmutableHashSet<string> ComputeNodes,
    ImmutableHashSet<string> ConnectingNodes,
    ImmutableArray<string> Activations,
    ImmutableDictionary<string, string> SharedParameters,
    ImmutableSortedDictionary<string, string> FloatReasons)
{
    /// <summary>The operators that the plan was made for: whoever writes it must have them.</summary>
    public ConnectingOperators Operators { get; init; }

    /// <summary>Every value that this plan, or one that leaves more nodes float, needs a range of.</summary>
    public ImmutableArray<string> Observed => [.. Activations, .. SharedParameters.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Whether the node becomes integer.</summary>
    public bool Contains(string node) => ComputeNodes.Contains(node) || ConnectingNodes.Contains(node);
}
