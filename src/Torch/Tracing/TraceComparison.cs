using System.Collections.Immutable;
using Octet.Quantization.Diagnostics;
using Octet.Torch.Conversion;

namespace Octet.Torch.Tracing;

/// <summary>Makes one trace that holds at every batch size of two at different ones: what differs between them depends on the batch.</summary>
public static class TraceComparison
{
    /// <summary>Compares two traces of the same calculation.</summary>
    /// <param name="first">At batch size <see cref="Extent.FirstBatch"/>.</param>
    /// <param name="second">At batch size <see cref="Extent.SecondBatch"/>.</param>
    /// <exception cref="DiagnosticException">OCT2112: they differ in something that a graph cannot make depend on the batch.</exception>
    public static Trace Merge(Trace first, Trace second) => new Merging().Merge(first, second);

    private sealed class Merging
    {
        private readonly Dictionary<int, int> _counterparts = [];
        private readonly Dictionary<int, TracedTensor> _merged = [];

        public Trace Merge(Trace first, Trace second)
        {
            ImmutableArray<TracedTensor> inputs = [.. first.Inputs.Zip(second.Inputs, (one, other) => Define(one, other, "the inputs"))];
            int same = first.Calls.Zip(second.Calls).TakeWhile(pair => pair.First.Native == pair.Second.Native && pair.First.Results.Length == pair.Second.Results.Length).Count();
            if (same < first.Calls.Length || same < second.Calls.Length)
                throw Depends($"call {same + 1} is {Describe(first.Calls, same)} at batch {Extent.FirstBatch} and {Describe(second.Calls, same)} at batch {Extent.SecondBatch}");
            ImmutableArray<TracedCall> calls = [.. first.Calls.Zip(second.Calls, Merge)];
            if (first.Outputs.Length != second.Outputs.Length)
                throw Depends("the number of outputs differs");
            return new Trace(inputs, calls, [.. first.Outputs.Zip(second.Outputs, (one, other) => Use(one, other, "the outputs"))], [.. first.Reads.Union(second.Reads)]);
        }

        private static string Describe(ImmutableArray<TracedCall> calls, int index) => index < calls.Length ? $"{calls[index].Native} in {calls[index].Place} with {calls[index].Results.Length} results" : "none";

        private TracedCall Merge(TracedCall one, TracedCall other)
        {
            string place = $"{one.Native} in {one.Place}";
            ImmutableArray<TracedArgument> arguments = MergeAll(one.Arguments, other.Arguments, place);
            return one with { Arguments = arguments, Results = [.. one.Results.Zip(other.Results, (a, b) => Define(a, b, place))] };
        }

        private ImmutableArray<TracedArgument> MergeAll(ImmutableArray<TracedArgument> one, ImmutableArray<TracedArgument> other, string place) =>
            one.Length == other.Length ? [.. one.Zip(other, (a, b) => Merge(a, b, place))] : throw Depends($"{place} has {one.Length} arguments or {other.Length}");

        private TracedArgument Merge(TracedArgument one, TracedArgument other, string place) => (one, other) switch
        {
            (TensorArgument a, TensorArgument b) when a.Value is null == b.Value is null => a.Value is null ? a : a with { Value = Use(a.Value, b.Value!, place) },
            (TensorsArgument a, TensorsArgument b) when a.Values.Length == b.Values.Length => a with { Values = [.. a.Values.Zip(b.Values, (x, y) => x is null || y is null ? x : Use(x, y, place))] },
            (IntegerArgument a, IntegerArgument b) => a with { Value = new Extent(a.Value.First, b.Value.First) },
            (IntegersArgument a, IntegersArgument b) when a.Values.Length == b.Values.Length => a with { Values = [.. a.Values.Zip(b.Values, (x, y) => new Extent(x.First, y.First))] },
            (ModuleArgument a, ModuleArgument b) when a.Value.Constructor == b.Value.Constructor => a,
            (NumbersArgument a, NumbersArgument b) when a.Values.SequenceEqual(b.Values) => a,
            (ScalarArgument or NumberArgument or TextArgument, _) when one.Equals(other) => one,
            _ => throw Depends($"the argument '{one.Name}' of {place} is {Show(one)} at batch {Extent.FirstBatch} and {Show(other)} at batch {Extent.SecondBatch}"),
        };

