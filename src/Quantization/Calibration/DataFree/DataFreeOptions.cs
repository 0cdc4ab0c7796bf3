using System.Collections.Immutable;

namespace Octet.Quantization.Calibration.DataFree;

/// <summary>What is assumed of the values of a graph's input. It counts up to the first BatchNormalization only.</summary>
/// <param name="Mean">Their mean.</param>
/// <param name="Deviation">Their standard deviation.</param>
/// <param name="Low">The smallest that is expected.</param>
/// <param name="High">The largest that is expected.</param>
public sealed record AssumedInput(double Mean, double Deviation, double Low, double High)
{
    /// <summary>Inputs as preprocessing leaves them: mean 0, deviation 1, and none beyond 3 (of ImageNet's, the largest is 2.64).</summary>
    public static AssumedInput Normalized { get; } = new(0, 1, -3, 3);
}

/// <summary>How ranges are derived.</summary>
public sealed record DataFreeOptions
{
    /// <summary>The standard deviations that a range reaches to either side of the mean; 6 as in the paper.</summary>
    public double Deviations { get; init; } = 6;

    /// <summary>
    /// The most layers with weights between statistics and a value that gets a range. Values of one channel are not independent, so that each layer adds an error,
    /// a factor of two or so; the two of a squeeze-and-excite gate are still close enough.
    /// </summary>
    public int MaxLayers { get; init; } = 2;

    /// <summary>What is known of single inputs, by name.</summary>
    public ImmutableDictionary<string, AssumedInput> Inputs { get; init; } = ImmutableDictionary<string, AssumedInput>.Empty;

    /// <summary>What is assumed of the other float inputs; null for nothing, so that they have no range.</summary>
    public AssumedInput? OtherInputs { get; init; } = AssumedInput.Normalized;
}
