using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Octet.Quantization.Calibration;

/// <summary>Counts one tensor's values into bins, with scratch memory that is used again for the next. For one thread.</summary>
public sealed class HistogramCounter
{
    // Neighbouring values often fall into one bin; in tables of their own their increments do not wait for each other.
    private const int Tables = 4;
    private const int TableSize = 2 * ActivationHistogram.BinsPerSide;
    private const int Center = ActivationHistogram.BinsPerSide;

    private readonly int[] _tables = new int[Tables * TableSize];
    private readonly long[] _counts = new long[TableSize];

    /// <summary>The power of two of the bins' width.</summary>
    public int Exponent { get; private set; }

    /// <summary>The lowest bin that may hold something.</summary>
    public int First { get; private set; }

    /// <summary>The counts from <see cref="First"/> on.</summary>
    public ReadOnlySpan<long> Counts => _counts.AsSpan(0, _length);

    private int _length;

    /// <summary>Counts the values at the narrowest width that holds them.</summary>
    /// <param name="values">Finite values.</param>
    /// <param name="range">Their range.</param>
    public void Count(ReadOnlySpan<float> values, ActivationRange range)
    {
        Exponent = ActivationHistogram.ExponentFor(range.Magnitude);
        float scale = MathF.ScaleB(1, -Exponent);
        First = (int)(range.Min * scale);
        _length = (int)(range.Max * scale) - First + 1;
        for (int table = 0; table < Tables; table++)
            Array.Clear(_tables, table * TableSize + Center + First, _length);

        ReadOnlySpan<Vector512<float>> blocks = MemoryMarshal.Cast<float, Vector512<float>>(values);
        CountBlocks(blocks, scale);
        foreach (float value in values[(blocks.Length * Vector512<float>.Count)..])
            _tables[Center + (int)(value * scale)]++;

        for (int i = 0; i < _length; i++)
        {
            long count = 0;
            for (int table = 0; table < Tables; table++)
                count += _tables[table * TableSize + Center + First + i];
            _counts[i] = count;
        }
    }

    private void CountBlocks(ReadOnlySpan<Vector512<float>> blocks, float scale)
    {
        // Every value lies in the range that the scale was made for, so that every position lies in its table.
        ref int table0 = ref MemoryMarshal.GetArrayDataReference(_tables);
        ref int table1 = ref Unsafe.Add(ref table0, TableSize);
        ref int table2 = ref Unsafe.Add(ref table1, TableSize);
        ref int table3 = ref Unsafe.Add(ref table2, TableSize);
        Vector512<int> center = Vector512.Create(Center);
        Vector512<float> scales = Vector512.Create(scale);
        Span<int> lanes = stackalloc int[Vector512<int>.Count];
        ref int positions = ref MemoryMarshal.GetReference(lanes);
        foreach (Vector512<float> block in blocks)
        {
            (Vector512.ConvertToInt32(block * scales) + center).StoreUnsafe(ref positions);
            for (int lane = 0; lane < Vector512<int>.Count; lane += Tables)
            {
                Unsafe.Add(ref table0, Unsafe.Add(ref positions, lane))++;
                Unsafe.Add(ref table1, Unsafe.Add(ref positions, lane + 1))++;
                Unsafe.Add(ref table2, Unsafe.Add(ref positions, lane + 2))++;
                Unsafe.Add(ref table3, Unsafe.Add(ref positions, lane + 3))++;
            }
        }
    }
}
