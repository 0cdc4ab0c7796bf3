using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Octet.Runtime.Operators;

/// <summary>A register of floats: kernels are written once over it and compiled for every width.</summary>
internal unsafe interface ILanes<T> where T : unmanaged, ILanes<T>
{
    /// <summary>How many floats it holds.</summary>
    static abstract int Count { get; }

    static abstract T Create(float value);

    static abstract T Load(float* source);

    /// <summary>Loads <see cref="Count"/> bytes, each as a float with <see cref="Magic.Bytes"/> added.</summary>
    /// <remarks>Where a float's last bit counts 1, the byte is put in its place. The subtraction of the zero point takes the addend along.</remarks>
    static abstract T LoadBytes(byte* source);

    void Store(float* destination);

    /// <summary>Rounds each to the nearest integer, halves to even, adds an offset, and stores the lowest byte.</summary>
    /// <param name="destination"><see cref="Count"/> bytes.</param>
    /// <param name="offset">Added after rounding.</param>
    /// <remarks>
    /// No float is beyond 2^22: then adding 1.5 * 2^23 leaves no bit for a fraction, so that the addition itself rounds, in the mode that IEEE 754
    /// sets by default, and the integer stands in the lowest bits.
    /// </remarks>
    void StoreRounded(byte* destination, int offset);

    /// <summary>Brings each between two bounds; NaN becomes the lower one.</summary>
    T Clamp(T low, T high);

    /// <summary>Whether <see cref="MultiplyAdd"/> and <see cref="SubtractProduct"/> are there; the compiler knows.</summary>
    static abstract bool IsFused { get; }

    /// <summary>a * b + c, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>c - a * b, rounded once.</summary>
    static abstract T SubtractProduct(T a, T b, T c);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);
}

/// <summary>16 floats; needs AVX-512F.</summary>
internal readonly unsafe struct Lanes512(Vector512<float> values) : ILanes<Lanes512>
{
    private readonly Vector512<float> _values = values;

    public static int Count => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 Create(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 LoadBytes(byte* source) =>
        new((Avx512F.ConvertToVector512Int32(Vector128.Load(source)) | Vector512.Create(Magic.BytesBits)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => _values.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreRounded(byte* destination, int offset)
    {
        Vector512<int> rounded = (_values + Vector512.Create(Magic.Rounding)).AsInt32() + Vector512.Create(offset - Magic.RoundingBits);
        Avx512F.ConvertToVector128Byte(rounded).Store(destination);
    }

    // The instruction returns its second operand where one is NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Lanes512 Clamp(Lanes512 low, Lanes512 high) => new(Avx512F.Min(Avx512F.Max(_values, low._values), high._values));

    public static bool IsFused => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 MultiplyAdd(Lanes512 a, Lanes512 b, Lanes512 c) => new(Avx512F.FusedMultiplyAdd(a._values, b._values, c._values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 SubtractProduct(Lanes512 a, Lanes512 b, Lanes512 c) => new(Avx512F.FusedMultiplyAddNegated(a._values, b._values, c._values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 operator +(Lanes512 a, Lanes512 b) => new(a._values + b._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 operator -(Lanes512 a, Lanes512 b) => new(a._values - b._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 operator *(Lanes512 a, Lanes512 b) => new(a._values * b._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 operator /(Lanes512 a, Lanes512 b) => new(a._values / b._values);
}

/// <summary>8 floats; needs AVX2 and FMA.</summary>
internal readonly unsafe struct Lanes256(Vector256<float> values) : ILanes<Lanes256>
{
    private readonly Vector256<float> _values = values;

    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Create(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 LoadBytes(byte* source) => new((Avx2.ConvertToVector256Int32(source) | Vector256.Create(Magic.BytesBits)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => _values.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreRounded(byte* destination, int offset)
    {
        Vector256<int> rounded = (_values + Vector256.Create(Magic.Rounding)).AsInt32() + Vector256.Create(offset - Magic.RoundingBits);
        Vector128<short> words = Sse2.PackSignedSaturate(rounded.GetLower(), rounded.GetUpper());
        Unsafe.WriteUnaligned(destination, Sse2.PackUnsignedSaturate(words, words).AsUInt64().ToScalar());
    }

    // The instruction returns its second operand where one is NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Lanes256 Clamp(Lanes256 low, Lanes256 high) => new(Avx.Min(Avx.Max(_values, low._values), high._values));

    public static bool IsFused => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 MultiplyAdd(Lanes256 a, Lanes256 b, Lanes256 c) => new(Fma.MultiplyAdd(a._values, b._values, c._values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 SubtractProduct(Lanes256 a, Lanes256 b, Lanes256 c) => new(Fma.MultiplyAddNegated(a._values, b._values, c._values));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator +(Lanes256 a, Lanes256 b) => new(a._values + b._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator -(Lanes256 a, Lanes256 b) => new(a._values - b._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator *(Lanes256 a, Lanes256 b) => new(a._values * b._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator /(Lanes256 a, Lanes256 b) => new(a._values / b._values);
}

/// <summary>4 floats, on every processor.</summary>
internal readonly unsafe struct Lanes128(Vector128<float> values) : ILanes<Lanes128>
{
    private readonly Vector128<float> _values = values;

    public static int Count => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Create(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Load(float* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 LoadBytes(byte* source)
    {
        Vector128<byte> bytes = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(source)).AsByte();
        return new((Vector128.WidenLower(Vector128.WidenLower(bytes)).AsInt32() | Vector128.Create(Magic.BytesBits)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => _values.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreRounded(byte* destination, int offset)
    {
        Vector128<uint> rounded = ((_values + Vector128.Create(Magic.Rounding)).AsInt32() + Vector128.Create(offset - Magic.RoundingBits)).AsUInt32();
        Vector128<ushort> words = Vector128.Narrow(rounded, rounded);
        Unsafe.WriteUnaligned(destination, Vector128.Narrow(words, words).AsUInt32().ToScalar());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Lanes128 Clamp(Lanes128 low, Lanes128 high)
    {
        Vector128<float> raised = Vector128.ConditionalSelect(Vector128.GreaterThan(_values, low._values), _values, low._values);
        return new(Vector128.ConditionalSelect(Vector128.LessThan(raised, high._values), raised, high._values));
    }

    public static bool IsFused => false;

    public static Lanes128 MultiplyAdd(Lanes128 a, Lanes128 b, Lanes128 c) => throw new NotSupportedException();

    public static Lanes128 SubtractProduct(Lanes128 a, Lanes128 b, Lanes128 c) => throw new NotSupportedException();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator +(Lanes128 a, Lanes128 b) => new(a._values + b._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator -(Lanes128 a, Lanes128 b) => new(a._values - b._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator *(Lanes128 a, Lanes128 b) => new(a._values * b._values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator /(Lanes128 a, Lanes128 b) => new(a._values / b._values);
}

/// <summary>Floats whose last bit counts 1, and their bits as integers.</summary>
internal static class Magic
{
    /// <summary>1.5 * 2^23: what is added to round.</summary>
    public const float Rounding = 12582912;
    public const int RoundingBits = 0x4B400000;

    /// <summary>2^23: what loaded bytes are more.</summary>
    public const float Bytes = 8388608;
    public const int BytesBits = 0x4B000000;
}