        private static string Show(TracedArgument argument) => argument switch
        {
            NumberArgument number => FormattableString.Invariant($"{number.Value}"),
            ScalarArgument { Value: { } scalar } => FormattableString.Invariant($"{scalar.Number}"),
            TextArgument text => text.Value ?? "nothing",
            IntegersArgument integers => $"[{string.Join(",", integers.Values)}]",
            NumbersArgument numbers => FormattableString.Invariant($"[{string.Join(",", numbers.Values)}]"),
            TensorsArgument tensors => $"{tensors.Values.Length} tensors",
            _ => "something else",
        };

        private TracedTensor Define(TracedTensor one, TracedTensor other, string place)
        {
            _counterparts[one.Id] = other.Id;
            return _merged[one.Id] = WithExtents(one, other, place);
        }

        private TracedTensor Use(TracedTensor one, TracedTensor other, string place)
        {
            if (one.Origin != other.Origin)
                throw Depends($"{place} uses {one.Origin} {one} at batch {Extent.FirstBatch} and {other.Origin} {other} at batch {Extent.SecondBatch}");
            switch (one.Origin)
            {
                case TensorOrigin.State:
                    return one.Name == other.Name ? one : throw Depends($"{place} uses '{one.Name}' at batch {Extent.FirstBatch} and '{other.Name}' at batch {Extent.SecondBatch}");
                case TensorOrigin.Constant:
                    return MergeConstants(one, other, place);
                default:
                    return _counterparts.GetValueOrDefault(one.Id) == other.Id ? _merged[one.Id] : throw Depends($"{place} uses results of different calls");
            }
        }

        private static TracedTensor WithExtents(TracedTensor one, TracedTensor other, string place) => one.Rank == other.Rank && one.ElementType == other.ElementType
            ? one with { Shape = [.. one.Shape.Zip(other.Shape, (a, b) => new Extent(a.First, b.First))] }
            : throw Depends($"{place} has {one} at batch {Extent.FirstBatch} and {other} at batch {Extent.SecondBatch}");

        // Zeros for a whole batch, a learned token for each of its rows: the same all along what depends on the batch, so that one slice says it.
        private static TracedTensor MergeConstants(TracedTensor one, TracedTensor other, string place)
        {
            TracedTensor merged = WithExtents(one, other, place);
            if (merged.Shape.All(extent => extent.IsFixed))
                return one.Data.Span.SequenceEqual(other.Data.Span) ? merged with { Data = one.Data } : throw Depends($"{place} uses a constant {one} that differs between two calls of the same module");
            byte[]? slice = Slice(one, merged.Shape);
            return slice is not null && Slice(other, merged.Shape) is { } same && slice.AsSpan().SequenceEqual(same)
                ? merged with { Data = slice }
                : throw Depends($"{place} uses a constant whose values depend on the batch size ({merged})");
        }

        // The elements at index 0 of each axis that depends on the batch; null where those at other indices differ.
        private static byte[]? Slice(TracedTensor tensor, ImmutableArray<Extent> shape)
        {
            int size = tensor.ElementType.Size();
            ReadOnlySpan<byte> data = tensor.Data.Span;
            long[] sliced = [.. shape.Select((extent, axis) => extent.IsFixed ? tensor.Shape[axis].First : 1)];
            byte[] slice = new byte[sliced.Aggregate(1L, (product, extent) => product * extent) * size];
            long[] indices = new long[tensor.Rank];
            for (int element = 0; element < data.Length / size; element++)
            {
                long place = 0;
                bool first = true;
                for (int axis = 0; axis < tensor.Rank; axis++)
                {
                    place = place * sliced[axis] + (shape[axis].IsFixed ? indices[axis] : 0);
                    first &= shape[axis].IsFixed || indices[axis] == 0;
                }
                Span<byte> target = slice.AsSpan((int)place * size, size);
                ReadOnlySpan<byte> source = data.Slice(element * size, size);
                if (first)
                    source.CopyTo(target);
                else if (!source.SequenceEqual(target))
                    return null;
                for (int axis = tensor.Rank - 1; axis >= 0 && ++indices[axis] == tensor.Shape[axis].First; axis--)
                    indices[axis] = 0;
            }
            return slice;
        }

        private static DiagnosticException Depends(string how) => DiagnosticCatalog.Exception("OCT2112", null, how);
    }
}
