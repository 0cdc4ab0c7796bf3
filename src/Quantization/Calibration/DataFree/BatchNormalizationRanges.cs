using System.Collections.Immutable;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Calibration.DataFree;

/// <summary>
/// Ranges of activations without any data, from what training has left in the BatchNormalizations: channel c of the result has the mean B[c] and the
/// standard deviation |scale[c]|, and its input the running mean and variance. From there moments are carried through the graph, and a range is the
/// mean and 6 standard deviations to either side, inside of what functions bound it to (Nagel et al. 2019, Data-Free Quantization Through Weight
/// Equalization and Bias Correction, arXiv:1906.04721, 4.1.3 and 5).
/// </summary>
public static class BatchNormalizationRanges
{
    /// <summary>Derives the range of every float value of the main graph that allows it.</summary>
    /// <param name="unfolded">A model whose BatchNormalizations are still there, with its values' shapes: what <c>PreparationPipeline.RunUntilFolding</c> gives.
    /// The names of values are those of the fully prepared model, which has some of them only.</param>
    /// <param name="options">How; the defaults where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of deviations is not positive.</exception>
    /// <exception cref="InvalidDataException">A weight has fewer elements than its extents promise.</exception>
    public static DataFreeRanges Derive(ModelProto unfolded, DataFreeOptions? options = null)
    {
        options ??= new DataFreeOptions();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Deviations, nameof(options));
        MomentPropagation propagation = new(unfolded.Graph, options);
        propagation.Run();
        return new DataFreeRanges(propagation.Ranges.ToImmutableSortedDictionary(StringComparer.Ordinal), propagation.Reasons.ToImmutableSortedDictionary(StringComparer.Ordinal));
    }
}
