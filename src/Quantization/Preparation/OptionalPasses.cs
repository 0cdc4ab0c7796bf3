using System.Collections.Immutable;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>The variants that a pass may make faster.</summary>
[Flags]
public enum PassBenefits
{
    /// <summary>Those that compute in floats.</summary>
    Float = 1,

    /// <summary>Those that compute in integers.</summary>
    Integer = 2,

    /// <summary>Either.</summary>
    Both = Float | Integer,
}

/// <summary>A rewriting that leaves the outputs equal up to float rounding, to be kept only where it measures faster.</summary>
/// <param name="Name">A short name, for recipes and reports.</param>
/// <param name="Benefits">What it may make faster.</param>
/// <param name="Apply">From a prepared model to a new one; returns its argument itself where it finds nothing to change, and never changes it.</param>
public sealed record OptionalPass(string Name, PassBenefits Benefits, Func<ModelProto, ModelProto> Apply);

/// <summary>
/// The passes that pay on some models and machines and cost on others. They run on what <see cref="PreparationPipeline.Run(ModelProto, string)"/> gives, each on the result of the one
/// before that was kept. Image extents count where the model fixes them; batch extents may be dynamic, and stay so.
/// </summary>
public static class OptionalPasses
{
    /// <summary>The passes, in the order in which one makes room for the next.</summary>
    public static ImmutableArray<OptionalPass> All { get; } =
    [
        new("pads", PassBenefits.Both, FoldPads.Apply),
        new("constants", PassBenefits.Both, MoveConstants.Apply),
        new("residual", PassBenefits.Both, FoldIntoResidual.Apply),
        new("gates", PassBenefits.Both, FoldResidualGates.Apply),
        new("pool-first", PassBenefits.Both, PoolBeforeConvolution.Apply),
        new("unread", PassBenefits.Both, CutUnreadChannels.Apply),
        new("resize-last", PassBenefits.Both, ResizeAfterConvolution.Apply),
        new("merge", PassBenefits.Both, MergeConvolutions.Apply),
        new("crop", PassBenefits.Both, CropKernels.Apply),
        new("transposed", PassBenefits.Both, TransposedToPointwise.Apply),
        new("widen", PassBenefits.Float, WidenChannels.Apply),
        new("blocked", PassBenefits.Float, KeepBlockedLayout.Apply),
        new("normalization", PassBenefits.Integer, NormalizationToConvolution.Apply),
        new("matrices", PassBenefits.Both, SmallImagesToMatrices.Apply),
    ];
}
