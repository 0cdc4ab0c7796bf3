using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Recognises hard-swish spelled out, x * clip(x + 3, 0, 6) / 6 in any order of the last two steps, and writes the one operator
/// HardSwish (opset 14). Exports of opset 9 to 13 have no other way to say it: four passes over memory instead of one.
/// </summary>
public static class FuseHardSwish
{
    /// <summary>The opset that has the operator.</summary>
    public const int MinimumOpset = 14;

    /// <summary>Returns the rewritten model; the argument is left as it is. Equal up to float rounding. Below opset 14 nothing changes.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        ModelProto result = model.Clone();
        if (result.StandardVersion() < MinimumOpset)
            return result;

        GraphProto graph = result.Graph;
        GraphIndex index = new(graph);
        HashSet<NodeProto> removed = [];
        Dictionary<NodeProto, NodeProto> replaced = [];
        foreach (NodeProto add in graph.Node.Where(node => node.Is("Add")))
        {
            if (Match(add, index) is not { } match)
                continue;
            removed.UnionWith(match.Inner);
            replaced[match.Last] = Nodes.Create("HardSwish", match.Last.Name, [match.Input], [match.Last.Output[0]]);
        }

        NodeProto[] nodes = [.. graph.Node.Where(node => !removed.Contains(node)).Select(node => replaced.GetValueOrDefault(node, node))];
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
        return result;
    }

    private static (string Input, NodeProto[] Inner, NodeProto Last)? Match(NodeProto add, GraphIndex index)
    {
        if (OtherThanScalar(add, 3, index) is not { } x
            || index.SoleConsumer(add.Output[0]) is not { } clip || !IsClip(clip, 0, 6, index)
            || index.SoleConsumer(clip.Output[0]) is not { } third)
            return null;

        // clip / 6 * x
        if (DividesBy(third, clip.Output[0], 6, index) && index.SoleConsumer(third.Output[0]) is { } product && MultipliesWith(product, third.Output[0], x))
            return (x, [add, clip, third], product);
        // clip * x / 6
        if (MultipliesWith(third, clip.Output[0], x) && index.SoleConsumer(third.Output[0]) is { } quotient && DividesBy(quotient, third.Output[0], 6, index))
            return (x, [add, clip, third], quotient);
        return null;
    }

    private static string? OtherThanScalar(NodeProto node, float scalar, GraphIndex index)
    {
        if (index.Scalar(node.Input[1]) == scalar)
            return node.Input[0];
        return index.Scalar(node.Input[0]) == scalar ? node.Input[1] : null;
    }

    private static bool IsClip(NodeProto node, float low, float high, GraphIndex index) =>
        node.Is("Clip") && index.Scalar(node.InputAt(1)) == low && index.Scalar(node.InputAt(2)) == high;

    private static bool MultipliesWith(NodeProto node, string value, string other) =>
        node.Is("Mul") && ((node.Input[0] == value && node.Input[1] == other) || (node.Input[1] == value && node.Input[0] == other));

    private static bool DividesBy(NodeProto node, string value, float divisor, GraphIndex index) =>
        (node.Is("Div") && node.Input[0] == value && index.Scalar(node.Input[1]) == divisor)
        || (node.Is("Mul") && OtherThanScalar(node, 1 / divisor, index) == value);
}
