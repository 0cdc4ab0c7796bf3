using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Writes a BatchNormalization, or a constant scale and shift, that no Conv or Gemm can take as a depthwise 1x1 Conv with bias: that has an integer kernel, and
/// takes the Relu behind it in. Pre-activation networks (He et al. 2016) have one behind every shortcut.
/// </summary>
public static class NormalizationToConvolution
{
    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) =>
        Rewriting.TryEachNode(model, node => node.Is("BatchNormalization") || FoldArithmetic.IsArithmetic(node), TryRewrite);

    private static bool TryRewrite(NodeProto node, GraphEditor editor)
    {
        if (MoveConstants.Affine(node, editor) is not { } first || editor.ShapeOf(first.Input) is not { Length: 3 or 4 } shape || shape[1] <= 0 || shape.Skip(2).All(extent => extent == 1)
            || first.For(shape[1]) is not { } affine || editor.Index.Initializer(first.Input) is not null || ScalesInput(first, editor))
            return false;
        // A Mul and the Add behind it are one Conv.
        NodeProto last = node;
        while (editor.Index.SoleConsumer(last.Output[0]) is { } next && MoveConstants.Affine(next, editor)?.For(shape[1]) is { } following)
        {
            affine = new ChannelAffine(
                affine.Input,
                [.. affine.Scale.Zip(following.Scale, (one, other) => one * other)],
                [.. affine.Shift.Select((shift, channel) => shift * following.Scale[channel] + following.Shift[channel])]);
            editor.Remove(last);
            last = next;
        }
        ReplacementNodes nodes = new(last, editor);
        long[] ones = [.. Enumerable.Repeat(1L, shape.Length - 2)];
        string weights = nodes.Constant("scale", [shape[1], 1, .. ones], [.. affine.Scale.Select(scale => (float)scale)]);
        string bias = nodes.Constant("shift", [shape[1]], [.. affine.Shift.Select(shift => (float)shift)]);
        nodes.AddAs(last.Output[0], "Conv", [affine.Input, weights, bias], Nodes.Attribute("group", shape[1]), Nodes.Attribute("kernel_shape", ones));
        nodes.Commit();
        return true;
    }

    /// <summary>Whether it is the model's own input that is scaled and shifted, all of it alike: its quantization does so by itself.</summary>
    private static bool ScalesInput(ChannelAffine affine, GraphEditor editor) =>
        affine is { Scale.Length: 1, Shift.Length: 1 }
        && (editor.Index.Producer(affine.Input) is not { } before || MoveConstants.Affine(before, editor) is { } earlier && ScalesInput(earlier, editor));
}
