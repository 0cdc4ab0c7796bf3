using System.Collections.Immutable;

namespace Octet.Quantization.Calibration;

/// <summary>What calibration has learned of a model's tensors.</summary>
/// <param name="Samples">The number of samples that were used.</param>
/// <param name="HasHistograms">Whether values were counted, so that every method can find ranges.</param>
/// <param name="Tensors">The statistics by tensor.</param>
public sealed record CalibrationStatistics(long Samples, bool HasHistograms, ImmutableSortedDictionary<string, TensorStatistics> Tensors)
{
    /// <summary>Statistics of nothing, to be filled or merged into.</summary>
    public static CalibrationStatistics Empty(IEnumerable<string> tensors, bool withHistograms) =>
        new(0, withHistograms, tensors.ToImmutableSortedDictionary(tensor => tensor, _ => new TensorStatistics(withHistograms), StringComparer.Ordinal));

    /// <summary>The statistics of both together: what one run over all their samples would give, bit for bit, in any order.</summary>
    /// <exception cref="ArgumentException">They are not of the same tensors, or only one has histograms; the message says it.</exception>
    /// <exception cref="OverflowException">The counts of both do not fit 64 bits.</exception>
    public CalibrationStatistics Merge(CalibrationStatistics other)
    {
        if (HasHistograms != other.HasHistograms)
            throw new ArgumentException("only one of them has histograms");
        if (!Tensors.Keys.SequenceEqual(other.Tensors.Keys, StringComparer.Ordinal))
            throw new ArgumentException("they are of different tensors");
        CalibrationStatistics merged = Empty(Tensors.Keys, HasHistograms) with { Samples = checked(Samples + other.Samples) };
        foreach ((string name, TensorStatistics tensor) in merged.Tensors)
        {
            tensor.Merge(Tensors[name]);
            tensor.Merge(other.Tensors[name]);
        }
        return merged;
    }

    /// <summary>The range of each tensor by one method, found on all cores.</summary>
    /// <exception cref="ArgumentException">The method is unknown, or it needs histograms and there are none.</exception>
    public CalibratedRanges Ranges(string method)
    {
        string[] names = [.. Tensors.Keys];
        ActivationRange[] ranges = new ActivationRange[names.Length];
        if (CalibrationMethods.NeedsHistogram(method) && !HasHistograms)
            throw new ArgumentException("The statistics hold no histograms.", nameof(method));
        Parallel.For(0, names.Length, i => ranges[i] = CalibrationMethods.Range(method, Tensors[names[i]]));
        return new CalibratedRanges(method, Samples, names.Zip(ranges).ToImmutableDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal));
    }
}

/// <summary>Ranges to quantize with.</summary>
/// <param name="Method">The method that found them.</param>
/// <param name="Samples">The number of samples behind them.</param>
/// <param name="Ranges">The range of each tensor.</param>
public sealed record CalibratedRanges(string Method, long Samples, ImmutableDictionary<string, ActivationRange> Ranges)
{
    /// <summary>Where several methods were tried: each with the signal-to-quantization-noise ratio of its variant, dB.</summary>
    public ImmutableArray<TriedMethod> Tried { get; init; } = [];
}

/// <summary>A method that was tried on the samples.</summary>
/// <param name="Method">Its name.</param>
/// <param name="Drop">The accuracy drop of its variant, in the unit of the report.</param>
/// <param name="SqnrDb">The signal-to-quantization-noise ratio of the variant's worst output, dB.</param>
public sealed record TriedMethod(string Method, double Drop, double SqnrDb);
