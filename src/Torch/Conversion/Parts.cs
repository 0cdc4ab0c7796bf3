using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;

namespace Octet.Torch.Conversion;

/// <summary>Parts of a tensor along an axis: one place, a range, all parts of a division.</summary>
internal static class Parts
{
    public static void Register(ConversionTable table)
    {
        table.Add(call => call.Return(call.Select(call.Value("tensor"), call.Axis(call.Tensor("tensor"), "dim"), call.Integer("index"))), "THSTensor_select");
        table.Add(call => Range(call, call.Extent("start"), call.Extent("length"), 1, isLength: true), "THSTensor_narrow");
        // What is called length is the end.
        table.Add(call => Range(call, call.Extent("start"), call.Extent("length"), call.Integer("step"), isLength: false), "THSTensor_slice");
        table.Add(call => Split(call, call.Axis(call.Tensor("tensor"), "dim")), "THSTensor_chunk", "THSTensor_split_with_size", "THSTensor_split_with_sizes",
            "THSTensor_tensor_split_with_size", "THSTensor_tensor_split_with_sizes");
        table.Add(call => Split(call, call.Tensor("tensor").Rank == 1 ? 0 : 1), "THSTensor_hsplit_with_size", "THSTensor_hsplit_with_sizes");
        table.Add(call => Split(call, 0), "THSTensor_vsplit_with_size", "THSTensor_vsplit_with_sizes");
        table.Add(call => Split(call, 2), "THSTensor_dsplit_with_size", "THSTensor_dsplit_with_sizes");
        table.Add(Unbind, "THSTensor_unbind");
        table.Add(Windows, "THSTensor_unfold");
        table.Add(Diagonal, "THSTensor_diagonal");
        table.Add(call => Triangle(call, upper: false), "THSTensor_tril");
        table.Add(call => Triangle(call, upper: true), "THSTensor_triu");
    }

    private static void Range(ConversionContext call, Extent start, Extent end, long step, bool isLength)
    {
        TracedTensor tensor = call.Tensor("tensor");
        int axis = call.Axis(tensor, "dim");
        if (!start.IsFixed)
            throw call.Unsupported($"with a 'start' that depends on the batch size ({start})");
        if (call.Result().Shape.SequenceEqual(tensor.Shape))
        {
            call.Return(call.Value(tensor));
            return;
        }
        Extent stop = isLength ? start.First < 0 && end.IsFixed && end.First == -start.First ? new Extent(long.MaxValue) : new Extent(start.First + end.First, start.Second + end.Second) : end;
        call.Return(call.Add("Slice", [call.Value(tensor), call.Integers(start.First), stop.IsFixed ? call.Integers(stop.First) : call.Shape([stop]), call.Integers(axis), call.Integers(step)]));
    }

    private static void Split(ConversionContext call, int axis)
    {
        ImmutableArray<TracedTensor> parts = call.Call.Results;
        if (parts.Length == 1)
        {
            call.Return(call.Value("tensor"));
            return;
        }
        string sizes = call.Integers([.. parts.Select(part => call.FixedExtent(part, axis))]);
        ImmutableArray<string> values = call.AddMany("Split", parts.Length, [call.Value("tensor"), sizes], Nodes.Attribute("axis", (long)axis));
        for (int i = 0; i < parts.Length; i++)
            call.Return(values[i], i);
    }

    private static void Unbind(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        int axis = call.Axis(tensor, "dim");
        for (int i = 0; i < call.FixedExtent(tensor, axis); i++)
            call.Return(call.Select(call.Value(tensor), axis, i), i);
    }

    /// <summary>Windows of a size, a step apart, in a new last axis.</summary>
    private static void Windows(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        int axis = call.Axis(tensor, "dim");
        long size = call.Integer("size"), step = call.Integer("step"), windows = call.FixedExtent(call.Result(), axis);
        string positions = call.Positions([windows, size], at => at[0] * step + at[1]);
        call.Return(call.Transpose(call.Gather(call.Value(tensor), positions, axis), Operators.Moved(tensor.Rank + 1, axis + 1, tensor.Rank)));
    }

    /// <summary>The two axes become one, whose places on the diagonal are read.</summary>
    private static void Diagonal(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor");
        int first = call.Axis(tensor, "dim1"), second = call.Axis(tensor, "dim2");
        long offset = call.Integer("offset"), columns = call.FixedExtent(tensor, second);
        long[] order = [.. Enumerable.Range(0, tensor.Rank).Where(axis => axis != first && axis != second).Select(axis => (long)axis), first, second];
        ImmutableArray<Extent> kept = [.. order[..^2].Select(axis => tensor.Shape[(int)axis])];
        ImmutableArray<Extent> square = [.. kept, tensor.Shape[first], tensor.Shape[second]];
        string joined = call.Reshape(call.Transpose(call.Value(tensor), order), square, [.. kept, new Extent(call.FixedExtent(tensor, first) * columns)]);
        string positions = call.Positions([call.FixedExtent(call.Result(), -1)], at => (at[0] + Math.Max(-offset, 0)) * columns + at[0] + Math.Max(offset, 0));
        call.Return(call.Gather(joined, positions, kept.Length));
    }

    private static void Triangle(ConversionContext call, bool upper) =>
        call.Return(call.Add("Trilu", [call.Value("tensor"), call.Constant(TorchSharp.torch.ScalarType.Int64, call.Integer("diagonal"))], Nodes.Attribute("upper", upper ? 1L : 0)));
}
