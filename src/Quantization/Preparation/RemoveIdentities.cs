using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>Removes operators that do nothing at inference: Identity, and Dropout whose mask nobody reads.</summary>
public static class RemoveIdentities
{
    /// <summary>Returns the rewritten model; the argument is left as it is. A value that leaves the graph keeps its name.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        ModelProto result = model.Clone();
        GraphProto graph = result.Graph;
        foreach (NodeProto node in graph.Node.Where(node => node.OpType is "Identity" or "Dropout").ToArray())
        {
            // Each removal changes who reads what, so that the next one needs a fresh index; there are few.
            GraphIndex index = new(graph);
            if (!DoesNothing(node, index))
                continue;

            (string input, string output) = (node.Input[0], node.Output[0]);
            if (!index.IsOutput(output))
            {
                RenameReads(graph, output, input);
                graph.Node.Remove(node);
            }
            else if (index.Producer(input) is { } producer && !index.IsOutput(input))
            {
                // The graph's output must keep its name: the producer writes it directly.
                producer.Output[producer.Output.IndexOf(input)] = output;
                graph.Node.Remove(node);
                RenameReads(graph, input, output);
            }
        }
        return result;
    }

    private static bool DoesNothing(NodeProto node, GraphIndex index)
    {
        if (node.Is("Identity"))
            return true;
        bool maskUnread = node.Output.Count < 2 || node.Output[1].Length == 0 || (index.Consumers(node.Output[1]).Count == 0 && !index.IsOutput(node.Output[1]));
        // From opset 12 on, a third input switches training mode on.
        return node.Is("Dropout") && maskUnread && node.InputAt(2).Length == 0;
    }

    private static void RenameReads(GraphProto graph, string from, string to)
    {
        foreach (GraphProto inner in graph.WithSubgraphs())
        {
            foreach (NodeProto reader in inner.Node)
                for (int i = 0; i < reader.Input.Count; i++)
                    if (reader.Input[i] == from)
                        reader.Input[i] = to;
            if (!ReferenceEquals(inner, graph))
                foreach (ValueInfoProto leaving in inner.Output.Where(output => output.Name == from))
                    leaving.Name = to;
        }
    }
}
