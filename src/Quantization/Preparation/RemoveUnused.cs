using Google.Protobuf.Collections;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Removes nodes whose results nobody reads and initializers that nobody reads (ONNX Runtime logs a warning for each), in subgraphs too.
/// </summary>
public static class RemoveUnused
{
    /// <summary>Returns the rewritten model; the argument is left as it is.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        ModelProto result = model.Clone();
        // Innermost first: what a subgraph no longer reads, nobody need compute around it.
        foreach (GraphProto graph in result.Graph.WithSubgraphs().Reverse().ToArray())
            Clean(graph);
        return result;
    }

    private static void Clean(GraphProto graph)
    {
        HashSet<string> needed = new(graph.Output.Select(output => output.Name), StringComparer.Ordinal);
        List<NodeProto> kept = [];
        foreach (NodeProto node in graph.Node.Reverse())
        {
            if (!node.Output.Any(needed.Contains))
                continue;
            kept.Add(node);
            needed.UnionWith(node.Input.Concat(node.CapturedNames()));
            // An input that is left out reads nothing; an output that is left out has the same empty name.
            needed.Remove("");
        }
        kept.Reverse();
        graph.Node.Clear();
        graph.Node.AddRange(kept);

        graph.Initializer.KeepWhere(initializer => needed.Contains(initializer.Name));
        graph.SparseInitializer.KeepWhere(initializer => needed.Contains(initializer.Values?.Name ?? ""));
        HashSet<string> values = new(graph.Node.SelectMany(node => node.Output), StringComparer.Ordinal);
        graph.ValueInfo.KeepWhere(info => values.Contains(info.Name));
    }

    /// <summary>Removes what does not pass, in one sweep and by position: protobuf's own removal compares contents.</summary>
    internal static void KeepWhere<T>(this RepeatedField<T> field, Func<T, bool> keep)
    {
        T[] kept = [.. field.Where(keep)];
        if (kept.Length == field.Count)
            return;
        field.Clear();
        field.AddRange(kept);
    }
}
