using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Folds a BatchNormalization into the Conv, ConvTranspose or Gemm before it, or else into the Convs and Gemms behind it. ONNX Runtime does the
/// former itself, but not once QuantizeLinear and DequantizeLinear stand around the Conv.
/// </summary>
public static class FoldBatchNormalization
{
    /// <summary>Returns the rewritten model; the argument is left as it is. Equal up to float rounding.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.EachNode(model, node => node.Is("BatchNormalization"), Fold);

    internal static void Fold(NodeProto node, GraphEditor editor)
    {
        if (ChannelAffine.OfBatchNormalization(node, editor.Index) is not { } affine)
            return;
        // A MatMul has its channels last, a BatchNormalization second: the same with two dimensions only.
        bool channelsMeet = editor.Index.Producer(affine.Input) is not { } compute || !compute.Is("MatMul") || editor.ShapeOf(affine.Input) is [_, _];
        if (!(channelsMeet && AffineFolding.TryFoldBack(node, affine, editor)))
            AffineFolding.TryFoldForward(node, affine, editor);
    }
}
