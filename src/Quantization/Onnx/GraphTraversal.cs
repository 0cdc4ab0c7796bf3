using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>Walks over graphs and the graphs inside their nodes (If, Loop, Scan).</summary>
public static class GraphTraversal
{
    /// <summary>The graph itself, then every graph in its nodes' attributes, outermost first.</summary>
    public static IEnumerable<GraphProto> WithSubgraphs(this GraphProto graph)
    {
        Stack<GraphProto> pending = new([graph]);
        while (pending.TryPop(out GraphProto? current))
        {
            yield return current;
            foreach (NodeProto node in current.Node)
                foreach (GraphProto subgraph in node.Subgraphs())
                    pending.Push(subgraph);
        }
    }

    /// <summary>The graphs in a node's own attributes.</summary>
    public static IEnumerable<GraphProto> Subgraphs(this NodeProto node) =>
        node.Attribute.SelectMany(attribute => attribute.G is null ? attribute.Graphs : attribute.Graphs.Prepend(attribute.G));

    /// <summary>Names that the node's subgraphs read from the graphs around them.</summary>
    public static IEnumerable<string> CapturedNames(this NodeProto node) => node.Subgraphs().SelectMany(CapturedNames).Distinct(StringComparer.Ordinal);

    private static IEnumerable<string> CapturedNames(GraphProto graph)
    {
        HashSet<string> defined = new(StringComparer.Ordinal);
        defined.UnionWith(graph.Input.Select(input => input.Name));
        defined.UnionWith(graph.Initializer.Select(initializer => initializer.Name));
        defined.UnionWith(graph.Node.SelectMany(node => node.Output));
        return graph.Node.SelectMany(node => node.Input.Concat(node.CapturedNames()))
            .Concat(graph.Output.Select(output => output.Name))
            .Where(name => name.Length > 0 && !defined.Contains(name));
    }
}
