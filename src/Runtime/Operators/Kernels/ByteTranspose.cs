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
        for (int row = 0; row < blockRows; row += Block)
            for (int column = 0; column < blockColumns; column += Block)
                ApplyBlock(source + row * sourceStride + column, sourceStride, destination + column * destinationStride + row, destinationStride);

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
    private static void ApplyBlock(byte* source, nint sourceStride, byte* destination, nint destinationStride)
    {
        Vector128<byte> a0 = Vector128.Load(source);
        Vector128<byte> a1 = Vector128.Load(source + sourceStride);
        Vector128<byte> a2 = Vector128.Load(source + 2 * sourceStride);
        Vector128<byte> a3 = Vector128.Load(source + 3 * sourceStride);
        Vector128<byte> a4 = Vector128.Load(source + 4 * sourceStride);
        Vector128<byte> a5 = Vector128.Load(source + 5 * sourceStride);
        Vector128<byte> a6 = Vector128.Load(source + 6 * sourceStride);
        Vector128<byte> a7 = Vector128.Load(source + 7 * sourceStride);
        Vector128<byte> a8 = Vector128.Load(source + 8 * sourceStride);
        Vector128<byte> a9 = Vector128.Load(source + 9 * sourceStride);
        Vector128<byte> a10 = Vector128.Load(source + 10 * sourceStride);
        Vector128<byte> a11 = Vector128.Load(source + 11 * sourceStride);
        Vector128<byte> a12 = Vector128.Load(source + 12 * sourceStride);
        Vector128<byte> a13 = Vector128.Load(source + 13 * sourceStride);
        Vector128<byte> a14 = Vector128.Load(source + 14 * sourceStride);
        Vector128<byte> a15 = Vector128.Load(source + 15 * sourceStride);

        Vector128<byte> b0 = Low(a0, a8), b1 = High(a0, a8);
        Vector128<byte> b2 = Low(a1, a9), b3 = High(a1, a9);
        Vector128<byte> b4 = Low(a2, a10), b5 = High(a2, a10);
        Vector128<byte> b6 = Low(a3, a11), b7 = High(a3, a11);
        Vector128<byte> b8 = Low(a4, a12), b9 = High(a4, a12);
        Vector128<byte> b10 = Low(a5, a13), b11 = High(a5, a13);
        Vector128<byte> b12 = Low(a6, a14), b13 = High(a6, a14);
        Vector128<byte> b14 = Low(a7, a15), b15 = High(a7, a15);

        Vector128<byte> c0 = Low(b0, b8), c1 = High(b0, b8);
        Vector128<byte> c2 = Low(b1, b9), c3 = High(b1, b9);
        Vector128<byte> c4 = Low(b2, b10), c5 = High(b2, b10);
        Vector128<byte> c6 = Low(b3, b11), c7 = High(b3, b11);
        Vector128<byte> c8 = Low(b4, b12), c9 = High(b4, b12);
        Vector128<byte> c10 = Low(b5, b13), c11 = High(b5, b13);
        Vector128<byte> c12 = Low(b6, b14), c13 = High(b6, b14);
        Vector128<byte> c14 = Low(b7, b15), c15 = High(b7, b15);

        Vector128<byte> d0 = Low(c0, c8), d1 = High(c0, c8);
        Vector128<byte> d2 = Low(c1, c9), d3 = High(c1, c9);
        Vector128<byte> d4 = Low(c2, c10), d5 = High(c2, c10);
        Vector128<byte> d6 = Low(c3, c11), d7 = High(c3, c11);
        Vector128<byte> d8 = Low(c4, c12), d9 = High(c4, c12);
        Vector128<byte> d10 = Low(c5, c13), d11 = High(c5, c13);
        Vector128<byte> d12 = Low(c6, c14), d13 = High(c6, c14);
        Vector128<byte> d14 = Low(c7, c15), d15 = High(c7, c15);

        Low(d0, d8).Store(destination);
        High(d0, d8).Store(destination + destinationStride);
        Low(d1, d9).Store(destination + 2 * destinationStride);
        High(d1, d9).Store(destination + 3 * destinationStride);
        Low(d2, d10).Store(destination + 4 * destinationStride);
        High(d2, d10).Store(destination + 5 * destinationStride);
        Low(d3, d11).Store(destination + 6 * destinationStride);
        High(d3, d11).Store(destination + 7 * destinationStride);
        Low(d4, d12).Store(destination + 8 * destinationStride);
        High(d4, d12).Store(destination + 9 * destinationStride);
        Low(d5, d13).Store(destination + 10 * destinationStride);
        High(d5, d13).Store(destination + 11 * destinationStride);
        Low(d6, d14).Store(destination + 12 * destinationStride);
        High(d6, d14).Store(destination + 13 * destinationStride);
        Low(d7, d15).Store(destination + 14 * destinationStride);
        High(d7, d15).Store(destination + 15 * destinationStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Low(Vector128<byte> a, Vector128<byte> b) => Sse2.IsSupported ? Sse2.UnpackLow(a, b) : AdvSimd.Arm64.ZipLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> High(Vector128<byte> a, Vector128<byte> b) => Sse2.IsSupported ? Sse2.UnpackHigh(a, b) : AdvSimd.Arm64.ZipHigh(a, b);
}
