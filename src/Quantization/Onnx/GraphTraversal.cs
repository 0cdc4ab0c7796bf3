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
    public static IEnumerable<GraphProto> Subgraphs(this NodeProto node)
    {
        // Nearly every node has none: no iterators for those.
        foreach (AttributeProto attribute in node.Attribute)
            if (attribute.G is not null || attribute.Graphs.Count > 0)
                return node.Attribute.SelectMany(candidate => candidate.G is null ? candidate.Graphs : candidate.Graphs.Prepend(candidate.G));
        return [];
    }

    /// <summary>Every constant tensor of the model: initializers, dense and sparse, and tensors in attributes, in functions too.</summary>
    public static IEnumerable<TensorProto> ConstantTensors(this ModelProto model)
    {
        foreach (GraphProto graph in model.Graph.WithSubgraphs().Concat(model.Functions.SelectMany(function => function.Node).SelectMany(Subgraphs).SelectMany(WithSubgraphs)))
        {
            foreach (TensorProto tensor in graph.Initializer.Concat(graph.SparseInitializer.SelectMany(Parts)).Concat(graph.Node.SelectMany(AttributeTensors)))
                yield return tensor;
        }
        foreach (TensorProto tensor in model.Functions.SelectMany(function => function.Node).SelectMany(AttributeTensors))
            yield return tensor;
    }

    /// <summary>Names that the node's subgraphs read from the graphs around them.</summary>
    public static IEnumerable<string> CapturedNames(this NodeProto node) => node.Subgraphs().SelectMany(CapturedNames).Distinct(StringComparer.Ordinal);

    /// <summary>The names that a graph gives to values itself.</summary>
    public static HashSet<string> DefinedNames(this GraphProto graph)
    {
        HashSet<string> defined = new(StringComparer.Ordinal);
        defined.UnionWith(graph.Input.Select(input => input.Name));
        defined.UnionWith(graph.Initializer.Select(initializer => initializer.Name));
        defined.UnionWith(graph.SparseInitializer.Select(initializer => initializer.Values?.Name ?? ""));
        defined.UnionWith(graph.Node.SelectMany(node => node.Output));
        return defined;
    }

    private static IEnumerable<string> CapturedNames(GraphProto graph)
    {
        HashSet<string> defined = graph.DefinedNames();
        return graph.Node.SelectMany(node => node.Input.Concat(node.CapturedNames()))
            .Concat(graph.Output.Select(output => output.Name))
            .Where(name => name.Length > 0 && !defined.Contains(name));
    }

    private static IEnumerable<TensorProto> AttributeTensors(NodeProto node) => node.Attribute.SelectMany(attribute =>
        new[] { attribute.T }.Concat(attribute.Tensors)
            .Concat(new[] { attribute.SparseTensor }.Concat(attribute.SparseTensors).Where(sparse => sparse is not null).SelectMany(Parts))
            .Where(tensor => tensor is not null));

    private static IEnumerable<TensorProto> Parts(SparseTensorProto sparse) => new[] { sparse.Values, sparse.Indices }.Where(tensor => tensor is not null);
}
