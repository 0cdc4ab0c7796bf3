using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>
/// One graph while it is rewritten. Each change updates the <see cref="Index"/> at once and the list of nodes at the end
/// (<see cref="Commit"/>), so that any number of changes costs one pass over the graph.
/// </summary>
public sealed class GraphEditor
{
    private readonly Dictionary<NodeProto, NodeProto[]> _replaced = new(ReferenceEqualityComparer.Instance);
    private readonly GraphEditor? _outer;
    private Dictionary<string, TypeProto.Types.Tensor>? _types;

    /// <summary>Begins to edit a graph.</summary>
    /// <param name="graph">The graph; changed in place.</param>
    /// <param name="names">The names of the whole model.</param>
    /// <param name="outer">For a graph inside a node, the editor of the graph around it, committed already.</param>
    public GraphEditor(GraphProto graph, UniqueNames names, GraphEditor? outer = null)
    {
        Names = names;
        Index = new GraphIndex(graph, outer?.Index);
        _outer = outer;
    }

    /// <summary>The graph.</summary>
    public GraphProto Graph => Index.Graph;

    /// <summary>Who produces and reads what, in step with every change made here.</summary>
    public GraphIndex Index { get; }

    /// <summary>The names of the whole model.</summary>
    public UniqueNames Names { get; }

    /// <summary>Whether the node has not been removed or replaced.</summary>
    public bool Contains(NodeProto node) => !_replaced.ContainsKey(node);

    /// <summary>Takes a node away. Whoever still reads its results must be given others.</summary>
    public void Remove(NodeProto node)
    {
        Index.Remove(node);
        _replaced.Add(node, []);
    }

    /// <summary>Puts new nodes, in their order, at the place of an old one.</summary>
    public void Replace(NodeProto node, params NodeProto[] by)
    {
        Index.Remove(node);
        foreach (NodeProto next in by)
            Index.Add(next);
        _replaced.Add(node, by);
    }

    /// <summary>Changes a node's own fields, such as inputs and outputs.</summary>
    public void Change(NodeProto node, Action<NodeProto> change)
    {
        Index.Remove(node);
        change(node);
        Index.Add(node);
    }

    /// <summary>Adds a constant and returns its name.</summary>
    public string Add(TensorProto initializer)
    {
        Graph.Initializer.Add(initializer);
        Index.Add(initializer);
        return initializer.Name;
    }

    /// <summary>Gives every reader of a value another value instead, in subgraphs too. The graph's own outputs keep their names.</summary>
    public void RedirectReads(string from, string to)
    {
        foreach (NodeProto reader in Index.Consumers(from).ToArray())
            Change(reader, node => RedirectReads(node, from, to));
    }

    /// <summary>What is known of a value's type, from constants, inputs, outputs and value infos of this graph and those around it; or null.</summary>
    public TypeProto.Types.Tensor? TypeOf(string value)
    {
        _types ??= KnownTypes(Graph);
        return _types.GetValueOrDefault(value) ?? _outer?.TypeOf(value);
    }

    /// <summary>A value's extents, -1 where they are dynamic; null where not even their number is known.</summary>
    public long[]? ShapeOf(string value)
    {
        if (Index.Initializer(value) is { } tensor)
            return [.. tensor.Dims];
        return TypeOf(value)?.Shape is { } shape ? [.. shape.Dim.Select(extent => extent.HasDimValue ? extent.DimValue : -1)] : null;
    }

    /// <summary>A value's element type, or null where it is not known.</summary>
    public TensorProto.Types.DataType? ElementTypeOf(string value)
    {
        int type = Index.Initializer(value)?.DataType ?? TypeOf(value)?.ElemType ?? 0;
        return type == 0 ? null : (TensorProto.Types.DataType)type;
    }

    /// <summary>Brings the graph's list of nodes up to date.</summary>
    public void Commit()
    {
        if (_replaced.Count == 0)
            return;
        List<NodeProto> nodes = new(Graph.Node.Count);
        foreach (NodeProto node in Graph.Node)
            AddCurrent(node, nodes);
        Graph.Node.Clear();
        Graph.Node.AddRange(nodes);
        _replaced.Clear();
    }

    private void AddCurrent(NodeProto node, List<NodeProto> nodes)
    {
        if (!_replaced.TryGetValue(node, out NodeProto[]? by))
            nodes.Add(node);
        else
            foreach (NodeProto next in by)
                AddCurrent(next, nodes);
    }

    private static void RedirectReads(NodeProto node, string from, string to)
    {
        for (int i = 0; i < node.Input.Count; i++)
            if (node.Input[i] == from)
                node.Input[i] = to;
        foreach (GraphProto subgraph in node.Subgraphs())
        {
            // A graph that defines the name itself means another value by it.
            if (subgraph.DefinedNames().Contains(from))
                continue;
            foreach (NodeProto inner in subgraph.Node)
                RedirectReads(inner, from, to);
            foreach (ValueInfoProto leaving in subgraph.Output.Where(output => output.Name == from))
                leaving.Name = to;
        }
    }

    private static Dictionary<string, TypeProto.Types.Tensor> KnownTypes(GraphProto graph)
    {
        Dictionary<string, TypeProto.Types.Tensor> types = new(StringComparer.Ordinal);
        foreach (ValueInfoProto info in graph.ValueInfo.Concat(graph.Output).Concat(graph.Input))
            if (info.Type?.TensorType is { } type)
                types[info.Name] = type;
        return types;
    }
}
