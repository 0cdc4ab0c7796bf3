using System.Collections.Immutable;

namespace Octet.Torch.Checkpoints;

/// <summary>How many bytes a tensor has and where its elements lie. Extents and strides come from untrusted files: nothing here overflows.</summary>
internal static class TensorLayout
{
    /// <summary>libtorch knows no tensor of a higher rank.</summary>
    public const int HighestRank = 64;

    /// <summary>The number of elements.</summary>
    /// <exception cref="CheckpointFault">An extent is negative, or there are more elements than can be counted.</exception>
    public static long Elements(IReadOnlyList<long> dimensions, string name)
    {
        Int128 elements = 1;
        foreach (long extent in dimensions)
        {
            if (extent < 0)
                throw CheckpointFault.Damaged($"tensor '{CheckpointFault.Quote(name)}' has an extent of {extent}");
            // Kept small enough that the next product fits; a later extent of 0 still makes it 0.
            elements = Int128.Min(elements * extent, (Int128)long.MaxValue + 1);
        }

        return elements <= long.MaxValue / 16
            ? (long)elements
            : throw CheckpointFault.Damaged($"tensor '{CheckpointFault.Quote(name)}' is said to have {string.Join(" x ", dimensions)} elements");
    }

    /// <summary>The number of bytes of a tensor whose elements lie one after the other.</summary>
    /// <exception cref="CheckpointFault">An extent is negative, or there are more elements than can be counted.</exception>
    public static long Bytes(IReadOnlyList<long> dimensions, TorchElementType type, string name) => Elements(dimensions, name) * type.Size();

    /// <summary>Whether the elements lie in row-major order without gaps; the stride of an extent of 1 means nothing.</summary>
    public static bool IsContiguous(IReadOnlyList<long> dimensions, IReadOnlyList<long> strides)
    {
        long expected = 1;
        for (int axis = dimensions.Count - 1; axis >= 0; axis--)
        {
            if (dimensions[axis] != 1 && strides[axis] != expected)
                return false;
            expected *= dimensions[axis];
        }

        return true;
    }

    /// <summary>The index of the last element that a view of at least one element reaches, saturated.</summary>
    public static Int128 LastIndex(long offset, IReadOnlyList<long> dimensions, IReadOnlyList<long> strides)
    {
        Int128 last = offset;
        for (int axis = 0; axis < dimensions.Count; axis++)
            last = Int128.Min(last + (Int128)(dimensions[axis] - 1) * strides[axis], long.MaxValue);
        return last;
    }

    /// <summary>Copies the elements of a view into row-major order.</summary>
    /// <param name="storage">The storage from the view's first element on; it holds all that the view reaches.</param>
    /// <param name="size">The bytes of an element.</param>
    /// <param name="dimensions">The extents of the view, each at least 1.</param>
    /// <param name="strides">The steps of the view in elements, none negative.</param>
    /// <param name="destination">As long as the view's elements.</param>
    public static void Gather(ReadOnlySpan<byte> storage, int size, ImmutableArray<long> dimensions, ImmutableArray<long> strides, Span<byte> destination)
    {
        Span<long> index = stackalloc long[dimensions.Length];
        index.Clear();
        long source = 0;
        for (int written = 0; written < destination.Length; written += size)
        {
            storage.Slice((int)(source * size), size).CopyTo(destination[written..]);
            for (int axis = dimensions.Length - 1; axis >= 0; axis--)
            {
                source += strides[axis];
                if (++index[axis] < dimensions[axis])
                    break;
                source -= strides[axis] * dimensions[axis];
                index[axis] = 0;
            }
        }
    }
}
