using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Recognises GELU spelled out, x * 0.5 * (1 + erf(x / sqrt(2))) in any order (Hendrycks and Gimpel 2016), and writes the one operator: Gelu from
/// opset 20 on, ONNX Runtime's own before. ONNX Runtime recognises only x / sqrt(2) with the half outside the sum, and nothing once x comes
/// from a DequantizeLinear, which it copies for each reader.
/// </summary>
public static class FuseGelu
{
    private const string RuntimeDomain = "com.microsoft";
    private const int StandardSince = 20;

    /// <summary>Returns the rewritten model; the argument is left as it is. Equal up to float rounding.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        string domain = model.StandardVersion() >= StandardSince ? Nodes.StandardDomain : RuntimeDomain;
        bool found = false;
        ModelProto result = Rewriting.EachNode(model, node => node.Is("Erf"), (erf, editor) =>
        {
            if (Match(erf, editor) is not { } match)
                return;
            foreach (NodeProto inner in match.Nodes.SkipLast(1))
                editor.Remove(inner);
            NodeProto gelu = Nodes.Create("Gelu", match.Nodes[^1].Name, [match.Input], [match.Nodes[^1].Output[0]]);
            gelu.Domain = domain;
            editor.Replace(match.Nodes[^1], gelu);
            found = true;
        });
        if (found && domain == RuntimeDomain)
            result.Import(RuntimeDomain, 1);
        return result;
    }

    private static (string Input, List<NodeProto> Nodes)? Match(NodeProto erf, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        if (index.Producer(erf.Input[0]) is not { } scale || !ReferenceEquals(index.SoleConsumer(erf.Input[0]), erf)
            || ScalarOperands.ReadProduct(scale, editor) is not var (x, reciprocal) || !ScalarOperands.IsAbout(reciprocal, Math.Sqrt(0.5))
            || index.SoleConsumer(erf.Output[0]) is not { } sum || ScalarOperands.ReadSum(sum, editor) is not (_, 1))
            return null;

        // What remains is a product of x, a half and the sum, in any order and nesting.
        List<NodeProto> nodes = [scale, erf, sum];
        double factor = 1;
        bool timesX = false;
        while (!timesX || !ScalarOperands.IsAbout(factor, 0.5))
        {
            string value = nodes[^1].Output[0];
            if (index.SoleConsumer(value) is not { } next)
                return null;
            if (ScalarOperands.ReadProduct(next, editor) is var (_, constant))
            {
                factor *= constant;
            }
            else if (next.Is("Mul") && !timesX)
            {
                string other = next.Input[0] == value ? next.Input[1] : next.Input[0];
                if (other != x)
                {
                    if (index.SoleConsumer(other) is null || index.Producer(other) is not { } scaled || ScalarOperands.ReadProduct(scaled, editor) is not var (unscaled, part) || unscaled != x)
                        return null;
                    factor *= part;
                    nodes.Insert(0, scaled);
                }
                timesX = true;
            }
            else
            {
                return null;
            }
            nodes.Add(next);
        }
        return (x, nodes);
    }
}
