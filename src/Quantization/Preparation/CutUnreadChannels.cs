using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Cuts the output channels of a Conv that nobody reads: where all that reads its result, behind what works on each channel by itself, are Slices that leave some channels out,
/// neither the Conv nor what stands between need compute them.
/// </summary>
public static class CutUnreadChannels
{
    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.TryEachNode(model, node => node.Is("Conv"), TryCut);

    private static bool TryCut(NodeProto conv, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        if (ConvolutionShape.Of(conv, index) is not { Group: 1 } shape)
            return false;
        List<NodeProto> between = [];
        string value = conv.Output[0];
        while (index.SoleConsumer(value) is { } next && Keeps(next, value, index))
        {
            between.Add(next);
            value = next.Output[0];
        }
        ChannelSlice?[] slices = [.. index.Consumers(value).Select(reader => ChannelSlice.Of(reader, value, shape.First, editor))];
        if (slices.Length == 0 || index.IsOutput(value) || slices.Contains(null))
            return false;
        int[] read = [.. Enumerable.Range(0, shape.First).Where(channel => slices.Any(slice => slice!.First <= channel && channel < slice.Last))];
        if (read.Length == 0 || read.Length == shape.First)
            return false;

        ReplacementNodes nodes = new(conv, editor);
        int filter = shape.Weights.AsFloats().Length / shape.First;
        float[] weights = new float[read.Length * filter];
        for (int channel = 0; channel < read.Length; channel++)
            shape.Weights.AsFloats().Slice(read[channel] * filter, filter).CopyTo(weights.AsSpan(channel * filter));
        string[] operands = [conv.Input[0], nodes.Constant("read_weights", [read.Length, .. shape.Weights.Dims.Skip(1)], weights)];
        string y = nodes.Add("Conv", shape.Bias is null ? operands : [.. operands, nodes.Constant("read_bias", [read.Length], [.. read.Select(channel => shape.Bias[channel])])],
            [.. conv.Attribute.Select(attribute => attribute.Clone())]);
        foreach (NodeProto node in between)
        {
            string[] inputs = [y, .. node.Input.Skip(1)];
            if (node.Is("Resize") && node.InputAt(3).Length > 0)
            {
                // Sizes name the number of channels too.
                long[] extents = index.Initializer(node.Input[3])!.ToInt64s();
                extents[1] = read.Length;
                inputs[3] = nodes.Constant("sizes", extents);
            }
            y = nodes.Add(node.OpType, inputs, [.. node.Attribute.Select(attribute => attribute.Clone())]);
            editor.Remove(node);
        }
        foreach (ChannelSlice slice in slices.OfType<ChannelSlice>())
            slice.Move(y, Array.IndexOf(read, slice.First), nodes, editor);
        nodes.Commit();
        return true;
    }

    /// <summary>Whether each channel of the result is made of the one of its number.</summary>
    private static bool Keeps(NodeProto node, string value, GraphIndex index) => node.IsStandard() && node.Output.Count == 1 && node.Input[0] == value && node.OpType switch
    {
        "Relu" or "LeakyRelu" or "Elu" or "HardSwish" or "HardSigmoid" or "Sigmoid" or "Tanh" or "MaxPool" or "AveragePool" or "GlobalAveragePool" => true,
        "Clip" => node.Input.Skip(1).All(bound => bound.Length == 0 || index.Scalar(bound) is not null),
        "Resize" => node.Text("coordinate_transformation_mode", "half_pixel") != "tf_crop_and_resize" && node.Text("keep_aspect_ratio_policy", "stretch") == "stretch" && node.Attribute("axes") is null && (node.InputAt(3).Length > 0
            ? index.Initializer(node.Input[3]) is not null
            : index.Initializer(node.InputAt(2))?.ToFloats() is [_, 1, ..]),
        _ => false,
    };

    /// <summary>A Slice with constant bounds: some channels, from First to before Last.</summary>
    private sealed record ChannelSlice(NodeProto Node, int Place, int First, int Last)
    {
        public static ChannelSlice? Of(NodeProto node, string value, int channels, GraphEditor editor)
        {
            if (!node.Is("Slice") || node.Input[0] != value || node.Input.Skip(1).Contains(value) || editor.ShapeOf(value) is not { } shape
                || Numbers(1) is not { } starts || Numbers(2) is not { } ends || starts.Length != ends.Length)
                return null;
            long[]? axes = node.InputAt(3).Length == 0 ? [.. Enumerable.Range(0, starts.Length)] : Numbers(3);
            long[]? steps = node.InputAt(4).Length == 0 ? [.. starts.Select(_ => 1L)] : Numbers(4);
            int place = axes is null ? -1 : Array.FindIndex(axes, axis => axis == 1 || axis == 1 - shape.Length);
            if (place < 0 || steps is null || steps[place] != 1)
                return null;
            (int first, int last) = (Bound(starts[place]), Bound(ends[place]));
            return first < last ? new ChannelSlice(node, place, first, last) : null;

            long[]? Numbers(int input) => editor.Index.Initializer(node.InputAt(input))?.ToInt64s();

            int Bound(long bound) => (int)Math.Clamp(bound < 0 ? bound + channels : bound, 0, channels);
        }

        /// <summary>Lets the Slice read another value, whose channels begin elsewhere.</summary>
        public void Move(string value, int first, ReplacementNodes nodes, GraphEditor editor)
        {
            long[] starts = editor.Index.Initializer(Node.Input[1])!.ToInt64s(), ends = editor.Index.Initializer(Node.Input[2])!.ToInt64s();
            (starts[Place], ends[Place]) = (first, first + Last - First);
            (string from, string to) = (nodes.Constant("from", starts), nodes.Constant("to", ends));
            editor.Change(Node, slice => (slice.Input[0], slice.Input[1], slice.Input[2]) = (value, from, to));
        }
    }
}
