using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Recognises hard-swish spelled out, x * hardsigmoid(x) or x * clip(x + 3, 0, 6) / 6, and writes the one operator HardSwish (opset 14). Exports of
/// opset 9 to 13 have no other way to say it: four passes over memory instead of one. Runs after <see cref="FuseHardSigmoid"/>.
/// </summary>
public static class FuseHardSwish
{
    /// <summary>The opset that has the operator.</summary>
    public const int MinimumOpset = 14;

    /// <summary>Returns the rewritten model; the argument is left as it is. Equal up to float rounding. Below opset 14 nothing changes.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        if (model.StandardVersion() < MinimumOpset)
            return model;
        return Rewriting.EachNode(model, node => node.IsStandard() && node.OpType is "HardSigmoid" or "Clip" or "Min" or "Max", (node, editor) =>
        {
            if ((node.OpType == "HardSigmoid" ? MatchHardSigmoid(node, editor) : MatchClamp(node, editor)) is not { } match)
                return;
            foreach (NodeProto inner in match.Nodes[..^1])
                editor.Remove(inner);
            NodeProto last = match.Nodes[^1];
            editor.Replace(last, Nodes.Create("HardSwish", last.Name, [match.Input], [last.Output[0]]));
        });
    }

    // hardsigmoid(x) * x
    private static (string Input, NodeProto[] Nodes)? MatchHardSigmoid(NodeProto gate, GraphEditor editor)
    {
        string x = gate.Input[0];
        return ScalarOperands.IsAbout(gate.Float("alpha", 0.2f), 1.0 / 6) && ScalarOperands.IsAbout(gate.Float("beta", 0.5f), 0.5)
            && editor.Index.SoleConsumer(gate.Output[0]) is { } product && Multiplies(product, gate.Output[0], x)
            ? (x, [gate, product])
            : null;
    }

    // clip(x + 3, 0, 6) * x / 6
    private static (string Input, NodeProto[] Nodes)? MatchClamp(NodeProto node, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        return ScalarOperands.ReadClamp(node, editor) is (var clamped, 0, 6, var clamp)
            && index.Producer(clamped) is { } add && ReferenceEquals(index.SoleConsumer(clamped), node)
            && ScalarOperands.ReadSum(add, editor) is (var x, 3)
            && index.SoleConsumer(clamp[^1].Output[0]) is { } product && Multiplies(product, clamp[^1].Output[0], x)
            && index.SoleConsumer(product.Output[0]) is { } divide
            && ScalarOperands.ReadProduct(divide, editor) is var (_, factor) && ScalarOperands.IsAbout(factor, 1.0 / 6)
            ? (x, [add, .. clamp, product, divide])
            : null;
    }

    private static bool Multiplies(NodeProto node, string value, string other) =>
        node.Is("Mul") && ((node.Input[0] == value && node.Input[1] == other) || (node.Input[1] == value && node.Input[0] == other));
}
