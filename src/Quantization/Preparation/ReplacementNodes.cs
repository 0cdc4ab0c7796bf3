using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>New nodes that together take one node's place. They are named after it.</summary>
internal sealed class ReplacementNodes(NodeProto replaced, GraphEditor editor)
{
    private readonly List<NodeProto> _nodes = [];

    /// <summary>Adds a node with a new value as its result, and returns that.</summary>
    public string Add(string op, string[] inputs, params AttributeProto[] attributes) => AddAs(editor.Names.Fresh($"{replaced.Output[0]}_{op}"), op, inputs, attributes);

    /// <summary>Adds a node whose result has a name already, and returns that.</summary>
    public string AddAs(string output, string op, string[] inputs, params AttributeProto[] attributes)
    {
        _nodes.Add(Nodes.Create(op, editor.Names.Fresh($"{replaced.DisplayName()}_{op}"), inputs, [output], attributes));
        return output;
    }

    /// <summary>Adds a node with the operator and the attributes of the replaced one, and a new value as its result.</summary>
    public string AddLike(string[] inputs)
    {
        string output = Add(replaced.OpType, inputs, [.. replaced.Attribute.Select(attribute => attribute.Clone())]);
        _nodes[^1].Domain = replaced.Domain;
        return output;
    }

    /// <summary>Adds a constant list of integers, and returns its name.</summary>
    public string Constant(string name, params long[] values) => editor.Add(Tensors.Create(editor.Names.Fresh($"{replaced.Output[0]}_{name}"), [values.Length], values));

    /// <summary>Adds a constant of floats, and returns its name.</summary>
    public string Constant(string name, long[] extents, ReadOnlySpan<float> values) => editor.Add(Tensors.Create(editor.Names.Fresh($"{replaced.Output[0]}_{name}"), extents, values));

    /// <summary>Puts the nodes at the place of the old one.</summary>
    public void Commit() => editor.Replace(replaced, [.. _nodes]);
}
