using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>Writes Conv, Gemm and MatMul as integer operators, each under the name of the node that it stands for: profiles go by name.</summary>
/// <param name="values">The values that they read and compute.</param>
/// <param name="weights">Their weights.</param>
/// <param name="connects">Whether a node between them becomes integer.</param>
internal sealed class ComputeOperators(IntegerValues values, IntegerWeights weights, Func<NodeProto, bool> connects)
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
                WriteConv(node, result!, operands, bias?.Values);
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

    private void WriteConv(NodeProto node, string result, string[] operands, string? bias)
    {
        TensorProto floats = values.Index.Initializer(node.Input[1])!;
        values.SetRank(node.Input[0], floats.Dims.Count);
        values.SetRank(result, floats.Dims.Count);
        if (values.CustomOperators && IsDepthwise(node, floats))
        {
            TableChain? chain = TableChain.Behind(result, values.Index, connects);
            string last = chain?.Result ?? result;
            values.SetRank(last, floats.Dims.Count);
            string[] inputs = [values.Last(node.Input[0]), operands[0], operands[1], .. (bias, chain) is (null, null) ? Array.Empty<string>() : [bias ?? ""], .. chain is null ? Array.Empty<string>() : [values.Table(chain, result)]];
            values.Write(values.Octet("QuantizedDepthwiseConv", node.Name, inputs, values.Computed(last, last: true),
                [.. node.Attribute.Where(attribute => attribute.Name is "kernel_shape" or "pads" or "strides" or "dilations"), .. values.Quantization("x_", node.Input[0]), .. values.Quantization("y_", result)]));
            return;
        }
        string[] input = values.Operands(node.Input[0], last: true);
        values.Write(values.Contrib("QLinearConv", node.Name, [.. input, .. operands, .. values.ParameterOperands(result), .. bias is null ? Array.Empty<string>() : [bias]],
            values.Computed(result, last: true), [.. node.Attribute, Nodes.Attribute("channels_last", 1)]));
    }

    /// <summary>Whether each channel has a filter of its own, in two dimensions, with padding in numbers.</summary>
    private static bool IsDepthwise(NodeProto node, TensorProto weights) =>
        weights.Dims is [var outputs, 1, _, _] && outputs > 1 && node.Int("group", 1) == outputs && node.Text("auto_pad", "NOTSET") is "NOTSET" or "VALID" or "";

    /// <summary>Writes a MatMul that gives floats.</summary>
    public NodeProto ProductToFloat(NodeProto node)
    {
        string[] input = values.Operands(node.Input[0], last: false);
        NodeProto product = weights.ProductToFloat(node, values.Index, new StoredIntegers(input[0], input[1], input[2]));
        values.Write(product);
        return product;
    }
}
