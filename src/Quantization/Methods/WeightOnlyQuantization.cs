using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Methods;

/// <summary>
/// Plans weights in blocks: matrix products with constant weights, and embedding tables. Blocks lie along the summed axis, each with a scale of
/// its own.
/// </summary>
public static class WeightOnlyQuantization
{
    /// <summary>Values in a block.</summary>
    public const int BlockSize = 32;

    /// <summary>
    /// The <c>accuracy_level</c> of MatMulNBits: 4 lets the kernel round activations to 8 bits, block by block, and multiply integers. Without it the
    /// 8-bit kernel expands all weights to float at each run (60 to 100 times slower on x64), and the 4-bit one gains nothing over float.
    /// </summary>
    public const int AccuracyLevel = 4;

    /// <summary>Makes the plan for a prepared model.</summary>
    /// <param name="model">The prepared model.</param>
    /// <param name="exclude">Nodes and operators that stay float.</param>
    /// <param name="bits">8 or 4.</param>
    public static NodePlan Plan(ModelProto model, IReadOnlyList<NodePattern> exclude, int bits) =>
        NodePlan.Make(model, exclude, node => OperatorTraits.IsCompute(node) || node.Is("Gather"), (node, constants) => ReasonNot(node, constants, bits));

    private static string? ReasonNot(NodeProto node, ConstantScope constants, int bits)
    {
        if (node.Is("Gather"))
            return ReasonNotEmbedding(node, constants, bits);
        if (!node.Is("MatMul") && !node.Is("Gemm"))
            return $"ONNX Runtime has no kernel with weights in blocks for {node.OpType}";
        if (MatrixProduct.ReasonNot(node, constants) is { } reason)
            return reason;
        MatrixProduct product = MatrixProduct.Read(node, constants);
        return IsSmaller(product.Columns, product.Inner, bits) ? null : "its weights would not become smaller in blocks";
    }

    private static string? ReasonNotEmbedding(NodeProto node, ConstantScope constants, int bits)
    {
        if (constants.Find(node.InputAt(0)) is not { } table || (DataType)table.DataType != DataType.Float || table.Dims.Count != 2 || node.Int("axis", 0) != 0)
            return "it is no look-up in a constant table";
        return table.Dims[1] % 2 == 0 && IsSmaller(table.Dims[0], table.Dims[1], bits) ? null : "its table would not become smaller in blocks";
    }

    // A last block that is not full is stored in full. Zero points are counted in: whether they come is decided by the error.
    private static bool IsSmaller(long rows, long columns, int bits)
    {
        long blocks = (columns + BlockSize - 1) / BlockSize;
        return rows * (blocks * BlockSize * bits / 8 + blocks * sizeof(float) + blocks) < rows * columns * sizeof(float);
    }
}
