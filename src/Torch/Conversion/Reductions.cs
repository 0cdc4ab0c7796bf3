using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;

namespace Octet.Torch.Conversion;

/// <summary>Sums, means and extrema over axes.</summary>
internal static class Reductions
{
    public static void Register(ConversionTable table)
    {
        table.Add(call => Whole(call, "ReduceMean"), "THSTensor_mean");
        table.Add(call => Whole(call, "ReduceSum"), "THSTensor_sum");
        table.Add(call => Whole(call, "ReduceMax"), "THSTensor_max");
        table.Add(call => Whole(call, "ReduceMin"), "THSTensor_min");
        table.Add(call => Along(call, "ReduceMean", "dimensions", "keepdim"), "THSTensor_mean_along_dimensions");
        table.Add(call => Along(call, "ReduceSum", "dimensions", "keepdim"), "THSTensor_sum_along_dimensions");
        table.Add(call => Along(call, "ReduceMax", "dim", "keep_dim"), "THSTensor_amax");
        table.Add(call => Along(call, "ReduceMin", "dim", "keep_dim"), "THSTensor_amin");
    }

    /// <summary>Writes a reduction over axes; over all where there are none.</summary>
    internal static string Reduce(ConversionContext call, string operation, string value, ReadOnlySpan<long> axes, bool keep)
    {
        // The axes are an input of ReduceSum since opset 13, of the others since 18.
        bool asInput = operation == "ReduceSum" || call.Opset >= 18;
        if (axes.Length == 0)
            return call.Add(operation, [value], Nodes.Attribute("keepdims", keep ? 1L : 0L));
        return asInput
            ? call.Add(operation, [value, call.Integers(axes)], Nodes.Attribute("keepdims", keep ? 1L : 0L))
            : call.Add(operation, [value], Nodes.Attribute("axes", axes.ToArray()), Nodes.Attribute("keepdims", keep ? 1L : 0L));
    }

    private static void Whole(ConversionContext call, string operation) =>
        call.Return(Reduce(call, operation, call.Value(call.Tensor("tensor"), call.Result().ElementType), [], keep: false));

    private static void Along(ConversionContext call, string operation, string axes, string keep)
    {
        TracedTensor tensor = call.Tensor("tensor");
        long[] along = [.. call.Integers(axes).Select(axis => (long)tensor.Axis(axis))];
        call.Return(Reduce(call, operation, call.Value(tensor, call.Result().ElementType), along, call.Flag(keep)));
    }
}
