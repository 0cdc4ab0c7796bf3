using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// <see cref="FoldBatchNormalization"/> and <see cref="FoldArithmetic"/> in one sweep: exports stack them behind one Conv in any order, and each
/// can be folded only once what stands between is gone.
/// </summary>
public static class FoldAffine
{
    /// <summary>Returns the rewritten model; the argument is left as it is. Equal up to float rounding.</summary>
    public static ModelProto Apply(ModelProto model) =>
        Rewriting.EachNode(model, node => node.Is("BatchNormalization") || FoldArithmetic.IsArithmetic(node), (node, editor) =>
        {
            if (node.Is("BatchNormalization"))
                FoldBatchNormalization.Fold(node, editor);
            else
                FoldArithmetic.Fold(node, editor);
        });
}
