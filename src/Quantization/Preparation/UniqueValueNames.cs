using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Gives every value inside subgraphs a name that no other value of the model has, so that plans and ranges can go by name: the branches of an If may
/// use the same ones. The main graph's values keep their names.
/// </summary>
/// <remarks>
/// A value that hides one of the graph around it gets a name of its own as well. The specification forbids such, and ONNX Runtime, which refuses them where they are
/// computed, reads the wrong one where they are constants.
/// </remarks>
public static class UniqueValueNames
{
    /// <summary>Returns the rewritten model; the argument is left as it is.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        if (!model.Graph.Node.Any(node => node.Subgraphs().Any()))
            return model;
        ModelProto result = model.Clone();
        UniqueNames names = new(result);
        HashSet<string> used = result.Graph.DefinedNames();
        foreach (GraphProto subgraph in result.Graph.Node.SelectMany(node => node.Subgraphs()))
            Rename(subgraph, null, used, names);
        return result;
    }

    private static void Rename(GraphProto graph, Scope? outer, HashSet<string> used, UniqueNames names)
    {
        Scope scope = new(outer);
        foreach (string value in graph.DefinedNames().Where(value => value.Length > 0))
        {
            // A name that stays is kept here too: a graph around may have had to change its own.
            string name = used.Add(value) ? value : names.Fresh(value);
            used.Add(name);
            scope.Names.Add(value, name);
        }

        foreach (ValueInfoProto info in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
            info.Name = scope.Find(info.Name);
        foreach (TensorProto tensor in graph.Initializer.Concat(graph.SparseInitializer.Select(sparse => sparse.Values).Where(values => values is not null)))
            tensor.Name = scope.Find(tensor.Name);
        foreach (NodeProto node in graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
                node.Input[i] = scope.Find(node.Input[i]);
            for (int i = 0; i < node.Output.Count; i++)
                node.Output[i] = scope.Find(node.Output[i]);
            foreach (GraphProto subgraph in node.Subgraphs())
                Rename(subgraph, scope, used, names);
        }
    }

    /// <summary>The new names of the values that a graph defines, and of those around it.</summary>
    private sealed class Scope(Scope? outer)
    {
        public Dictionary<string, string> Names { get; } = new(StringComparer.Ordinal);

        public string Find(string value) => Names.TryGetValue(value, out string? name) ? name : outer?.Find(value) ?? value;
    }
}
