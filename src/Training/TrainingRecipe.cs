using System.Collections.Immutable;

namespace Octet.Training;

/// <summary>How the scales of a model that is prepared for quantization come about.</summary>
public enum ScaleLearning
{
    /// <summary>From what is seen: of weights the largest magnitude of each channel, of values a moving average of the smallest and the largest (Jacob et al. 2018, section 3).</summary>
    Observed,

    /// <summary>By gradient, like a weight (learned step size quantization, Esser et al. 2020), from what was observed on.</summary>
    Learned,
}

/// <summary>How a model is prepared for quantization-aware training.</summary>
public sealed record TrainingRecipe
{
    /// <summary>Bits of a weight, 2 to 8, symmetric around 0: 4 bits are -7 to 7. They are stored in 8.</summary>
    public int WeightBits { get; init; } = 8;

    /// <summary>How scales come about.</summary>
    public ScaleLearning Scales { get; init; } = ScaleLearning.Observed;

    /// <summary>
    /// Whether values that are negative too have their zero in the middle of the 8 bits (128). False: wherever the range has it, so that no step is wasted. Values that are
    /// never negative have it at 0 in either case.
    /// </summary>
    public bool SymmetricActivations { get; init; }

    /// <summary>What a new batch weighs in the moving average of a value's range: more than 0, at most 1.</summary>
    public double Momentum { get; init; } = 0.01;

    /// <summary>
    /// Batches after which observed ranges stay as they are; where scales are learned, after which the gradient takes over from observation. 0: as many as training has,
    /// or 50 where scales are learned.
    /// </summary>
    public int ObservedBatches { get; init; }

    /// <summary>Batches after which BatchNormalization uses, and no longer changes, its running statistics, as at inference; 0 for never.</summary>
    public int NormalizationBatches { get; init; }

    /// <summary>Layers that stay float, by name as in the state dict (<c>features.0</c>); <c>*</c> stands for anything.</summary>
    public ImmutableArray<string> Skip { get; init; } = [];

    /// <summary>
    /// The BatchNormalization behind a layer, by the names of both, where <c>forward()</c> does not call the one that was declared next to the layer.
    /// </summary>
    public ImmutableDictionary<string, string> Normalizations { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Largest magnitude of a weight's integer.</summary>
    internal int WeightLimit => (1 << (WeightBits - 1)) - 1;

    /// <summary>Why the recipe cannot be used; null where it can.</summary>
    internal string? Problem =>
        WeightBits is < 2 or > 8 ? $"{nameof(WeightBits)} is {WeightBits}, and weights can have 2 to 8 bits"
        : !(Momentum > 0 && Momentum <= 1) ? $"{nameof(Momentum)} is not more than 0 and at most 1"
        : ObservedBatches < 0 || NormalizationBatches < 0 ? $"{nameof(ObservedBatches)} or {nameof(NormalizationBatches)} is negative"
        : null;
}
