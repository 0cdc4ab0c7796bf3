namespace Octet.Quantization.Emission;

/// <summary>The two orders of a tensor's axes: channels first, [n, c, ...], as ONNX's operators read it, and channels last, [n, ..., c].</summary>
internal static class ChannelsLastLayout
{
    /// <summary>The permutation from channels first to channels last.</summary>
    public static long[] ToLast(int rank) => [0, .. Enumerable.Range(2, rank - 2), 1];

    /// <summary>The permutation from channels last to channels first.</summary>
    public static long[] ToFirst(int rank) => [0, rank - 1, .. Enumerable.Range(1, rank - 2)];

    /// <summary>Where an axis of the first order lies in the last.</summary>
    /// <param name="axis">From -rank to rank - 1.</param>
    /// <param name="rank">The number of axes.</param>
    public static long Axis(long axis, int rank)
    {
        long first = axis < 0 ? axis + rank : axis;
        return first switch { 0 => 0, 1 => rank - 1, _ => first - 1 };
    }

    /// <summary>A list with one entry an axis, put into the last order.</summary>
    public static T[] Permute<T>(ReadOnlySpan<T> entries) => [entries[0], .. entries[2..], entries[1]];
}
