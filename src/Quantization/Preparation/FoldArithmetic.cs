using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Folds Add, Sub, Mul and Div with a constant (a scalar, or one number a channel) into the Conv, ConvTranspose, Gemm or MatMul before it, or else
/// into the Convs and Gemms behind it. ONNX Runtime does so itself for some Muls and Adds behind a float Conv, never for an integer one.
/// </summary>
public static class FoldArithmetic
{
    /// <summary>Returns the rewritten model; the argument is left as it is. Equal up to float rounding.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.EachNode(model, IsArithmetic, Fold);

    internal static void Fold(NodeProto node, GraphEditor editor)
    {
        if (!TryFoldBack(node, editor))
            TryFoldForward(node, editor);
    }

    internal static bool IsArithmetic(NodeProto node) => node.IsStandard() && node.OpType is "Add" or "Sub" or "Mul" or "Div";

    private static bool TryFoldBack(NodeProto node, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        NodeProto? compute = node.Input.Select(index.Producer).FirstOrDefault(producer => producer is not null);
        if (compute is null || index.Initializer(compute.InputAt(1)) is not { } weights)
            return false;
        (int Rank, int Axis)? channels = compute.OpType switch
        {
            "Conv" or "ConvTranspose" => (weights.Dims.Count, 1),
            "Gemm" => (2, 1),
            // Broadcasting aligns at the right: one dimension is enough to know where nothing is known.
            "MatMul" when editor.ShapeOf(compute.Output[0])?.Length is { } rank => (rank, rank - 1),
            "MatMul" => (1, 0),
            _ => null,
        };
        return channels is var (ranks, axis)
            && ChannelAffine.OfArithmetic(node, index, ranks, axis) is { } affine
            && AffineFolding.TryFoldBack(node, affine, editor);
    }

    private static bool TryFoldForward(NodeProto node, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        if (index.Consumers(node.Output[0]) is not [{ } reader, ..] || index.Initializer(reader.InputAt(1)) is not { } weights
            || ChannelAffine.OfArithmetic(node, index, weights.Dims.Count, 1) is not { } affine)
            return false;

        // The constant must not be what gives the result its extents.
        int channels = Math.Max(affine.Scale.Length, affine.Shift.Length);
        bool keepsExtents = editor.ShapeOf(affine.Input) is { } shape && shape.Length == weights.Dims.Count && (channels == 1 || shape[1] == channels);
        return keepsExtents && AffineFolding.TryFoldForward(node, affine, editor);
    }
}
