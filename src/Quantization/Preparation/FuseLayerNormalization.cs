using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Recognises layer normalization spelled out, (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale + bias over the last axes (Ba et al. 2016),
/// and writes the one operator (opset 17). ONNX Runtime recognises the square as Pow only, the quotient as Div only, not without scale and
/// bias, and nothing once x comes from a DequantizeLinear.
/// </summary>
public static class FuseLayerNormalization
{
    /// <summary>The opset that has the operator.</summary>
    public const int MinimumOpset = 17;

    /// <summary>Returns the rewritten model; the argument is left as it is. Equal up to float rounding. Below opset 17 nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) => model.StandardVersion() < MinimumOpset ? model : Rewriting.EachNode(model, node => node.Is("Sqrt"), Rewrite);

    private static void Rewrite(NodeProto root, GraphEditor editor)
    {
        if (MatchDeviation(root, editor) is not { } match || MatchQuotient(root, match, editor) is not { } last)
            return;
        TensorProto? scale = ReadAffine(ref last, "Mul", match, editor);
        TensorProto? bias = ReadAffine(ref last, "Add", match, editor);
        long[]? extents = scale is not null ? [.. scale.Dims] : bias is not null ? [.. bias.Dims] : match.Extents;
        if (extents is null || !StaysInside(match.Nodes, last, editor.Index))
            return;

        string scaleName = scale is null
            ? editor.Add(Tensors.CreateFloat(editor.Names.Fresh($"{last.Output[0]}_ones"), extents, (int)extents.Aggregate(1L, (product, extent) => product * extent), values => values.Fill(1)))
            : scale.Name;
        string[] inputs = bias is null ? [match.Input, scaleName] : [match.Input, scaleName, bias.Name];
        foreach (NodeProto node in match.Nodes.Where(node => !ReferenceEquals(node, last)))
            editor.Remove(node);
        editor.Replace(last, Nodes.Create("LayerNormalization", last.Name, inputs, [last.Output[0]], Nodes.Attribute("axis", -match.Axes), Nodes.Attribute("epsilon", match.Epsilon)));
    }

    /// <summary>From the square root backwards: sqrt(mean((x - mean(x))^2) + epsilon).</summary>
    private static Deviation? MatchDeviation(NodeProto root, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        if (index.Producer(root.Input[0]) is not { } sum || ScalarOperands.ReadSum(sum, editor) is not (var variance, > 0 and var epsilon)
            || index.Producer(variance) is not { } meanOfSquares || MeanAxes(meanOfSquares, editor) is not { } axes
            || index.Producer(meanOfSquares.Input[0]) is not { } square || BaseOfSquare(square, editor) is not { } difference
            || index.Producer(difference) is not { } subtraction || !subtraction.Is("Sub")
            || index.Producer(subtraction.Input[1]) is not { } mean || MeanAxes(mean, editor) is not { } sameAxes || !axes.SequenceEqual(sameAxes)
            || mean.Input[0] != subtraction.Input[0])
            return null;

        string x = subtraction.Input[0];
        long[]? shape = editor.ShapeOf(x);
        long[] positions = [.. axes.Select(axis => axis < 0 ? axis : axis - (shape?.Length ?? int.MaxValue)).Order()];
        // Only the last axes: -k to -1.
        if (!positions.SequenceEqual(Enumerable.Range(-positions.Length, positions.Length).Select(axis => (long)axis)))
            return null;
        long[]? extents = shape is not null && shape.Length >= axes.Length && !shape[^axes.Length..].Contains(-1) ? shape[^axes.Length..] : null;
        return new Deviation(x, subtraction.Input[1], axes.Length, extents, (float)epsilon, [mean, subtraction, square, meanOfSquares, sum, root]);
    }

    /// <summary>From the square root forwards: (x - mean(x)) divided by it, in one of three spellings.</summary>
    private static NodeProto? MatchQuotient(NodeProto root, Deviation match, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        if (index.SoleConsumer(root.Output[0]) is not { } next)
            return null;
        if (next.Is("Reciprocal") || (next.Is("Div") && index.Scalar(next.Input[0]) == 1 && next.Input[1] == root.Output[0]))
        {
            match.Nodes.Add(next);
            string reciprocal = next.Output[0];
            if (index.SoleConsumer(reciprocal) is not { } product || !product.Is("Mul") || !IsDifference(product.Input[product.Input[0] == reciprocal ? 1 : 0], match, index))
                return null;
            match.Nodes.Add(product);
            return product;
        }
        if (!next.Is("Div") || next.Input[1] != root.Output[0] || !IsDifference(next.Input[0], match, index))
            return null;
        match.Nodes.Add(next);
        return next;
    }

    // Some exporters write the subtraction twice.
    private static bool IsDifference(string value, Deviation match, GraphIndex index)
    {
        if (index.Producer(value) is not { } subtraction || !subtraction.Is("Sub") || subtraction.Input[0] != match.Input || subtraction.Input[1] != match.Mean)
            return false;
        if (!match.Nodes.Any(node => ReferenceEquals(node, subtraction)))
            match.Nodes.Add(subtraction);
        return true;
    }

    /// <summary>The constant of a following Mul or Add over exactly the normalized axes; null where none follows.</summary>
    private static TensorProto? ReadAffine(ref NodeProto last, string op, Deviation match, GraphEditor editor)
    {
        string value = last.Output[0];
        if (editor.Index.SoleConsumer(value) is not { } next || !next.Is(op)
            || editor.Index.Initializer(next.Input[next.Input[0] == value ? 1 : 0]) is not { DataType: (int)TensorProto.Types.DataType.Float } constant
            || !(match.Extents is null ? constant.Dims.Count == match.Axes : constant.Dims.SequenceEqual(match.Extents)))
            return null;
        match.Nodes.Add(next);
        last = next;
        return constant;
    }

    private static bool StaysInside(List<NodeProto> nodes, NodeProto last, GraphIndex index)
    {
        HashSet<NodeProto> inside = new(nodes, ReferenceEqualityComparer.Instance);
        return nodes.Where(node => !ReferenceEquals(node, last)).All(node => !index.IsOutput(node.Output[0]) && index.Consumers(node.Output[0]).All(inside.Contains));
    }

    private static long[]? MeanAxes(NodeProto node, GraphEditor editor)
    {
        if (!node.Is("ReduceMean") || node.Int("keepdims", 1) != 1)
            return null;
        // From opset 18 on, the axes are an input.
        return node.InputAt(1).Length > 0 ? editor.Index.Initializer(node.Input[1])?.ToInt64s() : node.Ints("axes");
    }

    private static string? BaseOfSquare(NodeProto node, GraphEditor editor)
    {
        if (node.Is("Pow") && editor.Index.Scalar(node.Input[1]) == 2)
            return node.Input[0];
        return node.Is("Mul") && node.Input[0] == node.Input[1] ? node.Input[0] : null;
    }

    private sealed record Deviation(string Input, string Mean, int Axes, long[]? Extents, float Epsilon, List<NodeProto> Nodes);
}
