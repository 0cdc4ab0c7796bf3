using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Replaces what depends on constants only by its result, in every graph of the model: weights that an exporter reshapes, transposes or
/// casts on the way, and the shape arithmetic of dynamic exports. ONNX Runtime does the computing (<see cref="ConstantEvaluation"/>), so that a
/// result is what it would have been. Random operators stay, and so does what would make the model large.
/// </summary>
public static class FoldConstants
{
    // A larger result is kept only if its operands were as large; and all results together may not add more than this to a model.
    private const long LargestResult = 1 << 20;
    private const long LargestGrowth = 1 << 26;

    private static readonly HashSet<string> NeverFolded = new(StringComparer.Ordinal)
    {
        "Constant", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli", "Dropout", "If", "Loop", "Scan",
        "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
    };

    /// <summary>Returns the rewritten model; the argument is left as it is.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        HashSet<string> constants = new(model.Graph.WithSubgraphs().SelectMany(graph => graph.Initializer).Select(tensor => tensor.Name), StringComparer.Ordinal);
        if (!model.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Any(node => node.Is("Shape") || node.Is("Size") || IsFoldable(node, constants.Contains)))
            return model;
        long growth = 0;
        return Rewriting.EachGraph(model, editor =>
        {
            FoldShapes(editor);
            HashSet<NodeProto> refused = new(ReferenceEqualityComparer.Instance);
            while (Candidates(editor, refused) is { Count: > 0 } candidates && TryFold(candidates, editor, model, refused, ref growth))
            {
            }
        });
    }

    /// <summary>Shape and Size of a value whose extents are all known.</summary>
    private static void FoldShapes(GraphEditor editor)
    {
        foreach (NodeProto node in editor.Graph.Node.Where(node => node.Is("Shape") || node.Is("Size")).ToArray())
        {
            if (editor.Index.IsOutput(node.Output[0]) || editor.ShapeOf(node.Input[0]) is not { } shape || shape.Contains(-1))
                continue;
            string name = node.Output[0];
            editor.Remove(node);
            editor.Add(node.OpType == "Size" ? Tensors.Create(name, [], [shape.Aggregate(1L, (product, extent) => product * extent)]) : ShapeTensor(node, shape));
        }
    }

    private static TensorProto ShapeTensor(NodeProto node, long[] shape)
    {
        int Position(string attribute, long whenMissing)
        {
            long position = node.Int(attribute, whenMissing);
            return (int)Math.Clamp(position < 0 ? position + shape.Length : position, 0, shape.Length);
        }
        int start = Position("start", 0);
        long[] part = shape[start..Math.Max(start, Position("end", shape.Length))];
        return Tensors.Create(node.Output[0], [part.Length], part);
    }

    /// <summary>The nodes that depend on constants only, directly or through each other, in graph order.</summary>
    private static List<NodeProto> Candidates(GraphEditor editor, HashSet<NodeProto> refused)
    {
        List<NodeProto> candidates = [];
        HashSet<string> results = new(StringComparer.Ordinal);
        foreach (NodeProto node in editor.Graph.Node)
        {
            if (!editor.Contains(node) || refused.Contains(node) || node.Output.Any(editor.Index.IsOutput)
                || !IsFoldable(node, value => results.Contains(value) || (editor.Index.Initializer(value) is { } tensor && ConstantEvaluation.CanHold(tensor))))
                continue;
            candidates.Add(node);
            results.UnionWith(node.Output);
        }
        return candidates;
    }

    private static bool IsFoldable(NodeProto node, Func<string, bool> isConstant) =>
        node.IsStandard() && !NeverFolded.Contains(node.OpType) && node.Input.Any(value => value.Length > 0) && node.Input.All(value => value.Length == 0 || isConstant(value));

    /// <summary>Folds what can be folded now; what depends on it by value may follow in a next round.</summary>
    /// <returns>Whether another round may find more.</returns>
    private static bool TryFold(List<NodeProto> candidates, GraphEditor editor, ModelProto model, HashSet<NodeProto> refused, ref long growth)
    {
        try
        {
            long room = LargestGrowth - growth;
            ConstantEvaluation evaluation = new(candidates, editor, model);
            List<NodeProto> affordable = evaluation.Select((node, resultBytes, operandBytes) =>
            {
                // Weights in 16 bits, cast to the 32 that quantization reads, are worth their size.
                if (resultBytes <= operandBytes || IsWideningOfConstant(node, editor))
                    return true;
                return resultBytes <= LargestResult && (room -= resultBytes - operandBytes) >= 0;
            });
            if (affordable.Count == 0)
                return false;

            IReadOnlyList<TensorProto> results = evaluation.Run(affordable);
            growth = LargestGrowth - room;
            foreach (NodeProto node in affordable)
                editor.Remove(node);
            foreach (TensorProto result in results)
                editor.Add(result);
        }
        catch (OnnxRuntimeException) when (candidates.Count == 1)
        {
            // No kernel for it, or operands that do not fit: it fails when the model runs, not here.
            refused.Add(candidates[0]);
        }
        catch (OnnxRuntimeException)
        {
            // One that fails must not keep the others from being folded: halving finds it.
            return TryFold(candidates[..(candidates.Count / 2)], editor, model, refused, ref growth)
                || TryFold(candidates[(candidates.Count / 2)..], editor, model, refused, ref growth);
        }
        return true;
    }

    private static bool IsWideningOfConstant(NodeProto node, GraphEditor editor) =>
        node.Is("Cast") && node.Int("to", 0) == (long)TensorProto.Types.DataType.Float && editor.Index.Initializer(node.Input[0]) is { } source && source.IsFloatingPoint();
}
