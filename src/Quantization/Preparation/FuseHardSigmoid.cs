using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Recognises hard-sigmoid spelled out, clip(x + b, 0, c) / c or clip(x * a + b, 0, 1), and writes the one operator HardSigmoid(a, b) =
/// max(0, min(1, a * x + b)), which ONNX Runtime fuses with a Conv before it. It does not recognise the spelling itself.
/// </summary>
public static class FuseHardSigmoid
{
    /// <summary>Returns the rewritten model; the argument is left as it is. Equal up to float rounding.</summary>
    public static ModelProto Apply(ModelProto model) =>
        Rewriting.EachNode(model, node => node.IsStandard() && node.OpType is "Clip" or "Min" or "Max", (node, editor) =>
        {
            if (Match(node, editor) is not { } match)
                return;
            foreach (NodeProto inner in match.Nodes[..^1])
                editor.Remove(inner);
            NodeProto last = match.Nodes[^1];
            editor.Replace(last, Nodes.Create("HardSigmoid", last.Name, [match.Input], [last.Output[0]], Nodes.Attribute("alpha", match.Alpha), Nodes.Attribute("beta", match.Beta)));
        });

    private static (string Input, float Alpha, float Beta, NodeProto[] Nodes)? Match(NodeProto node, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        if (ScalarOperands.ReadClamp(node, editor) is not (var clamped, 0, > 0 and var high, var clamp)
            || index.Producer(clamped) is not { } add || !ReferenceEquals(index.SoleConsumer(clamped), node)
            || ScalarOperands.ReadSum(add, editor) is not var (x, summand))
            return null;

        if (high == 1)
            return index.Producer(x) is { } scale && ReferenceEquals(index.SoleConsumer(x), add) && ScalarOperands.ReadProduct(scale, editor) is (var unscaled, > 0 and var factor)
                ? (unscaled, (float)factor, (float)summand, [scale, add, .. clamp])
                : null;
        return index.SoleConsumer(clamp[^1].Output[0]) is { } divide && ScalarOperands.ReadProduct(divide, editor) is var (_, divisor) && ScalarOperands.IsAbout(divisor, 1 / high)
            ? (x, (float)(1 / high), (float)(summand / high), [add, .. clamp, divide])
            : null;
    }
}
