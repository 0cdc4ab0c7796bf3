using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>How a pass walks over a model: a copy of it (constants are shared, not copied), graph by graph, outermost first.</summary>
internal static class Rewriting
{
    /// <summary>Rewrites around the nodes that a pass looks for. A model that has none of them is returned as it is.</summary>
    /// <param name="model">Left as it is.</param>
    /// <param name="looksFor">The nodes that the pass begins at.</param>
    /// <param name="rewrite">Called for each of them that is still there, in graph order.</param>
    public static ModelProto EachNode(ModelProto model, Func<NodeProto, bool> looksFor, Action<NodeProto, GraphEditor> rewrite)
    {
        if (!model.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Any(looksFor))
            return model;
        return EachGraph(model, editor =>
        {
            foreach (NodeProto node in editor.Graph.Node.Where(looksFor).ToArray())
                if (editor.Contains(node))
                    rewrite(node, editor);
        });
    }

    /// <summary>
    /// Rewrites around the nodes that an optional pass looks for, with every extent known that can be inferred. What nothing reads any more is removed.
    /// </summary>
    /// <param name="model">Left as it is, and returned itself where nothing changes.</param>
    /// <param name="looksFor">The nodes that the pass begins at.</param>
    /// <param name="tryRewrite">Called for each of them that is still there, in graph order; says whether it has changed the graph.</param>
    public static ModelProto TryEachNode(ModelProto model, Func<NodeProto, bool> looksFor, Func<NodeProto, GraphEditor, bool> tryRewrite)
    {
        if (!model.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Any(looksFor))
            return model;
        bool changed = false;
        ModelProto result = EachNode(InferShapes.Apply(model), looksFor, (node, editor) => changed |= tryRewrite(node, editor));
        return changed ? RemoveUnused.Apply(result) : model;
    }

    /// <summary>Rewrites every graph of a copy of the model.</summary>
    public static ModelProto EachGraph(ModelProto model, Action<GraphEditor> rewrite)
    {
        ModelProto result = model.Clone();
        EachGraph(result.Graph, new UniqueNames(result), null, rewrite);
        return result;
    }

    private static void EachGraph(GraphProto graph, UniqueNames names, GraphEditor? outer, Action<GraphEditor> rewrite)
    {
        GraphEditor editor = new(graph, names, outer);
        rewrite(editor);
        editor.Commit();
        foreach (GraphProto subgraph in graph.Node.SelectMany(node => node.Subgraphs()))
            EachGraph(subgraph, names, editor, rewrite);
    }
}
