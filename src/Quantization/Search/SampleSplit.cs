using System.Collections.Immutable;

namespace Octet.Quantization.Search;

/// <summary>Which samples a choice is fitted to, and which it is judged by.</summary>
/// <param name="Calibration">Positions of the samples that ranges are learned from while choices are tried.</param>
/// <param name="HeldOut">Positions of the samples that judge; empty where there are too few to spare any.</param>
public sealed record SampleSplit(ImmutableArray<int> Calibration, ImmutableArray<int> HeldOut)
{
    // Below, a quarter would be one sample, which decides nothing.
    private const int FewestSamples = 8;
    private const int MostHeldOut = 32;

    /// <summary>Holds every fourth sample out, or fewer of many, evenly spread: data sets come sorted by class.</summary>
    public static SampleSplit Of(int samples)
    {
        if (samples < FewestSamples)
            return new SampleSplit([.. Enumerable.Range(0, samples)], []);
        int stride = Math.Max(4, samples / MostHeldOut);
        ImmutableArray<int> heldOut = [.. Enumerable.Range(0, samples).Where(position => position % stride == stride - 1)];
        return new SampleSplit([.. Enumerable.Range(0, samples).Except(heldOut)], heldOut);
    }
}
