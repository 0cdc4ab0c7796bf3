using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Emission;

/// <summary>Replaces single nodes of a model by others, in the main graph and in the graphs inside If, Loop and Scan.</summary>
internal abstract class NodeEmitter
{
    private readonly NodePlan _plan;
    private readonly HashSet<string> _replacedConstants = new(StringComparer.Ordinal);

    /// <summary>Takes a model that is rewritten in place, and the plan that was made for it.</summary>
    protected NodeEmitter(ModelProto model, NodePlan plan)
    {
        Model = model;
        _plan = plan;
        Names = new UniqueNames(model);
    }

    protected ModelProto Model { get; }

    protected UniqueNames Names { get; }

    /// <summary>The nodes that take a planned node's place, in their order; they write its outputs.</summary>
    protected abstract IEnumerable<NodeProto> Replace(NodeProto node, ConstantScope constants);

    /// <summary>Does the work.</summary>
    protected ModelProto Rewrite()
    {
        Rewrite(Model.Graph, null);
        RemoveReplaced(Model.Graph);
        return RemoveUnused.Apply(Model);
    }

    /// <summary>Creates a node of an operator that ONNX Runtime adds to the standard.</summary>
    protected NodeProto CreateContrib(string opType, NodeProto replaced, IEnumerable<string> inputs, IEnumerable<string> outputs, params AttributeProto[] attributes)
    {
        NodeProto node = Nodes.Create(opType, Names.Fresh($"{replaced.DisplayName()}_{opType}"), inputs, outputs, attributes);
        node.Domain = ContribOperators.Domain;
        Model.ImportContribOperators();
        return node;
    }

    /// <summary>Adds constants to the graph that holds the one they stand for; it goes when nobody else reads it.</summary>
    protected void AddInsteadOf(string constant, ConstantScope constants, params ReadOnlySpan<TensorProto> tensors)
    {
        GraphProto graph = constants.GraphOf(constant)!;
        foreach (TensorProto tensor in tensors)
            graph.Initializer.Add(tensor);
        _replacedConstants.Add(constant);
    }

    private void Rewrite(GraphProto graph, ConstantScope? outer)
    {
        ConstantScope constants = new(graph, outer);
        NodeProto[] before = [.. graph.Node];
        graph.Node.Clear();
        foreach (NodeProto node in before)
        {
            foreach (GraphProto subgraph in node.Subgraphs())
                Rewrite(subgraph, constants);
            graph.Node.AddRange(_plan.Nodes.Contains(node) ? Replace(node, constants) : [node]);
        }
    }

    // The main graph's unread constants go with RemoveUnused; those of subgraphs are looked after here.
    private void RemoveReplaced(GraphProto main)
    {
        foreach (GraphProto graph in main.WithSubgraphs().Where(graph => !ReferenceEquals(graph, main)))
        {
            HashSet<string> read = new(graph.WithSubgraphs().SelectMany(inner => inner.Node.SelectMany(node => node.Input).Concat(inner.Output.Select(output => output.Name))), StringComparer.Ordinal);
            foreach (TensorProto constant in graph.Initializer.Where(constant => _replacedConstants.Contains(constant.Name) && !read.Contains(constant.Name)).ToArray())
                graph.Initializer.Remove(constant);
        }
    }
}
