using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Removes nodes whose results nobody reads, initializers that nobody reads (ONNX Runtime logs a warning for each), and graph inputs that
/// only repeat an initializer (IR 3 asked for them; they would let a caller override a weight).
/// </summary>
public static class RemoveUnused
{
    /// <summary>Returns the rewritten model; the argument is left as it is.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        ModelProto result = model.Clone();
        GraphProto graph = result.Graph;
        HashSet<string> needed = new(graph.Output.Select(output => output.Name), StringComparer.Ordinal);
        List<NodeProto> kept = [];
        foreach (NodeProto node in graph.Node.Reverse())
        {
            if (!node.Output.Any(needed.Contains))
                continue;
            kept.Add(node);
            needed.UnionWith(node.Input);
            needed.UnionWith(node.CapturedNames());
        }
        kept.Reverse();
        graph.Node.Clear();
        graph.Node.AddRange(kept);

        HashSet<string> constants = new(graph.Initializer.Select(initializer => initializer.Name), StringComparer.Ordinal);
        Replace(graph.Initializer, initializer => needed.Contains(initializer.Name));
        Replace(graph.Input, input => !constants.Contains(input.Name));

        HashSet<string> values = new(graph.Node.SelectMany(node => node.Output), StringComparer.Ordinal);
        Replace(graph.ValueInfo, info => values.Contains(info.Name));
        return result;
    }

    private static void Replace<T>(Google.Protobuf.Collections.RepeatedField<T> field, Func<T, bool> keep)
    {
        T[] kept = [.. field.Where(keep)];
        field.Clear();
        field.AddRange(kept);
    }
}
