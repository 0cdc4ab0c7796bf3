using System.Collections.Immutable;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// SmoothQuant (Xiao et al. 2022): the columns of what MatMuls and Gemms with constant weights read are divided by s[c] = max|x[c]|^alpha / max|W[c]|^(1 - alpha),
/// and the rows of their weights multiplied. Transformers have columns a hundred times as large as the others, always the same ones.
/// </summary>
/// <remarks>
/// Only where the division costs nothing: it goes into the scale and bias of a normalization over the last axis, into the weights and bias of a layer before, or into
/// the constant row of a Mul, and Relu, LeakyRelu and PRelu let it through. All readers of one value share the factors. max|W[c]| is a part of the largest
/// weight of its output channel, which has a scale of its own. Ranges must be calibrated anew afterwards; the names of nodes and values stay.
/// </remarks>
public static class SmoothQuant
{
    /// <summary>The values whose magnitudes along the last axis are wanted.</summary>
    public static ImmutableArray<string> Values(ModelProto prepared) => [.. ChannelBalance.Find(prepared, IsReadByProducts).Select(scaling => scaling.Value)];

    /// <summary>Moves the difficulty from the activations to the weights.</summary>
    /// <param name="prepared">The model; left as it is.</param>
    /// <param name="magnitudes">The largest magnitude of each column, by value: those of <see cref="Values"/>; one that is missing, or of another number of columns, is left alone.</param>
    /// <param name="alpha">How much of the activations' imbalance moves to the weights: 0 to 1, 0.5 in the paper.</param>
    /// <returns>A model that is equal up to float rounding; the argument itself where there is nothing to smooth.</returns>
    public static ModelProto Apply(ModelProto prepared, IReadOnlyDictionary<string, IReadOnlyList<float>> magnitudes, double alpha = 0.5) =>
        ChannelBalance.Apply(prepared, IsReadByProducts, scaling => scaling.Seen(magnitudes), alpha);

    private static bool IsReadByProducts(ChannelScaling scaling) => scaling.Readers.All(reader => reader.Is("MatMul") || reader.Is("Gemm"));
}
