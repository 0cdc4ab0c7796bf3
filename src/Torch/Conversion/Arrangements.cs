using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>The same elements in another order, repeated, or side by side; channels as pixels and pixels as channels.</summary>
internal static class Arrangements
{
    public static void Register(ConversionTable table)
    {
        table.Add(Move, "THSTensor_movedim");
        table.Add(call => call.Return(Reversed(call, [.. call.Integers("psizes").Select(axis => call.Tensor("tensor").Axis(axis))])), "THSTensor_flip");
        table.Add(call => call.Return(Reversed(call, [1])), "THSTensor_fliplr");
        table.Add(call => call.Return(Reversed(call, [0])), "THSTensor_flipud");
        table.Add(Roll, "THSTensor_roll");
        table.Add(call => Repeat(call, call.Extents("psizes")), "THSTensor_repeat");
        table.Add(call => Repeat(call, call.Extents("reps")), "THSTensor_tile");
        table.Add(RepeatEach, "THSTensor_repeat_interleave_int64");
        table.Add(call => Join(call, atLeast: 1, axis: call.Tensors("tensor")[0].Rank == 0 || call.Tensors("tensor")[0].Rank == 1 ? 0 : 1), "THSTensor_hstack");
        table.Add(call => Join(call, atLeast: 2, axis: 0), "THSTensor_vstack", "THSTensor_row_stack");
        table.Add(ShufflePixels, "THSNN_pixel_shuffle");
        table.Add(UnshufflePixels, "THSNN_pixel_unshuffle");
        table.Add(ShuffleChannels, "THSTensor_channel_shuffle");
        table.Add(Columns, "THSNN_unfold");
    }

    private static void Move(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        int[] from = [.. call.Integers("src").Select(axis => tensor.Axis(axis))], to = [.. call.Integers("dst").Select(axis => tensor.Axis(axis))];
        Queue<int> staying = new(Enumerable.Range(0, tensor.Rank).Except(from));
        call.Return(call.Transpose(call.Value(tensor), [.. Enumerable.Range(0, tensor.Rank).Select(axis => (long)(Array.IndexOf(to, axis) is >= 0 and var moved ? from[moved] : staying.Dequeue()))]));
    }

    private static string Reversed(ConversionContext call, int[] axes) => axes.Aggregate(call.Value("tensor"), (value, axis) => call.Slice(value, axis, -1, long.MinValue, -1));

    /// <summary>What leaves at one end comes in at the other; without axes the tensor is rolled as if it had one.</summary>
    private static void Roll(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        ImmutableArray<long> shifts = call.Integers("shifts"), axes = call.Integers("dims");
        if (axes.IsEmpty)
        {
            if (tensor.Shape.Any(extent => !extent.IsFixed))
                throw call.Unsupported("over all elements, of which there are as many as the batch size says");
            long count = tensor.Shape.Aggregate(1L, (product, extent) => product * extent.First);
            call.Return(call.Reshape(Rolled(call.Flat(tensor), 0, shifts[0], count), [new Extent(count)], tensor.Shape));
            return;
        }
        string value = call.Value(tensor);
        for (int i = 0; i < axes.Length; i++)
            value = Rolled(value, tensor.Axis(axes[i]), shifts[i], call.FixedExtent(tensor, axes[i]));
        call.Return(value);

        string Rolled(string rolled, int axis, long shift, long extent)
        {
            long start = extent - ((shift % extent) + extent) % extent;
            return start == extent ? rolled : call.Concat([call.Slice(rolled, axis, start, long.MaxValue), call.Slice(rolled, axis, 0, start)], axis);
        }
    }

    private static void Repeat(ConversionContext call, ImmutableArray<Extent> times)
    {
        TracedTensor tensor = call.Tensor("tensor");
        int rank = Math.Max(times.Length, tensor.Rank);
        string value = call.Unsqueeze(call.Value(tensor), [.. Enumerable.Range(0, rank - tensor.Rank).Select(axis => (long)axis)]);
        ImmutableArray<Extent> all = [.. Enumerable.Repeat(new Extent(1), rank - times.Length), .. times];
        call.Return(call.Add("Tile", [value, call.Shape(all)]));
    }

