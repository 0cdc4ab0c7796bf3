using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;

namespace Octet.Torch.Conversion;

/// <summary>Largest and smallest elements and where they are, order, and ranks.</summary>
internal static class Extrema
{
    public static void Register(ConversionTable table)
    {
        table.Add(call => WithPlace(call, "ReduceMax", "ArgMax"), "THSTensor_max_along_dimension");
        table.Add(call => WithPlace(call, "ReduceMin", "ArgMin"), "THSTensor_min_along_dimension");
        table.Add(call => call.Return(Place(call, "ArgMax", call.Axis(call.Tensor("tensor"), "dim"), call.Flag("keep_dim"))), "THSTensor_argmax_along_dimension");
        table.Add(call => call.Return(Place(call, "ArgMin", call.Axis(call.Tensor("tensor"), "dim"), call.Flag("keep_dim"))), "THSTensor_argmin_along_dimension");
        table.Add(call => call.Return(PlaceInAll(call, "ArgMax")), "THSTensor_argmax");
        table.Add(call => call.Return(PlaceInAll(call, "ArgMin")), "THSTensor_argmin");
        table.Add(Largest, "THSTensor_topk");
        table.Add(call => Sort(call, call.Axis(call.Tensor("tensor"), "dim"), call.Flag("descending"), [0, 1]), "THSTensor_sort");
        table.Add(call => Sort(call, call.Axis(call.Tensor("tensor"), "dim"), call.Flag("descending"), [1]), "THSTensor_argsort");
        table.Add(call => Sort(call, 0, descending: false, [0]), "THSTensor_msort");
    }

    private static void WithPlace(ConversionContext call, string reduction, string place)
    {
        TracedTensor tensor = call.Tensor("tensor");
        int axis = call.Axis(tensor, "dim");
        bool keep = call.Flag("keep_dim");
        call.Return(Reductions.Reduce(call, reduction, call.Value(tensor), [axis], keep));
        call.Return(Place(call, place, axis, keep), 1);
    }

    // Of equal ones, the first.
    private static string Place(ConversionContext call, string operation, long axis, bool keep) =>
        call.Add(operation, [call.Value("tensor")], Nodes.Attribute("axis", axis), Nodes.Attribute("keepdims", keep ? 1L : 0));

    private static string PlaceInAll(ConversionContext call, string operation) =>
        call.Add(operation, [call.Flat(call.Tensor("tensor"))], Nodes.Attribute("axis", 0L), Nodes.Attribute("keepdims", 0L));

    private static void Largest(ConversionContext call)
    {
        ImmutableArray<string> results = call.AddMany("TopK", 2, [call.Value("tensor"), call.Integers(call.Integer("k"))],
            Nodes.Attribute("axis", (long)call.Axis(call.Tensor("tensor"), "dim")), Nodes.Attribute("largest", call.Flag("largest") ? 1L : 0), Nodes.Attribute("sorted", call.Flag("sorted") ? 1L : 0));
        call.Return(results[0]);
        call.Return(results[1], 1);
    }

    /// <summary>All elements by rank. Equal ones keep their order, as in a stable sort of torch.</summary>
    private static void Sort(ConversionContext call, int axis, bool descending, ImmutableArray<int> wanted)
    {
        TracedTensor tensor = call.Tensor("tensor");
        ImmutableArray<string> results = call.AddMany("TopK", 2, [call.Value(tensor), call.Shape([tensor.Shape[axis]])], Nodes.Attribute("axis", (long)axis), Nodes.Attribute("largest", descending ? 1L : 0));
        for (int i = 0; i < wanted.Length; i++)
            call.Return(results[wanted[i]], i);
    }
}
