namespace Octet.Quantization.Calibration;

/// <summary>
/// How often values of a tensor fell into bins of equal width. The width is a power of two and grows with what is seen: when a value lies
/// beyond the last bin, the width doubles and pairs of bins merge. Dividing by a power of two and cutting off the fraction is exact, so the
/// counts depend on the values alone: not on their order, nor on how they were spread over threads and shards.
/// </summary>
/// <remarks>
/// Bin i of width w holds [i*w, (i+1)*w) for i above 0, (-(|i|+1)*w, -|i|*w] for i below 0, and (-w, w) for 0, around the value that
/// every affine quantization represents exactly. The side with the largest magnitude fills 2,048 to 4,095 bins.
/// </remarks>
public sealed class ActivationHistogram
{
    /// <summary>The number of bins on either side of 0, bin 0 included.</summary>
    public const int BinsPerSide = 4096;

    // Below this width a value divided by it could exceed the largest float.
    internal const int SmallestExponent = -126;
    internal const int LargestExponent = 116;

    private const int Center = BinsPerSide - 1;
    private readonly long[] _counts = new long[2 * BinsPerSide - 1];

    /// <summary>The width's power of two.</summary>
    public int Exponent { get; private set; } = SmallestExponent;

    /// <summary>The width of a bin, in the tensor's unit.</summary>
    public double Width => Math.ScaleB(1, Exponent);

    /// <summary>The number of values.</summary>
    public long Total => _counts.Sum();

    /// <summary>The lowest bin that holds something; 0 where none does.</summary>
    public int First => Array.FindIndex(_counts, count => count != 0) is >= 0 and var position ? position - Center : 0;

    /// <summary>The highest bin that holds something; 0 where none does.</summary>
    public int Last => Array.FindLastIndex(_counts, count => count != 0) is >= 0 and var position ? position - Center : 0;

    /// <summary>The number of values in a bin, -4095 to 4095.</summary>
    public long this[int bin] => _counts[bin + Center];

    /// <summary>The power of two of the narrowest width whose bins hold values up to this magnitude.</summary>
    public static int ExponentFor(float magnitude) =>
        magnitude == 0 ? SmallestExponent : Math.Max(SmallestExponent, Math.ILogB(magnitude) + 1 - int.Log2(BinsPerSide));

    /// <summary>The value at a bin's lower end.</summary>
    public double LowerEdge(int bin) => (bin > 0 ? bin : bin - 1) * Width;

    /// <summary>The value at a bin's upper end.</summary>
    public double UpperEdge(int bin) => (bin < 0 ? bin : bin + 1) * Width;

    /// <summary>The value in a bin's middle.</summary>
    public double Middle(int bin) => (bin + 0.5 * int.Sign(bin)) * Width;

    /// <summary>Adds counts of one width, coarsening whichever is finer.</summary>
    /// <param name="exponent">The width's power of two.</param>
    /// <param name="first">The bin of the first count.</param>
    /// <param name="counts">Counts of neighbouring bins.</param>
    /// <exception cref="OverflowException">A bin would hold more than 2^63 values.</exception>
    public void Add(int exponent, int first, ReadOnlySpan<long> counts)
    {
        if (exponent > Exponent)
            Coarsen(exponent);
        int shift = Exponent - exponent;
        for (int i = 0; i < counts.Length; i++)
        {
            int position = Coarse(first + i, shift) + Center;
            _counts[position] = checked(_counts[position] + counts[i]);
        }
    }

    /// <summary>Adds another's counts; what is the finer of the two is coarsened.</summary>
    public void Add(ActivationHistogram other) => Add(other.Exponent, other.First, other.Counts());

    /// <summary>The counts from <see cref="First"/> to <see cref="Last"/>.</summary>
    public ReadOnlySpan<long> Counts() => _counts.AsSpan(First + Center, Last - First + 1);

    private void Coarsen(int exponent)
    {
        int first = First;
        long[] fine = Counts().ToArray();
        int fineExponent = Exponent;
        Array.Clear(_counts);
        Exponent = exponent;
        Add(fineExponent, first, fine);
    }

    // Towards zero, as the values themselves were cut.
    private static int Coarse(int bin, int shift) => bin < 0 ? -(-bin >> Math.Min(shift, 31)) : bin >> Math.Min(shift, 31);
}
