using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Moves a Resize that enlarges behind the 1x1 Conv that reads it: the Conv then works on the small image. Every pixel of the large one is a mean, with weights that
/// sum to 1, of pixels of the small one, and a 1x1 Conv with bias commutes with such means. A Relu behind it follows where the Resize only repeats pixels.
/// </summary>
public static class ResizeAfterConvolution
{
    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.TryEachNode(model, node => node.Is("Resize"), TrySwap);

    private static bool TrySwap(NodeProto resize, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        if (index.SoleConsumer(resize.Output[0]) is not { } conv || ConvolutionShape.Of(conv, index) is not { IsPointwise: true, Group: 1 } shape || !conv.Is("Conv")
            || conv.Input[0] != resize.Output[0] || !OnlyEnlarges(resize, editor)
            || resize.Text("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize" || resize.Text("keep_aspect_ratio_policy", "stretch") != "stretch" || resize.Attribute("axes") is not null)
            return false;

        bool repeats = resize.Text("mode", "nearest") == "nearest";
        NodeProto last = repeats && index.SoleConsumer(conv.Output[0]) is { } next && (next.Is("Relu") || next.Is("HardSwish") || next.Is("Sigmoid") || next.Is("HardSigmoid") || next.Is("LeakyRelu")) ? next : conv;
        ReplacementNodes nodes = new(last, editor);
        string y = nodes.Add("Conv", [resize.Input[0], .. conv.Input.Skip(1)], [.. conv.Attribute.Select(attribute => attribute.Clone())]);
        if (!ReferenceEquals(last, conv))
            y = nodes.AddLike([y]);
        string[] sizes = [.. resize.Input.Skip(1)];
        if (resize.InputAt(3).Length > 0)
        {
            // Sizes name the number of channels too.
            long[] extents = index.Initializer(resize.Input[3])!.ToInt64s();
            extents[1] = shape.First;
            sizes[2] = nodes.Constant("sizes", extents);
        }
        nodes.AddAs(last.Output[0], "Resize", [y, .. sizes], [.. resize.Attribute.Select(attribute => attribute.Clone())]);
        editor.Remove(resize);
        if (!ReferenceEquals(last, conv))
            editor.Remove(conv);
        nodes.Commit();
        return true;
    }

    // By constant factors or to constant extents, with batch and channels as they are.
    private static bool OnlyEnlarges(NodeProto resize, GraphEditor editor)
    {
        if (editor.Index.Initializer(resize.InputAt(2)) is { } scales && scales.ElementCount() > 2)
            return resize.InputAt(3).Length == 0 && scales.ToFloats() is [1, 1, .. { } factors] && factors.All(factor => factor >= 1);
        return editor.Index.Initializer(resize.InputAt(3))?.ToInt64s() is [var batch, var channels, .. { } to]
            && editor.ShapeOf(resize.Input[0]) is [var from, var given, .. { } image] && batch == from && channels == given
            && image.Zip(to).All(pair => pair.First > 0 && pair.Second >= pair.First);
    }
}
