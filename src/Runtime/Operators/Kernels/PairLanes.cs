using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Runtime.Operators;

/// <summary>A register of 32-bit sums, and of pairs of 16-bit numbers in the same places: kernels are written once over it and compiled for every width.</summary>
internal unsafe interface IPairLanes<T> where T : unmanaged, IPairLanes<T>
{
    /// <summary>How many sums or pairs it holds: 16, 8 or 4.</summary>
    static abstract int Count { get; }

    static abstract T Load(int* source);

    /// <summary>Interleaves 16 bytes of each source as 16 pairs of 16-bit numbers.</summary>
    /// <param name="first">16 bytes, the first of each pair.</param>
    /// <param name="second">16 bytes, the second.</param>
    /// <param name="pairs">16 pairs.</param>
    static abstract void Interleave(byte* first, byte* second, int* pairs);

    /// <summary>The sums with both products of each pair added.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="weights">What each number is multiplied by.</param>
    T AddProducts(int* pairs, T weights);

    /// <summary>Multiplies four registers of sums in float32, rounds to the nearest integer, halves to even, adds a zero point and stores saturated bytes.</summary>
    /// <param name="a0">Sums of the first <see cref="Count"/> bytes.</param>
    /// <param name="a1">Those of the bytes a pitch further.</param>
    /// <param name="a2">And so on.</param>
    /// <param name="a3">And so on.</param>
    /// <param name="multipliers">As many finite factors as one register has sums.</param>
    /// <param name="zeroPoint">0 to 255.</param>
    /// <param name="destination">The first byte.</param>
    /// <param name="pitch">Bytes from one register's result to the next one's.</param>
    static abstract void StoreQuantized(T a0, T a1, T a2, T a3, float* multipliers, int zeroPoint, byte* destination, nint pitch);
}

