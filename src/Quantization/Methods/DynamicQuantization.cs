using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Methods;

/// <summary>
/// Plans quantization at run time: matrix products, LSTM and attention with constant weights. Never Conv, whose kernel for it (ConvInteger) is
/// several times slower than float; and not GRU and RNN, for which ONNX Runtime has no integer kernel at all.
/// </summary>
public static class DynamicQuantization
{
    /// <summary>Makes the plan for a prepared model.</summary>
    /// <param name="model">The prepared model.</param>
    /// <param name="exclude">Nodes and operators that stay float.</param>
    public static NodePlan Plan(ModelProto model, IReadOnlyList<NodePattern> exclude) => NodePlan.Make(model, exclude, OperatorTraits.IsCompute, ReasonNot);

    private static string? ReasonNot(NodeProto node, ConstantScope constants) => node.OpType switch
    {
        "MatMul" or "Gemm" => MatrixProduct.ReasonNot(node, constants),
        "LSTM" => ReasonNotLstm(node, constants),
        "Attention" when OperatorTraits.IsContribAttention(node) => ReasonNotAttention(node, constants),
        "Conv" or "ConvTranspose" => "a convolution quantized at run time is slower than float",
        _ => $"ONNX Runtime has no integer kernel for {node.OpType}",
    };

    private static string? ReasonNotLstm(NodeProto node, ConstantScope constants)
    {
        foreach (int input in new[] { 1, 2 })
        {
            if (constants.Find(node.InputAt(input)) is not { } weights)
                return "its weights are computed, not constant";
            if ((DataType)weights.DataType != DataType.Float || weights.Dims.Count != 3 || weights.ElementCount() == 0)
                return "its weights are not 32-bit floating-point of three dimensions";
        }
        return node.Int("layout", 0) != 0 ? "it has the batch before the sequence (layout 1)" : null;
    }

    private static string? ReasonNotAttention(NodeProto node, ConstantScope constants)
    {
        if (constants.Find(node.InputAt(1)) is not { } weights)
            return "its weights are computed, not constant";
        if ((DataType)weights.DataType != DataType.Float || weights.Dims.Count != 2 || weights.ElementCount() == 0)
            return "its weights are not a 32-bit floating-point matrix";
        if (node.InputAt(2).Length == 0)
            return "it has no bias, which QAttention asks for";
        // What Attention has gained since, QAttention has not.
        if (node.InputAt(4).Length > 0 || node.InputAt(5).Length > 0 || node.InputAt(6).Length > 0 || node.Output.Count(output => output.Length > 0) > 1)
            return "it has operands (past, bias of the scores) that QAttention is not given";
        return node.Attribute.FirstOrDefault(attribute => attribute.Name is not ("num_heads" or "unidirectional" or "mask_filter_value")) is { } foreign
            ? $"QAttention knows no '{foreign.Name}'"
            : null;
    }
}
