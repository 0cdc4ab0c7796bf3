using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>Writes Conv, Gemm and MatMul as integer operators, each under the name of the node that it stands for: profiles go by name.</summary>
internal sealed class ComputeOperators(IntegerValues values, IntegerWeights weights)
{
    /// <summary>Writes a node.</summary>
    /// <param name="node">A Conv, Gemm or MatMul.</param>
    /// <param name="result">The value to compute as bytes; null for a Gemm that gives floats.</param>
    public void Write(NodeProto node, string? result)
    {
        (StoredIntegers integers, StoredIntegers? bias) = weights.Of(node, values.Index, values.Parameters(node.Input[0]).Scale);
        string[] operands = [integers.Values, integers.Scale, integers.ZeroPoint];
        switch (node.OpType)
        {
            case "Conv":
                int rank = values.Index.Initializer(node.Input[1])!.Dims.Count;
                values.SetRank(node.Input[0], rank);
                values.SetRank(result!, rank);
                string[] input = values.Operands(node.Input[0], last: true);
                values.Write(values.Contrib("QLinearConv", node.Name, [.. input, .. operands, .. values.ParameterOperands(result!), .. bias is null ? Array.Empty<string>() : [bias.Values]],
                    values.Computed(result!, last: true), [.. node.Attribute, Nodes.Attribute("channels_last", 1)]));
                break;
            case "Gemm":
                string[] factors = [.. values.Operands(node.Input[0], last: false), .. operands, bias?.Values ?? "", .. result is null ? [] : values.ParameterOperands(result)];
                values.Write(values.Contrib("QGemm", node.Name, factors, result is null ? node.Output[0] : values.Computed(result, last: false), Nodes.Attribute("transB", node.Int("transB", 0))));
                break;
            default:
                string[] product = [.. values.Operands(node.Input[0], last: false), .. operands, .. values.ParameterOperands(result!)];
                values.Write(Nodes.Create("QLinearMatMul", node.Name, product, [values.Computed(result!, last: false)]));
                break;
        }
    }

    /// <summary>Writes a MatMul that gives floats.</summary>
    public NodeProto ProductToFloat(NodeProto node)
    {
        string[] input = values.Operands(node.Input[0], last: false);
        NodeProto product = weights.ProductToFloat(node, values.Index, new StoredIntegers(input[0], input[1], input[2]));
        values.Write(product);
        return product;
    }
}
