using System.Collections.Immutable;
using Octet.Torch.Tracing;

namespace Octet.Torch.Conversion;

/// <summary>A part of an index expression.</summary>
internal abstract record IndexPart;

/// <summary>An axis of extent 1 that the result gets.</summary>
internal sealed record NewAxis : IndexPart;

/// <summary>Axes that are taken whole: an ellipsis.</summary>
internal sealed record WholeAxes(int Count) : IndexPart;

/// <summary>One place of an axis, which the result does not have any more.</summary>
internal sealed record SingleIndex(long Index) : IndexPart;

/// <summary>A range of an axis; a negative bound counts from the end.</summary>
internal sealed record IndexRange(long Start, long Stop, long Step) : IndexPart;

/// <summary>Positions along an axis, or a mask over one or several axes.</summary>
internal sealed record IndexTensor(TracedTensor Tensor) : IndexPart;

/// <summary>An index expression such as <c>x[.., 1..3, positions]</c>, as TorchSharp hands it to its native library: numbers, some of which are codes.</summary>
internal sealed record IndexExpression(ImmutableArray<IndexPart> Parts)
{
    private const long Absent = long.MinValue;
    private const long AbsentAxis = long.MinValue;
    private const long False = long.MinValue + 1;
    private const long True = long.MinValue + 2;
    private const long Ellipsis = long.MinValue + 3;
    private const long None = long.MinValue + 4;
    private const long Positions = long.MinValue + 5;
    private const long OpenRange = long.MinValue + 6;
    private const long SmallestNumber = long.MinValue / 4;
    private const long RangeOrigin = long.MinValue / 2;

    /// <summary>The expression of <c>index</c> and <c>index_put</c>.</summary>
    internal static IndexExpression Of(ConversionContext call, TracedTensor target)
    {
        ImmutableArray<long> starts = call.Integers("indexStarts"), stops = call.Integers("indexEnds"), steps = call.Integers("indexSteps");
        ImmutableArray<TracedTensor?> tensors = call.OptionalTensors("indexTensors");
        int consumed = starts.Select((start, i) => start switch
        {
            Ellipsis or None or AbsentAxis => 0,
            Positions when tensors[i]!.IsBoolean() => tensors[i]!.Rank,
            _ => 1,
        }).Sum();

        return new([.. starts.Select((start, i) => start switch
        {
            AbsentAxis or None => (IndexPart)new NewAxis(),
            False or True => throw call.Unsupported("with a boolean as index"),
            Ellipsis => new WholeAxes(target.Rank - consumed),
            Positions => new IndexTensor(tensors[i]!),
            > SmallestNumber => new SingleIndex(start),
            _ => new IndexRange(start == OpenRange ? 0 : start - RangeOrigin, Bound(stops, i, long.MaxValue), Bound(steps, i, 1)),
        })]);

        static long Bound(ImmutableArray<long> bounds, int i, long open) => bounds.IsEmpty || bounds[i] == Absent ? open : bounds[i];
    }

    /// <summary>The expression of <c>get3</c> and <c>set3</c>: numbers alone.</summary>
    internal static IndexExpression OfNumbers(ConversionContext call) =>
        new([.. Enumerable.Range(1, 6).Select(i => $"i{i}").Where(call.Has).Select(name => new SingleIndex(call.Integer(name)))]);
}
