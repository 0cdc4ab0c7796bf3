using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>Who produces and who reads each value of one graph. A snapshot: it does not follow later changes of the graph.</summary>
public sealed class GraphIndex
{
    private readonly Dictionary<string, NodeProto> _producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<NodeProto>> _consumers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorProto> _initializers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _outputs;

    /// <summary>Indexes a graph. A node that reads a value inside its subgraphs counts as its consumer.</summary>
    public GraphIndex(GraphProto graph)
    {
        Graph = graph;
        _outputs = new HashSet<string>(graph.Output.Select(output => output.Name), StringComparer.Ordinal);
        foreach (TensorProto initializer in graph.Initializer)
            _initializers[initializer.Name] = initializer;
        foreach (NodeProto node in graph.Node)
        {
            foreach (string output in node.Output)
                if (output.Length > 0)
                    _producers[output] = node;
            foreach (string input in node.Input.Concat(node.CapturedNames()).Distinct(StringComparer.Ordinal))
            {
                if (input.Length == 0)
                    continue;
                if (!_consumers.TryGetValue(input, out List<NodeProto>? readers))
                    _consumers[input] = readers = [];
                readers.Add(node);
            }
        }
    }

    /// <summary>The graph that was indexed.</summary>
    public GraphProto Graph { get; }

    /// <summary>The node that computes the value; null for inputs, initializers and values of outer graphs.</summary>
    public NodeProto? Producer(string value) => _producers.GetValueOrDefault(value);

    /// <summary>The nodes that read the value, each once, in graph order.</summary>
    public IReadOnlyList<NodeProto> Consumers(string value) => _consumers.TryGetValue(value, out List<NodeProto>? readers) ? readers : [];

    /// <summary>The constant behind the value, or null.</summary>
    public TensorProto? Initializer(string value) => _initializers.GetValueOrDefault(value);

    /// <summary>Whether the value leaves the graph.</summary>
    public bool IsOutput(string value) => _outputs.Contains(value);

    /// <summary>The only reader of a value that does not leave the graph; null otherwise.</summary>
    public NodeProto? SoleConsumer(string value) => !IsOutput(value) && Consumers(value) is [NodeProto consumer] ? consumer : null;

    /// <summary>The constant scalar behind the value (any shape with one element), or null.</summary>
    public float? Scalar(string value) =>
        Initializer(value) is { } tensor && tensor.IsFloatingPoint() && tensor.ElementCount() == 1 ? tensor.ToFloats()[0] : null;
}
