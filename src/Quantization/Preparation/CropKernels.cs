using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>Cuts the rows and columns of a Conv's kernel that only ever see padding: on images of one pixel a 3x3 Conv is its centre.</summary>
public static class CropKernels
{
    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.TryEachNode(model, node => node.Is("Conv"), TryCrop);

    private static bool TryCrop(NodeProto conv, GraphEditor editor)
    {
        if (ConvolutionShape.Of(conv, editor.Index) is not { } shape || editor.ShapeOf(conv.Input[0]) is not { } input || editor.ShapeOf(conv.Output[0]) is not { } output
            || input.Skip(2).Concat(output.Skip(2)).Any(extent => extent <= 0))
            return false;
        int axes = shape.Kernel.Length;
        (long From, long To)[] seen = [.. Enumerable.Range(0, axes).Select(axis => Seen(shape, axis, input[axis + 2], output[axis + 2]))];
        if (Enumerable.Range(0, axes).All(axis => seen[axis] == (0, shape.Kernel[axis])))
            return false;
        long[] begins = [.. Enumerable.Range(0, axes).Select(axis => shape.Begins[axis] - seen[axis].From * shape.Dilations[axis])];
        long[] ends = [.. Enumerable.Range(0, axes).Select(axis => shape.Ends[axis] - (shape.Kernel[axis] - seen[axis].To) * shape.Dilations[axis])];
        if (begins.Concat(ends).Any(pad => pad < 0) || seen.Any(range => range.From >= range.To))
            return false;

        long[] kernel = [.. seen.Select(range => range.To - range.From)];
        string weights = editor.Add(Tensors.Create(editor.Names.Fresh($"{conv.Input[1]}_cropped"), [shape.First, shape.Second, .. kernel], Crop(shape, seen, kernel)));
        editor.Change(conv, changed =>
        {
            changed.Input[1] = weights;
            foreach (string name in new[] { "auto_pad", "pads", "kernel_shape" })
                changed.RemoveAttribute(name);
            changed.Attribute.Add([Nodes.Attribute("pads", begins.Concat(ends)), Nodes.Attribute("kernel_shape", kernel)]);
        });
        return true;
    }

    /// <summary>The taps along one axis that lie on the image for some pixel of the result.</summary>
    private static (long From, long To) Seen(ConvolutionShape shape, int axis, long input, long output)
    {
        bool Touches(long tap) => Enumerable.Range(0, (int)output).Any(pixel => pixel * shape.Strides[axis] + tap * shape.Dilations[axis] - shape.Begins[axis] is >= 0 and var place && place < input);
        long from = 0, to = shape.Kernel[axis];
        while (from < to && !Touches(from))
            from++;
        while (to > from && !Touches(to - 1))
            to--;
        return (from, to);
    }

    private static float[] Crop(ConvolutionShape shape, (long From, long To)[] seen, long[] kernel)
    {
        ReadOnlySpan<float> values = shape.Weights.AsFloats();
        int kept = (int)kernel.Aggregate(1L, (product, extent) => product * extent), all = (int)shape.Kernel.Aggregate(1L, (product, extent) => product * extent);
        float[] cropped = new float[shape.First * shape.Second * kept];
        for (int i = 0; i < cropped.Length; i++)
        {
            // The tap's place along each axis, last axis first.
            int rest = i % kept, stride = 1, place = 0;
            for (int axis = kernel.Length - 1; axis >= 0; axis--)
            {
                place += (int)(rest % kernel[axis] + seen[axis].From) * stride;
                rest /= (int)kernel[axis];
                stride *= (int)shape.Kernel[axis];
            }
            cropped[i] = values[i / kept * all + place];
        }
        return cropped;
    }
}
