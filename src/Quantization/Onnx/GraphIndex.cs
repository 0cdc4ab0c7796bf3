using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>
/// Who produces and who reads each value of one graph. A snapshot: it does not follow later changes of the graph, unless they are made by the
/// <see cref="GraphEditor"/> that it belongs to.
/// </summary>
public sealed class GraphIndex
{
    private readonly Dictionary<string, NodeProto> _producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<NodeProto>> _consumers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorProto> _initializers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _inputs;
    private readonly HashSet<string> _outputs;
    private readonly Lazy<Dictionary<string, long?[]>> _extents;

    /// <summary>Indexes a graph. A node that reads a value inside its subgraphs counts as its consumer.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="outer">For a graph inside a node, the graph around it: its constants can be read here too.</param>
    /// <param name="holder">For a graph inside a node, the node.</param>
    public GraphIndex(GraphProto graph, GraphIndex? outer = null, NodeProto? holder = null)
    {
        Graph = graph;
        Outer = outer;
        Holder = holder;
        _inputs = new HashSet<string>(graph.Input.Select(input => input.Name), StringComparer.Ordinal);
        _outputs = new HashSet<string>(graph.Output.Select(output => output.Name), StringComparer.Ordinal);
        foreach (TensorProto initializer in graph.Initializer)
            _initializers[initializer.Name] = initializer;
        _extents = new Lazy<Dictionary<string, long?[]>>(() => KnownExtents(graph));
        foreach (NodeProto node in graph.Node)
            Add(node);
    }

    /// <summary>The graph that was indexed.</summary>
    public GraphProto Graph { get; }

    /// <summary>The graph around this one; null for the main graph.</summary>
    public GraphIndex? Outer { get; }

    /// <summary>The node (If, Loop, Scan) that this graph belongs to; null for the main graph, or where it was not told.</summary>
    public NodeProto? Holder { get; }

    /// <summary>
    /// Every node of a graph and of those inside it, each with the index of its own graph. The nodes inside a node come before it, so that
    /// whatever reads a value comes after what computes it.
    /// </summary>
    public static IEnumerable<(NodeProto Node, GraphIndex Index)> Nodes(GraphProto graph) => Nodes(new GraphIndex(graph));

    /// <summary>The node that computes the value; null for inputs, initializers and values of outer graphs.</summary>
    public NodeProto? Producer(string value) => _producers.GetValueOrDefault(value);

    /// <summary>The nodes that read the value, each once, in graph order.</summary>
    public IReadOnlyList<NodeProto> Consumers(string value) => _consumers.TryGetValue(value, out List<NodeProto>? readers) ? readers : [];

    /// <summary>The constant behind the value, of this graph or of one around it, or null.</summary>
    public TensorProto? Initializer(string value) => Owner(value)?._initializers[value];

    /// <summary>The graph, this one or one around it, that has the constant behind the value; null where it is no constant.</summary>
    public GraphProto? GraphOfInitializer(string value) => Owner(value)?.Graph;

    /// <summary>Whether the value leaves the graph.</summary>
    public bool IsOutput(string value) => _outputs.Contains(value);

    /// <summary>The only reader of a value that does not leave the graph; null otherwise.</summary>
    public NodeProto? SoleConsumer(string value) => !IsOutput(value) && Consumers(value) is [NodeProto consumer] ? consumer : null;

    /// <summary>The constant scalar behind the value (any shape with one element), or null.</summary>
    public float? Scalar(string value) =>
        Initializer(value) is { } tensor && tensor.IsFloatingPoint() && tensor.ElementCount() == 1 ? tensor.ToFloats()[0] : null;

    /// <summary>The extents of a value as the graph tells them, null for one that is unknown; null where not even their number is known.</summary>
    public long?[]? Extents(string value) => _extents.Value.GetValueOrDefault(value);

    internal void Add(NodeProto node)
    {
        foreach (string output in node.Output)
            if (output.Length > 0)
                _producers[output] = node;
        foreach (string input in Reads(node))
        {
            if (!_consumers.TryGetValue(input, out List<NodeProto>? readers))
                _consumers[input] = readers = [];
            readers.Add(node);
        }
    }

    internal void Remove(NodeProto node)
    {
        foreach (string output in node.Output)
            if (ReferenceEquals(_producers.GetValueOrDefault(output), node))
                _producers.Remove(output);
        foreach (string input in Reads(node))
        {
            // By reference: nodes compare by content, which would be slow, and wrong for twins.
            List<NodeProto> readers = _consumers[input];
            readers.RemoveAt(readers.FindIndex(reader => ReferenceEquals(reader, node)));
        }
    }

    internal void Add(TensorProto initializer) => _initializers[initializer.Name] = initializer;

    private GraphIndex? Owner(string value)
    {
        if (_initializers.ContainsKey(value))
            return this;
        return _producers.ContainsKey(value) || _inputs.Contains(value) ? null : Outer?.Owner(value);
    }

    private static IEnumerable<(NodeProto Node, GraphIndex Index)> Nodes(GraphIndex index)
    {
        foreach (NodeProto node in index.Graph.Node)
        {
            foreach ((NodeProto, GraphIndex) inner in node.Subgraphs().SelectMany(subgraph => Nodes(new GraphIndex(subgraph, index, node))))
                yield return inner;
            yield return (node, index);
        }
    }

    private static Dictionary<string, long?[]> KnownExtents(GraphProto graph)
    {
        Dictionary<string, long?[]> extents = new(StringComparer.Ordinal);
        foreach (ValueInfoProto info in graph.ValueInfo.Concat(graph.Output).Concat(graph.Input))
            if (info.Type?.TensorType?.Shape is { } shape)
                extents[info.Name] = [.. shape.Dim.Select(extent => extent.HasDimValue ? extent.DimValue : (long?)null)];
        return extents;
    }

    private static IEnumerable<string> Reads(NodeProto node) =>
        node.Input.Concat(node.CapturedNames()).Where(input => input.Length > 0).Distinct(StringComparer.Ordinal);
}
