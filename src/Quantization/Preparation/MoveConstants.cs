using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Moves a constant scale and shift, x * s[c] + t[c], forward to the Convs and Gemms that it reaches through Relu (where nothing is negative), pools, Resize, Pad,
/// Concat, products with a computed factor, and other constants. <see cref="FoldArithmetic"/> only looks at the node next to it.
/// </summary>
/// <remarks>A summand on the way takes the shift: (x * s + t) + u = (x + (t + u) / s) * s. So a Mul before an Add before a padded Conv disappears, the Add stays.</remarks>
public static class MoveConstants
{
    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) =>
        Rewriting.TryEachNode(model, node => node.Is("BatchNormalization") || FoldArithmetic.IsArithmetic(node), (node, editor) =>
        {
            if (Affine(node, editor) is not { } affine || ConstantPath.Find(node.Output[0], affine, editor) is not { } path)
                return false;
            path.Apply();
            editor.Remove(node);
            editor.RedirectReads(node.Output[0], affine.Input);
            return true;
        });

    /// <summary>Reads a node as a scale and shift of an image's channels that leaves the extents as they are; null where it is none.</summary>
    internal static ChannelAffine? Affine(NodeProto node, GraphEditor editor)
    {
        if (editor.ShapeOf(node.Output[0]) is not { Length: >= 2 } shape)
            return null;
        ChannelAffine? affine = ChannelAffine.OfBatchNormalization(node, editor.Index) ?? ChannelAffine.OfArithmetic(node, editor.Index, shape.Length, 1);
        int channels = affine is null ? 0 : Math.Max(affine.Scale.Length, affine.Shift.Length);
        return affine is not null && editor.ShapeOf(affine.Input) is { } input && input.Length == shape.Length && (channels == 1 || input[1] == channels) ? affine : null;
    }
}
