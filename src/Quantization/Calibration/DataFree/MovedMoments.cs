namespace Octet.Quantization.Calibration.DataFree;

/// <summary>Where channels are after their value has got another shape.</summary>
internal static class MovedMoments
{
    /// <summary>
    /// The value with new extents: the channels stay told apart where one dimension of the result is theirs, or theirs together with all that is inside
    /// of it (a Flatten of images).
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="from">Its extents before; negative where unknown, null where even their number is.</param>
    /// <param name="to">Its extents after.</param>
    public static ChannelMoments Reshaped(ChannelMoments value, long[]? from, long[]? to)
    {
        if (value.Channels.Length == 1 || from is null || to is null || value.Axis >= from.Length)
            return value.Merge();
        for (int axis = 0; axis < to.Length; axis++)
        {
            bool sameOutside = Same(from[..value.Axis], to[..axis]), sameInside = Same(from[(value.Axis + 1)..], to[(axis + 1)..]);
            // Of the two, one may be unknown (an open batch or size): what is left over is as large before as after.
            if (to[axis] == from[value.Axis] && (sameInside || (sameOutside && axis == value.Axis)))
                return value.Moved(axis);
            long inner = from[(value.Axis + 1)..].Aggregate(1L, (product, extent) => extent < 0 ? -1 : product * extent);
            if (inner > 1 && to[axis] == from[value.Axis] * inner && axis == to.Length - 1)
                return new ChannelMoments([.. value.Channels.SelectMany(channel => Enumerable.Repeat(channel, (int)inner))], axis);
        }
        return value.Merge();
    }

    private static bool Same(long[] left, long[] right) =>
        (left.All(extent => extent >= 0) && right.All(extent => extent >= 0) && Product(left) == Product(right))
        || (left.Length == 1 && right.Length == 1 && left[0] < 0 && right[0] < 0);

    private static long Product(long[] extents) => extents.Aggregate(1L, (product, extent) => product * extent);
}
