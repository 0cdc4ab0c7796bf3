using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Octet.Runtime.Operators;

/// <summary>y[i] = table[x[i]] over bytes.</summary>
internal static unsafe class LookupTable
{
    /// <summary>The entries of a table.</summary>
    public const int Length = 256;

    /// <summary>Looks all up.</summary>
    /// <param name="table">256 bytes.</param>
    /// <param name="x">The source.</param>
    /// <param name="y">The destination; may be the source itself, but not overlap it otherwise.</param>
    /// <param name="count">Bytes to look up.</param>
    /// <param name="instructions">Which of the supported instruction sets to use.</param>
    public static void Apply(byte* table, byte* x, byte* y, nint count, InstructionSet instructions)
    {
        switch (instructions)
        {
            case InstructionSet.Avx512:
                ApplyAvx512(table, x, y, count);
                break;
            case InstructionSet.Avx2:
                ApplyAvx2(table, x, y, count);
                break;
            case InstructionSet.AdvSimd:
                ApplyAdvSimd(table, x, y, count);
                break;
            default:
                ApplyPortable(table, x, y, count);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyPortable(byte* table, byte* x, byte* y, nint count)
    {
        nint i = 0;
        for (; i <= count - 8; i += 8)
        {
            // One load and one store for eight look-ups.
            ulong source = Unsafe.ReadUnaligned<ulong>(x + i);
            ulong result = table[(byte)source]
                | (ulong)table[(byte)(source >> 8)] << 8
                | (ulong)table[(byte)(source >> 16)] << 16
                | (ulong)table[(byte)(source >> 24)] << 24
                | (ulong)table[(byte)(source >> 32)] << 32
                | (ulong)table[(byte)(source >> 40)] << 40
                | (ulong)table[(byte)(source >> 48)] << 48
                | (ulong)table[(byte)(source >> 56)] << 56;
            // The order of bytes does not matter: the same one reads and writes.
            Unsafe.WriteUnaligned(y + i, result);
        }
        for (; i < count; i++)
            y[i] = table[x[i]];
    }

    /// <summary>Two permutations look the lower seven bits up in each half of the table; the highest bit selects.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyAvx512(byte* table, byte* x, byte* y, nint count)
    {
        Vector512<byte> t0 = Vector512.Load(table);
        Vector512<byte> t1 = Vector512.Load(table + 64);
        Vector512<byte> t2 = Vector512.Load(table + 128);
        Vector512<byte> t3 = Vector512.Load(table + 192);
        nint i = 0;
        for (; i <= count - 64; i += 64)
        {
            Vector512<byte> source = Vector512.Load(x + i);
            Vector512<byte> lower = Avx512Vbmi.PermuteVar64x8x2(t0, source, t1);
            Vector512<byte> upper = Avx512Vbmi.PermuteVar64x8x2(t2, source, t3);
            Avx512BW.BlendVariable(lower, upper, source).Store(y + i);
        }
        ApplyPortable(table, x + i, y + i, count - i);
    }

    /// <summary>
    /// Shuffles look four bits up and give 0 where the index is negative. The table is cut into 16 rows, of each half every row stands as its
    /// difference (exclusive or) from the row before; index minus 16 times the row is negative from the row after the wanted one on, so that the
    /// differences up to the wanted row are summed, which is that row.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyAvx2(byte* table, byte* x, byte* y, nint count)
    {
        byte* differences = stackalloc byte[16 * 32];
        for (int row = 0; row < 16; row++)
        {
            Vector128<byte> entries = Vector128.Load(table + row * 16);
            Vector128<byte> difference = row % 8 == 0 ? entries : entries ^ Vector128.Load(table + row * 16 - 16);
            Vector256.Create(difference, difference).Store(differences + row * 32);
        }

        Vector256<sbyte> sixteen = Vector256.Create((sbyte)16);
        nint i = 0;
        for (; i <= count - 64; i += 64)
        {
            Vector256<byte> source0 = Vector256.Load(x + i);
            Vector256<byte> source1 = Vector256.Load(x + i + 32);
            // As signed numbers the lower half of the table is 0 to 127; with the highest bit turned so is the upper half.
            Vector256<sbyte> lower0 = source0.AsSByte(), upper0 = (source0 ^ Vector256.Create((byte)0x80)).AsSByte();
            Vector256<sbyte> lower1 = source1.AsSByte(), upper1 = (source1 ^ Vector256.Create((byte)0x80)).AsSByte();
            Vector256<byte> result0 = default, result1 = default;
            for (int row = 0; row < 8; row++)
            {
                Vector256<byte> lowerRow = Vector256.Load(differences + row * 32);
                Vector256<byte> upperRow = Vector256.Load(differences + row * 32 + 256);
                result0 ^= Avx2.Shuffle(lowerRow, lower0.AsByte()) ^ Avx2.Shuffle(upperRow, upper0.AsByte());
                result1 ^= Avx2.Shuffle(lowerRow, lower1.AsByte()) ^ Avx2.Shuffle(upperRow, upper1.AsByte());
                lower0 = Avx2.SubtractSaturate(lower0, sixteen);
                upper0 = Avx2.SubtractSaturate(upper0, sixteen);
                lower1 = Avx2.SubtractSaturate(lower1, sixteen);
                upper1 = Avx2.SubtractSaturate(upper1, sixteen);
            }
            result0.Store(y + i);
            result1.Store(y + i + 32);
        }
        ApplyPortable(table, x + i, y + i, count - i);
    }

    /// <summary>The instruction looks up in 64 bytes and gives 0 beyond them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyAdvSimd(byte* table, byte* x, byte* y, nint count)
    {
        nint i = 0;
        for (; i <= count - 16; i += 16)
        {
            Vector128<byte> source = Vector128.Load(x + i);
            Vector128<byte> result = default;
            for (int part = 0; part < Length; part += 64)
            {
                byte* rows = table + part;
                result |= AdvSimd.Arm64.VectorTableLookup(
                    (Vector128.Load(rows), Vector128.Load(rows + 16), Vector128.Load(rows + 32), Vector128.Load(rows + 48)),
                    source - Vector128.Create((byte)part));
            }
            result.Store(y + i);
        }
        ApplyPortable(table, x + i, y + i, count - i);
    }
}
