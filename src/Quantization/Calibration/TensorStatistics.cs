namespace Octet.Quantization.Calibration;

/// <summary>
/// What calibration keeps of one tensor, whatever the number of samples. Adding and merging commute: shards that were calibrated apart merge to
/// what one run gives, bit for bit. Thread-safe.
/// </summary>
/// <param name="withHistogram">Whether values are counted; without, <see cref="CalibrationMethods.NeedsHistogram"/> tells which methods are left.</param>
public sealed class TensorStatistics(bool withHistogram)
{
    private readonly object _lock = new();

    /// <summary>The number of samples in which the tensor held values.</summary>
    public long Samples { get; private set; }

    /// <summary>The range of all values; <see cref="ActivationRange.Broken"/> where one was not finite, and then nothing else is kept.</summary>
    public ActivationRange Range { get; private set; } = ActivationRange.Empty;

    /// <summary>The sum of the samples' smallest values.</summary>
    public ExactSum Minima { get; private set; }

    /// <summary>The sum of the samples' largest values.</summary>
    public ExactSum Maxima { get; private set; }

    /// <summary>The values' counts; null where they are not kept.</summary>
    public ActivationHistogram? Histogram { get; private set; } = withHistogram ? new ActivationHistogram() : null;

    /// <summary>Restores what was written to a file.</summary>
    internal TensorStatistics(long samples, ActivationRange range, ExactSum minima, ExactSum maxima, ActivationHistogram? histogram) : this(false)
    {
        Samples = samples;
        Range = range;
        Minima = minima;
        Maxima = maxima;
        Histogram = histogram;
    }

    /// <summary>Takes one sample's values.</summary>
    /// <param name="values">The whole tensor.</param>
    /// <param name="counter">The calling thread's; needed where a histogram is kept.</param>
    public void Add(ReadOnlySpan<float> values, HistogramCounter? counter)
    {
        ActivationRange range = MinMax.Of(values);
        if (range.IsEmpty)
            return;
        if (Histogram is not null && range.IsUsable)
            (counter ?? throw new ArgumentNullException(nameof(counter))).Count(values, range);
        lock (_lock)
        {
            if (!Include(range, 1))
                return;
            Minima = Minima.Add(range.Min);
            Maxima = Maxima.Add(range.Max);
            Histogram?.Add(counter!.Exponent, counter.First, counter.Counts);
        }
    }

    /// <summary>Takes everything that another shard has seen. The other must not change meanwhile.</summary>
    /// <exception cref="ArgumentException">One keeps a histogram and the other does not.</exception>
    /// <exception cref="OverflowException">The counts of both do not fit 64 bits.</exception>
    public void Merge(TensorStatistics other)
    {
        lock (_lock)
        {
            if (!Include(other.Range, other.Samples))
                return;
            Minima = Minima.Add(other.Minima);
            Maxima = Maxima.Add(other.Maxima);
            if (Histogram is null != other.Histogram is null)
                throw new ArgumentException("Only one of the two keeps a histogram.", nameof(other));
            if (other.Histogram is not null)
                Histogram!.Add(other.Histogram);
        }
    }

    // One broken sample breaks the tensor for good; what was gathered before it must not show, or the order would.
    private bool Include(ActivationRange range, long samples)
    {
        Range = Range.Union(range);
        if (Range.IsUsable)
        {
            Samples = checked(Samples + samples);
            return true;
        }
        if (!Range.IsEmpty)
        {
            Range = ActivationRange.Broken;
            (Samples, Minima, Maxima) = (0, default, default);
            Histogram = Histogram is null ? null : new ActivationHistogram();
        }
        return false;
    }
}