/// <summary>16 pairs; needs AVX-512BW and VBMI.</summary>
internal readonly unsafe struct PairLanes512(Vector512<int> values) : IPairLanes<PairLanes512>
{
    // Beyond every byte, and far from where the conversion to integers overflows; below, the overflow is the smallest integer and right.
    private const float Largest = short.MaxValue;

    private readonly Vector512<int> _values = values;

    public static int Count => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PairLanes512 Load(int* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(byte* first, byte* second, int* pairs)
    {
        Vector512<byte> both = Vector256.Create(Vector128.Load(first), Vector128.Load(second)).ToVector512();
        // Index 32 is a zero.
        Vector512<byte> places = Vector512.Create(
            (byte)0, 32, 16, 32, 1, 32, 17, 32, 2, 32, 18, 32, 3, 32, 19, 32, 4, 32, 20, 32, 5, 32, 21, 32, 6, 32, 22, 32, 7, 32, 23, 32,
            8, 32, 24, 32, 9, 32, 25, 32, 10, 32, 26, 32, 11, 32, 27, 32, 12, 32, 28, 32, 13, 32, 29, 32, 14, 32, 30, 32, 15, 32, 31, 32);
        Avx512Vbmi.PermuteVar64x8(both, places).AsInt32().Store(pairs);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PairLanes512 AddProducts(int* pairs, PairLanes512 weights) =>
        new(_values + Avx512BW.MultiplyAddAdjacent(weights._values.AsInt16(), Vector512.Load(pairs).AsInt16()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreQuantized(
        PairLanes512 a0, PairLanes512 a1, PairLanes512 a2, PairLanes512 a3, float* multipliers, int zeroPoint, byte* destination, nint pitch)
    {
        Vector512<float> multiplier = Vector512.Load(multipliers);
        Vector512<short> offset = Vector512.Create((short)zeroPoint);
        Vector512<short> low = Avx512BW.AddSaturate(Avx512BW.PackSignedSaturate(Round(a0), Round(a1)), offset);
        Vector512<short> high = Avx512BW.AddSaturate(Avx512BW.PackSignedSaturate(Round(a2), Round(a3)), offset);
        // Each lane of 128 bits holds four bytes of each register.
        Vector512<int> bytes = Avx512F.PermuteVar16x32(
            Avx512BW.PackUnsignedSaturate(low, high).AsInt32(), Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
        bytes.GetLower().GetLower().AsByte().Store(destination);
        bytes.GetLower().GetUpper().AsByte().Store(destination + pitch);
        Avx512F.ExtractVector128(bytes, 2).AsByte().Store(destination + 2 * pitch);
        Avx512F.ExtractVector128(bytes, 3).AsByte().Store(destination + 3 * pitch);

        Vector512<int> Round(PairLanes512 sums) =>
            Avx512F.ConvertToVector512Int32(Avx512F.Min(Avx512F.ConvertToVector512Single(sums._values) * multiplier, Vector512.Create(Largest)));
    }
}

/// <summary>8 pairs; needs AVX2.</summary>
internal readonly unsafe struct PairLanes256(Vector256<int> values) : IPairLanes<PairLanes256>
{
    private const float Largest = short.MaxValue;

    private readonly Vector256<int> _values = values;

    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PairLanes256 Load(int* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(byte* first, byte* second, int* pairs)
    {
        Vector128<byte> a = Vector128.Load(first), b = Vector128.Load(second);
        Avx2.ConvertToVector256Int16(Sse2.UnpackLow(a, b)).AsInt32().Store(pairs);
        Avx2.ConvertToVector256Int16(Sse2.UnpackHigh(a, b)).AsInt32().Store(pairs + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PairLanes256 AddProducts(int* pairs, PairLanes256 weights) =>
        new(_values + Avx2.MultiplyAddAdjacent(weights._values.AsInt16(), Vector256.Load(pairs).AsInt16()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreQuantized(
        PairLanes256 a0, PairLanes256 a1, PairLanes256 a2, PairLanes256 a3, float* multipliers, int zeroPoint, byte* destination, nint pitch)
    {
        Vector256<float> multiplier = Vector256.Load(multipliers);
        Vector256<short> offset = Vector256.Create((short)zeroPoint);
        Vector256<short> low = Avx2.AddSaturate(Avx2.PackSignedSaturate(Round(a0), Round(a1)), offset);
        Vector256<short> high = Avx2.AddSaturate(Avx2.PackSignedSaturate(Round(a2), Round(a3)), offset);
        // Each lane of 128 bits holds four bytes of each register.
        Vector256<ulong> bytes = Avx2.PermuteVar8x32(Avx2.PackUnsignedSaturate(low, high).AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsUInt64();
        Unsafe.WriteUnaligned(destination, bytes.GetElement(0));
        Unsafe.WriteUnaligned(destination + pitch, bytes.GetElement(1));
        Unsafe.WriteUnaligned(destination + 2 * pitch, bytes.GetElement(2));
        Unsafe.WriteUnaligned(destination + 3 * pitch, bytes.GetElement(3));

        Vector256<int> Round(PairLanes256 sums) =>
            Avx.ConvertToVector256Int32(Avx.Min(Avx.ConvertToVector256Single(sums._values) * multiplier, Vector256.Create(Largest)));
    }
}

/// <summary>4 pairs, on every processor.</summary>
internal readonly unsafe struct PairLanes128(Vector128<int> values) : IPairLanes<PairLanes128>
{
    private readonly Vector128<int> _values = values;

    public static int Count => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PairLanes128 Load(int* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(byte* first, byte* second, int* pairs)
    {
        (Vector128<ushort> lowA, Vector128<ushort> highA) = Vector128.Widen(Vector128.Load(first));
        (Vector128<ushort> lowB, Vector128<ushort> highB) = Vector128.Widen(Vector128.Load(second));
        Store(lowA, lowB, pairs);
        Store(highA, highB, pairs + 8);

        static void Store(Vector128<ushort> a, Vector128<ushort> b, int* pairs)
        {
            (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(a);
            (Vector128<uint> lowSecond, Vector128<uint> highSecond) = Vector128.Widen(b);
            (low | lowSecond << 16).AsInt32().Store(pairs);
            (high | highSecond << 16).AsInt32().Store(pairs + 4);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PairLanes128 AddProducts(int* pairs, PairLanes128 weights)
    {
        Vector128<int> x = Vector128.Load(pairs), w = weights._values;
        return Sse2.IsSupported
            ? new(_values + Sse2.MultiplyAddAdjacent(w.AsInt16(), x.AsInt16()))
            // The numbers are no less than 0, the weights have signs.
            : new(_values + (x & Vector128.Create(0xFFFF)) * (w << 16 >> 16) + (x >>> 16) * (w >> 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreQuantized(
        PairLanes128 a0, PairLanes128 a1, PairLanes128 a2, PairLanes128 a3, float* multipliers, int zeroPoint, byte* destination, nint pitch)
    {
        Lanes128 multiplier = Lanes128.Load(multipliers), low = Lanes128.Create(-zeroPoint), high = Lanes128.Create(255 - zeroPoint);
        Store(a0, destination);
        Store(a1, destination + pitch);
        Store(a2, destination + 2 * pitch);
        Store(a3, destination + 3 * pitch);

        void Store(PairLanes128 sums, byte* bytes) =>
            (new Lanes128(Vector128.ConvertToSingle(sums._values)) * multiplier).Clamp(low, high).StoreRounded(bytes, zeroPoint);
    }
}