    private static void RepeatEach(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        int axis = call.Axis(tensor, "dim");
        ImmutableArray<Extent> apart = tensor.Shape.Insert(axis + 1, new Extent(call.Integer("repeats")));
        call.Return(call.ReshapeToResult(call.Expand(call.Unsqueeze(call.Value(tensor), axis + 1), apart), apart));
    }

    private static void Join(ConversionContext call, int atLeast, int axis)
    {
        torch.ScalarType type = call.Result().ElementType;
        call.Return(call.Concat([.. call.Tensors("tensor").Select(tensor => call.Unsqueeze(call.Value(tensor, type), [.. Enumerable.Range(0, Math.Max(atLeast - tensor.Rank, 0)).Select(added => (long)added)]))], axis));
    }

    private static void ShufflePixels(ConversionContext call)
    {
        if (call.Tensor("tensor").Rank != 4)
            throw call.Unsupported("with a tensor that is not [batch, channels, height, width]");
        call.Return(call.Add("DepthToSpace", [call.Value("tensor")], Nodes.Attribute("blocksize", call.Integer("upscale_factor")), Nodes.Attribute("mode", "CRD")));
    }

    /// <summary>Torch keeps the pixels of a channel together, where SpaceToDepth keeps the channels of a pixel.</summary>
    private static void UnshufflePixels(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        if (tensor.Rank != 4)
            throw call.Unsupported("with a tensor that is not [batch, channels, height, width]");
        long factor = call.Integer("downscale_factor");
        Extent block = new(factor), height = new(call.FixedExtent(tensor, 2) / factor), width = new(call.FixedExtent(tensor, 3) / factor);
        ImmutableArray<Extent> apart = [tensor.Shape[0], tensor.Shape[1], height, block, width, block];
        string moved = call.Transpose(call.Reshape(call.Value(tensor), tensor.Shape, apart), 0, 1, 3, 5, 2, 4);
        call.Return(call.ReshapeToResult(moved, [apart[0], apart[1], apart[3], apart[5], apart[2], apart[4]]));
    }

    private static void ShuffleChannels(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("input");
        long groups = call.Integer("groups");
        Extent group = new(groups), channels = new(call.FixedExtent(tensor, 1) / groups);
        ImmutableArray<Extent> behind = tensor.Shape[2..];
        string moved = call.Transpose(call.Reshape(call.Value(tensor), tensor.Shape, [tensor.Shape[0], group, channels, .. behind]), Operators.Exchanged(tensor.Rank + 1, 1, 2));
        call.Return(call.ReshapeToResult(moved, [tensor.Shape[0], channels, group, .. behind]));
    }

    /// <summary>The windows of an image as columns: [batch, channels * window, places].</summary>
    private static void Columns(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("input");
        if (tensor.Rank != 4)
            throw call.Unsupported("with a tensor that is not [batch, channels, height, width]");
        // The strides are called stride1 and stride.
        (long, long, long, long)[] axes = [.. new[] { ("1", "stride1", 2), ("2", "stride", 3) }.Select(axis =>
        {
            long kernel = call.Integer("kernel" + axis.Item1), pad = call.Integer("pad" + axis.Item1), dilation = call.Integer("dil" + axis.Item1), stride = call.Integer(axis.Item2);
            return (kernel, (call.FixedExtent(tensor, axis.Item3) + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1, stride, dilation);
        })];
        long top = call.Integer("pad1"), left = call.Integer("pad2");
        string value = call.Value(tensor);
        if (top + left > 0)
            value = call.Add("Pad", [value, call.Integers(0, 0, top, left, 0, 0, top, left)]);
        value = call.Gather(value, Places(axes[0]), 2);
        value = call.Gather(value, Places(axes[1]), 4);
        (Extent kernelRows, Extent rows, Extent kernelColumns, Extent columns) = (new(axes[0].Item1), new(axes[0].Item2), new(axes[1].Item1), new(axes[1].Item2));
        call.Return(call.ReshapeToResult(call.Transpose(value, 0, 1, 2, 4, 3, 5), [tensor.Shape[0], tensor.Shape[1], kernelRows, kernelColumns, rows, columns]));

        string Places((long Kernel, long Count, long Stride, long Dilation) axis) => call.Positions([axis.Kernel, axis.Count], at => at[0] * axis.Dilation + at[1] * axis.Stride);
    }
}
