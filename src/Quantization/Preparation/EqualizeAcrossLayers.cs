using System.Collections.Immutable;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Cross-layer equalization (Nagel et al. 2019, section 4.1): behind a Conv, ConvTranspose, Gemm or MatMul, and what f(x / s) = f(x) / s holds for (Relu,
/// LeakyRelu, PRelu, pooling, flattening), each channel is divided by a factor that the weights of the next Convs, Gemms and MatMuls take back.
/// </summary>
/// <remarks>
/// The paper balances weights against weights, each with one scale for all channels. Here weights have a scale an output channel, so that those of the
/// first layer cost nothing, and an activation has one: it is the activation's channels that are balanced, against the input channels of what reads them.
/// Ranges must be calibrated anew afterwards; the names of nodes and values stay.
/// </remarks>
public static class EqualizeAcrossLayers
{
    private const double Alpha = 0.5;

    /// <summary>The values whose channels can be equalized, with the axis of their channels: 1, or -1 for the last.</summary>
    public static ImmutableArray<(string Value, int Axis)> Values(ModelProto prepared) =>
        [.. ChannelBalance.Find(prepared, IsBetweenLayers).Select(scaling => (scaling.Value, scaling.Axis))];

    /// <summary>Equalizes without data: the weights of the first layer stand for what it puts out, as in the paper.</summary>
    /// <returns>A model that is equal up to float rounding; the argument itself where there is nothing to equalize.</returns>
    public static ModelProto Apply(ModelProto prepared) => ChannelBalance.Apply(prepared, IsBetweenLayers, scaling => scaling.SourceMagnitudes(), Alpha);

    /// <summary>Equalizes what calibration has seen.</summary>
    /// <param name="prepared">The model; left as it is.</param>
    /// <param name="magnitudes">The largest magnitude of each channel, by value: those of <see cref="Values"/>; one that is missing, or of another number of channels, is left alone.</param>
    /// <returns>A model that is equal up to float rounding; the argument itself where there is nothing to equalize.</returns>
    public static ModelProto Apply(ModelProto prepared, IReadOnlyDictionary<string, IReadOnlyList<float>> magnitudes) =>
        ChannelBalance.Apply(prepared, IsBetweenLayers, scaling => scaling.Seen(magnitudes), Alpha);

    private static bool IsBetweenLayers(ChannelScaling scaling) => scaling.Source.OpType is "Conv" or "ConvTranspose" or "Gemm" or "MatMul";
}
