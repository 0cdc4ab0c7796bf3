using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Conversion;

/// <summary>Reading by index: numbers, ranges, new axes, tensors of positions, in all combinations that one index expression may have.</summary>
internal static class Indexing
{
    public static void Register(ConversionTable table)
    {
        table.Add(call => call.Return(Read(call, call.Value("tensor"), call.Tensor("tensor"), IndexExpression.Of(call, call.Tensor("tensor")))), "THSTensor_index");
        table.Add(call => call.Return(Read(call, call.Value("handle"), call.Tensor("handle"), IndexExpression.OfNumbers(call))),
            "THSTensor_get1", "THSTensor_get2", "THSTensor_get3", "THSTensor_get4", "THSTensor_get5", "THSTensor_get6");
        table.Add(call => call.Return(call.Gather(call.Value("tensor"), call.Value("index"), call.Axis(call.Tensor("tensor"), "dim"))), "THSTensor_index_select");
        table.Add(call => call.Return(GatherElements(call, call.Value("tensor"), call.Value("index"), call.Axis(call.Tensor("tensor"), "dim"))), "THSTensor_gather");
        table.Add(call => call.Return(call.Gather(call.Flat(call.Tensor("tensor")), call.Value("index"), 0)), "THSTensor_take");
        table.Add(call => call.Return(call.Gather(call.Flat(call.Tensor("tensor")), call.Flat(call.Tensor("indices")), 0)), "THSTensor_take_along_dim_dflt");
        table.Add(TakeAlong, "THSTensor_take_along_dim");
    }

    /// <summary>Reads by an index expression.</summary>
    /// <param name="call">The conversion.</param>
    /// <param name="source">What is read from, of the target's shape.</param>
    /// <param name="target">The tensor that the expression indexes.</param>
    /// <param name="expression">The expression.</param>
    internal static string Read(ConversionContext call, string source, TracedTensor target, IndexExpression expression)
    {
        string value = source;
        int axis = 0, rank = target.Rank;
        List<(int Axis, string Positions, int Rank)> chosen = [];
        foreach (IndexPart part in expression.Parts)
        {
            switch (part)
            {
                case NewAxis:
                    value = call.Unsqueeze(value, axis++);
                    rank++;
                    break;
                case WholeAxes whole:
                    axis += whole.Count;
                    break;
                case SingleIndex single:
                    value = call.Select(value, axis, single.Index);
                    rank--;
                    break;
                case IndexRange { Start: 0, Stop: long.MaxValue, Step: 1 }:
                    axis++;
                    break;
                case IndexRange range:
                    value = call.Slice(value, axis++, range.Start, range.Stop, range.Step);
                    break;
                case IndexTensor { Tensor: var tensor }:
                    foreach ((string positions, int positionsRank) in tensor.IsBoolean() ? Chosen(call, tensor) : [(call.Value(tensor, torch.ScalarType.Int64), tensor.Rank)])
                        chosen.Add((axis++, positions, positionsRank));
                    break;
            }
        }
        return chosen.Count switch { 0 => value, 1 => call.Gather(value, chosen[0].Positions, chosen[0].Axis), _ => ReadSeveral(call, value, rank, chosen) };
    }

    /// <summary>Positions along several axes, broadcast against each other. The axes of the positions come where the indexed ones were if those are neighbours, else first.</summary>
    private static string ReadSeveral(ConversionContext call, string value, int rank, List<(int Axis, string Positions, int Rank)> chosen)
    {
        string shape = call.Add("Shape", [chosen.Select(at => at.Positions).Aggregate(call.Sum)]);
        string together = call.Concat([.. chosen.Select(at => call.Unsqueeze(call.Add("Expand", [at.Positions, shape]), -1))], -1);
        long[] axes = [.. chosen.Select(at => (long)at.Axis)];
        long[] rest = [.. Enumerable.Range(0, rank).Select(axis => (long)axis).Except(axes)];
        string read = call.Add("GatherND", [call.Transpose(value, [.. axes, .. rest]), together]);

        int first = chosen[0].Axis, positions = chosen.Max(at => at.Rank);
        bool neighbours = axes[^1] - axes[0] == axes.Length - 1;
        if (!neighbours || first == 0)
            return read;
        int resultRank = positions + rest.Length;
        return call.Transpose(read, [.. Range(positions, first), .. Range(0, positions), .. Range(positions + first, resultRank - positions - first)]);

        static IEnumerable<long> Range(int start, int count) => Enumerable.Range(start, count).Select(axis => (long)axis);
    }

    /// <summary>The positions, one list an axis, of what a constant mask chooses.</summary>
    private static IEnumerable<(string Positions, int Rank)> Chosen(ConversionContext call, TracedTensor mask)
    {
        if (mask.Origin == TensorOrigin.Call || mask.Origin == TensorOrigin.Input)
            throw call.Unsupported("with a mask that is calculated: how many elements it chooses depends on the data");
        ReadOnlySpan<byte> data = call.Data(mask);
        List<long>[] positions = [.. Enumerable.Range(0, mask.Rank).Select(_ => new List<long>())];
        for (int i = 0; i < data.Length; i++)
        {
            if (data[i] == 0)
                continue;
            long rest = i;
            for (int axis = mask.Rank - 1; axis >= 0; axis--)
            {
                (rest, long position) = Math.DivRem(rest, mask.Shape[axis].First);
                positions[axis].Add(position);
            }
        }
        return positions.Select(ofAxis => (call.Integers([.. ofAxis]), 1));
    }

    internal static string GatherElements(ConversionContext call, string value, string positions, int axis) => call.Add("GatherElements", [value, positions], Nodes.Attribute("axis", (long)axis));

    /// <summary>Like gather, but tensor and positions are broadcast against each other first, except along the axis.</summary>
    private static void TakeAlong(ConversionContext call)
    {
        TracedTensor tensor = call.Tensor("tensor"), positions = call.Tensor("indices");
        int axis = call.Axis(tensor, "dim");
        ImmutableArray<Extent> result = call.Result().Shape;
        call.Return(GatherElements(call, Broadcast(tensor), Broadcast(positions), axis));

        string Broadcast(TracedTensor operand)
        {
            ImmutableArray<Extent> wanted = result.SetItem(axis, operand.Shape[axis]);
            return wanted.SequenceEqual(operand.Shape) ? call.Value(operand) : call.Expand(call.Value(operand), wanted);
        }
    }
}
