using System.Collections.Immutable;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Octet.Quantization.Calibration;

/// <summary>A value whose channels are to be looked at one by one.</summary>
/// <param name="Value">A value of the main graph.</param>
/// <param name="Axis">The axis along which its channels lie; a negative one counts from the last.</param>
public sealed record ChannelAxis(string Value, int Axis);

/// <summary>What calibration has seen in each channel of a value, all finite.</summary>
/// <param name="Mean">The mean of a channel's elements, over all samples.</param>
/// <param name="Min">Its smallest element.</param>
/// <param name="Max">Its largest element.</param>
public sealed record ChannelStatistics(ImmutableArray<double> Mean, ImmutableArray<float> Min, ImmutableArray<float> Max)
{
    /// <summary>The largest magnitude in each channel.</summary>
    public ImmutableArray<float> Magnitudes => [.. Min.Zip(Max, (min, max) => MathF.Max(-min, max))];
}

/// <summary>
/// Gathers <see cref="ChannelStatistics"/>. Each sample is summed in an order of its own, in double, and the samples' sums are added exactly: the
/// order of samples does not show. Thread-safe.
/// </summary>
internal sealed class ChannelStatisticsCounter(int axis)
{
    private readonly object _lock = new();
    private bool _isBroken;
    private long _elements;
    private ExactSum[] _sums = [];
    private float[] _mins = [];
    private float[] _maxs = [];

    /// <summary>Takes one sample's values, row-major. One of another number of channels, or that are not all finite, break the value for good.</summary>
    public void Add(ReadOnlySpan<float> values, ReadOnlySpan<long> shape)
    {
        if (values.IsEmpty)
            return;
        int position = axis < 0 ? axis + shape.Length : axis;
        if (position < 0 || position >= shape.Length)
        {
            Break();
            return;
        }

        int channels = (int)shape[position];
        int inner = 1;
        foreach (long extent in shape[(position + 1)..])
            inner *= (int)extent;
        double[] sums = new double[channels];
        float[] mins = [.. Enumerable.Repeat(float.PositiveInfinity, channels)];
        float[] maxs = [.. Enumerable.Repeat(float.NegativeInfinity, channels)];
        for (int start = 0; start < values.Length; start += channels * inner)
        {
            ReadOnlySpan<float> block = values.Slice(start, channels * inner);
            if (inner == 1)
                AddRow(block, sums, mins, maxs);
            else
                for (int channel = 0; channel < channels; channel++)
                    AddRun(block.Slice(channel * inner, inner), ref sums[channel], ref mins[channel], ref maxs[channel]);
        }
        Merge(sums, mins, maxs, values.Length / channels);
    }

    /// <summary>The statistics; null where nothing was seen, or something that breaks them.</summary>
    public ChannelStatistics? Statistics()
    {
        lock (_lock)
            return _isBroken || _elements == 0
                ? null
                // Adding 0 makes a negative zero positive: which of the two comes first must not show.
                : new ChannelStatistics([.. _sums.Select(sum => sum.Mean(_elements))], [.. _mins.Select(min => min + 0f)], [.. _maxs.Select(max => max + 0f)]);
    }

    // Channels lie side by side.
    private static void AddRow(ReadOnlySpan<float> row, Span<double> sums, Span<float> mins, Span<float> maxs)
    {
        TensorPrimitives.Min(mins, row, mins);
        TensorPrimitives.Max(maxs, row, maxs);
        Span<Vector512<double>> sumBlocks = MemoryMarshal.Cast<double, Vector512<double>>(sums);
        ReadOnlySpan<Vector256<float>> blocks = MemoryMarshal.Cast<float, Vector256<float>>(row);
        for (int i = 0; i < blocks.Length; i++)
            sumBlocks[i] += Widen(blocks[i]);
        for (int i = blocks.Length * Vector256<float>.Count; i < row.Length; i++)
            sums[i] += row[i];
    }

    // One channel's elements lie side by side.
    private static void AddRun(ReadOnlySpan<float> run, ref double sum, ref float min, ref float max)
    {
        // A range that is broken is so as a sum too: not a number, or infinite.
        ActivationRange range = MinMax.Of(run);
        min = MathF.Min(min, range.Min);
        max = MathF.Max(max, range.Max);
        Vector512<double> sums = Vector512<double>.Zero;
        ReadOnlySpan<Vector256<float>> blocks = MemoryMarshal.Cast<float, Vector256<float>>(run);
        foreach (Vector256<float> block in blocks)
            sums += Widen(block);
        double total = Vector512.Sum(sums);
        foreach (float value in run[(blocks.Length * Vector256<float>.Count)..])
            total += value;
        sum += total;
    }

    private static Vector512<double> Widen(Vector256<float> values) => Vector512.Create(Vector256.WidenLower(values), Vector256.WidenUpper(values));

    private void Merge(double[] sums, float[] mins, float[] maxs, int elements)
    {
        lock (_lock)
        {
            // Finite floats have a finite sum in double.
            _isBroken |= (_elements > 0 && _sums.Length != sums.Length) || !sums.All(double.IsFinite);
            if (_isBroken)
                return;
            if (_elements == 0)
                (_sums, _mins, _maxs) = (new ExactSum[sums.Length], [.. mins], [.. maxs]);
            _elements += elements;
            for (int channel = 0; channel < sums.Length; channel++)
                _sums[channel] = _sums[channel].Add(sums[channel]);
            TensorPrimitives.Min(_mins, mins, _mins);
            TensorPrimitives.Max(_maxs, maxs, _maxs);
        }
    }

    private void Break()
    {
        lock (_lock)
            _isBroken = true;
    }
}
