using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Octet.Runtime.Operators;

/// <summary>Transposes matrices of bytes.</summary>
internal static unsafe class ByteTranspose
{
    private const int Block = 16;

    /// <summary>destination[column, row] = source[row, column].</summary>
    /// <param name="source">The first element of a matrix.</param>
    /// <param name="sourceStride">Bytes from one of its rows to the next.</param>
    /// <param name="destination">The first element of another; the two do not overlap.</param>
    /// <param name="destinationStride">Bytes from one of its rows to the next.</param>
    /// <param name="rows">The source's rows.</param>
    /// <param name="columns">The source's columns.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(byte* source, nint sourceStride, byte* destination, nint destinationStride, int rows, int columns)
    {
        int blockRows = 0, blockColumns = 0;
        if (Sse2.IsSupported || AdvSimd.Arm64.IsSupported)
        {
            blockRows = rows / Block * Block;
            blockColumns = columns / Block * Block;
        }
        byte* even = stackalloc byte[2 * Block * Block];
        byte* odd = even + Block * Block;
        for (int row = 0; row < blockRows; row += Block)
            for (int column = 0; column < blockColumns; column += Block)
                ApplyBlock(source + row * sourceStride + column, sourceStride, destination + column * destinationStride + row, destinationStride, even, odd);

        // What is right of the blocks, then what is below them.
        ApplyScalar(source + blockColumns, sourceStride, destination + blockColumns * destinationStride, destinationStride, blockRows, columns - blockColumns);
        ApplyScalar(source + blockRows * sourceStride, sourceStride, destination + blockRows, destinationStride, rows - blockRows, columns);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyScalar(byte* source, nint sourceStride, byte* destination, nint destinationStride, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
                destination[column * destinationStride + row] = source[row * sourceStride + column];
    }

    /// <summary>
    /// An element's place has eight bits, four of its row and four of its column. Interleaving rows i and i + 8 turns these bits by one
    /// place; after four turns the column's stand where the row's stood.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ApplyBlock(byte* source, nint sourceStride, byte* destination, nint destinationStride, byte* even, byte* odd)
    {
        for (int i = 0; i < Block / 2; i++)
            Interleave(Vector128.Load(source + i * sourceStride), Vector128.Load(source + (i + 8) * sourceStride), even + i * 32, even + i * 32 + 16);
        Turn(even, odd);
        Turn(odd, even);
        for (int i = 0; i < Block / 2; i++)
            Interleave(
                Vector128.Load(even + i * 16),
                Vector128.Load(even + i * 16 + 128),
                destination + 2 * i * destinationStride,
                destination + (2 * i + 1) * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn(byte* from, byte* to)
    {
        for (int i = 0; i < Block / 2; i++)
            Interleave(Vector128.Load(from + i * 16), Vector128.Load(from + i * 16 + 128), to + i * 32, to + i * 32 + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interleave(Vector128<byte> a, Vector128<byte> b, byte* low, byte* high)
    {
        if (Sse2.IsSupported)
        {
            Sse2.UnpackLow(a, b).Store(low);
            Sse2.UnpackHigh(a, b).Store(high);
        }
        else
        {
            AdvSimd.Arm64.ZipLow(a, b).Store(low);
            AdvSimd.Arm64.ZipHigh(a, b).Store(high);
        }
    }
}
