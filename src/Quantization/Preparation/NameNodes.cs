using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>Gives every node of the model, subgraphs included, a name of its own, so that reports, exclusions and plans can speak of it.</summary>
public static class NameNodes
{
    /// <summary>Returns the rewritten model; the argument is left as it is. Names that are already unique stay.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        ModelProto result = model.Clone();
        UniqueNames names = new(result);
        HashSet<string> used = new(StringComparer.Ordinal);
        foreach (NodeProto node in result.Graph.WithSubgraphs().SelectMany(graph => graph.Node))
        {
            if (node.Name.Length == 0)
                node.Name = names.Fresh(node.Output.FirstOrDefault(output => output.Length > 0) is { } output ? $"{node.OpType}:{output}" : node.OpType);
            else if (!used.Add(node.Name))
                node.Name = names.Fresh(node.Name);
            used.Add(node.Name);
        }
        return result;
    }
}
