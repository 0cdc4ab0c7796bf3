using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Methods;

/// <summary>The constants that the nodes of a graph see: its own, and those of the graphs around it unless a value of its own hides them.</summary>
internal sealed class ConstantScope
{
    private readonly ConstantScope? _outer;
    private readonly Dictionary<string, TensorProto> _initializers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _computed;

    public ConstantScope(GraphProto graph, ConstantScope? outer)
    {
        Graph = graph;
        _outer = outer;
        _computed = new HashSet<string>(graph.Node.SelectMany(node => node.Output).Concat(graph.Input.Select(input => input.Name)), StringComparer.Ordinal);
        foreach (TensorProto initializer in graph.Initializer)
            _initializers[initializer.Name] = initializer;
    }

    /// <summary>The graph whose nodes see these constants.</summary>
    public GraphProto Graph { get; }

    /// <summary>The constant behind a name, or null.</summary>
    public TensorProto? Find(string name) => Owner(name)?._initializers[name];

    /// <summary>The graph that holds the constant behind a name, or null.</summary>
    public GraphProto? GraphOf(string name) => Owner(name)?.Graph;

    private ConstantScope? Owner(string name)
    {
        if (name.Length == 0)
            return null;
        // An initializer that is an input too can be overridden by the caller and is no constant; preparation removes such inputs.
        if (_computed.Contains(name))
            return null;
        return _initializers.ContainsKey(name) ? this : _outer?.Owner(name);
    }
}
