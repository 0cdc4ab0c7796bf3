using System.Collections.Immutable;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Variances, norms, products, running sums and truth over axes.</summary>
internal static class Moments
{
    public static void Register(ConversionTable table)
    {
        foreach (bool root in new[] { false, true })
        {
            string name = root ? "std" : "var";
            table.Add(call => Spread(call, [], keep: false, root, withMean: false), $"THSTensor_{name}");
            table.Add(call => Spread(call, [], keep: false, root, withMean: true), $"THSTensor_{name}_mean");
            table.Add(call => Spread(call, Along(call, "dimensions"), call.Flag("keepdim"), root, withMean: false), $"THSTensor_{name}_along_dimensions");
            table.Add(call => Spread(call, Along(call, "dimensions"), call.Flag("keepdim"), root, withMean: true), $"THSTensor_{name}_mean_along_dimensions");
        }
        table.Add(call => call.Return(Norm(call, call.Value("tensor"), call.Number("p"), [], keep: false)), "THSTensor_norm");
        table.Add(call => call.Return(Norm(call, call.Value("tensor"), call.Number("p"), [call.Axis(call.Tensor("tensor"), "dimension")], call.Flag("keepdim"))), "THSTensor_norm_along_dimension");
        table.Add(call => call.Return(Norm(call, call.Value("tensor"), call.OptionalScalar("ord")?.Number ?? 2, Along(call, "dim"), call.Flag("keepdim"))), "THSLinalg_vector_norm");
        table.Add(call => call.Return(Reductions.Reduce(call, "ReduceProd", call.Value(call.Tensor("tensor"), call.Result().ElementType), [], keep: false)), "THSTensor_prod");
        table.Add(call => call.Return(Reductions.Reduce(call, "ReduceProd", call.Value(call.Tensor("tensor"), call.Result().ElementType), [call.Axis(call.Tensor("tensor"), "dimension")], call.Flag("keepdim"))),
            "THSTensor_prod_along_dimensions");
        table.Add(call => call.Return(Reductions.Reduce(call, "ReduceLogSumExp", call.Value("tensor"), [call.Axis(call.Tensor("tensor"), "dim")], call.Flag("keepdim"))), "THSTensor_logsumexp");
        table.Add(call => call.Return(call.Add("CumSum", [call.Value(call.Tensor("tensor"), call.Result().ElementType), call.Constant(torch.ScalarType.Int64, call.Axis(call.Tensor("tensor"), "dim"))])), "THSTensor_cumsum");
        table.Add(call => call.Return(Truth(call, "ReduceMin", [], keep: false)), "THSTensor_all");
        table.Add(call => call.Return(Truth(call, "ReduceMax", [], keep: false)), "THSTensor_any");
        table.Add(call => call.Return(Truth(call, "ReduceMin", [call.Axis(call.Tensor("tensor"), "dim")], call.Flag("keep_dim"))), "THSTensor_all_along_dimension");
        table.Add(call => call.Return(Truth(call, "ReduceMax", [call.Axis(call.Tensor("tensor"), "dim")], call.Flag("keep_dim"))), "THSTensor_any_along_dimension");
        table.Add(CountNonzero, "THSTensor_count_nonzero");
    }

    /// <summary>(sum |x|^p)^(1/p); the largest |x| for an infinite p, the smallest for a negative one, the number of other than 0 for p = 0.</summary>
    internal static string Norm(ConversionContext call, string value, double p, ReadOnlySpan<long> axes, bool keep)
    {
        torch.ScalarType type = call.Result().ElementType;
        switch (p)
        {
            case 1:
                return Reductions.Reduce(call, "ReduceL1", value, axes, keep);
            case 2:
                return Reductions.Reduce(call, "ReduceL2", value, axes, keep);
            case double.PositiveInfinity:
                return Reductions.Reduce(call, "ReduceMax", call.Add("Abs", [value]), axes, keep);
            case double.NegativeInfinity:
                return Reductions.Reduce(call, "ReduceMin", call.Add("Abs", [value]), axes, keep);
            case 0:
                return Reductions.Reduce(call, "ReduceSum", call.Add("Abs", [call.Add("Sign", [value])]), axes, keep);
            default:
                string sum = Reductions.Reduce(call, "ReduceSum", call.Add("Pow", [call.Add("Abs", [value]), call.Constant(type, p)]), axes, keep);
                return call.Add("Pow", [sum, call.Constant(type, 1 / p)]);
        }
    }

    /// <summary>The mean of the squared distances from the mean, over one less than there are where it is to be unbiased, or its root.</summary>
    private static void Spread(ConversionContext call, long[] axes, bool keep, bool root, bool withMean)
    {
        TracedTensor tensor = call.Tensor("tensor");
        torch.ScalarType type = call.Result().ElementType;
        string value = call.Value(tensor, type);
        string mean = Reductions.Reduce(call, "ReduceMean", value, axes, keep: true);
        string distances = Reductions.Reduce(call, "ReduceSumSquare", call.Difference(value, mean), axes, keep);
        string variance = call.Quotient(distances, Divisor());
        call.Return(root ? call.Add("Sqrt", [variance]) : variance);
        if (withMean)
            call.Return(Reductions.Reduce(call, "ReduceMean", value, axes, keep), 1);

        string Divisor()
        {
            ImmutableArray<Extent> counted = axes.Length == 0 ? tensor.Shape : [.. axes.Select(axis => tensor.Shape[(int)axis])];
            bool unbiased = call.Flag("unbiased");
            if (counted.All(extent => extent.IsFixed))
                return call.Constant(type, counted.Aggregate(1.0, (product, extent) => product * extent.First) - (unbiased ? 1 : 0));
            string count = call.Cast(Reductions.Reduce(call, "ReduceProd", call.Shape(counted), [], keep: false), torch.ScalarType.Int64, type);
            return unbiased ? call.Difference(count, call.Constant(type, 1)) : count;
        }
    }

    private static string Truth(ConversionContext call, string reduction, ReadOnlySpan<long> axes, bool keep)
    {
        TracedTensor tensor = call.Tensor("tensor");
        string truth = call.Cast(call.Value(tensor, torch.ScalarType.Bool), torch.ScalarType.Bool, torch.ScalarType.Int32);
        return call.Cast(Reductions.Reduce(call, reduction, truth, axes, keep), torch.ScalarType.Int32, call.Result().ElementType);
    }

    private static void CountNonzero(ConversionContext call)
    {
        string truth = call.Cast(call.Value(call.Tensor("tensor"), torch.ScalarType.Bool), torch.ScalarType.Bool, torch.ScalarType.Int64);
        call.Return(Reductions.Reduce(call, "ReduceSum", truth, Along(call, "dim"), keep: false));
    }

    private static long[] Along(ConversionContext call, string parameter) => [.. call.Integers(parameter).Select(axis => (long)call.Tensor("tensor").Axis(axis))];
}
