using System.Collections.Immutable;
using Octet.Quantization.Calibration;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Emission;

/// <summary>
/// Fits the ranges of values behind constant factors and summands to those before, so that <see cref="AbsorbAffine"/> finds integers that stand for both:
/// behind a factor the range is that of the source times the factor; behind a summand the scale grows, by a sixteenth at most, until the summand is a
/// whole number of steps.
/// </summary>
internal static class AlignedRanges
{
    /// <summary>Returns the ranges with those changed that can be fitted.</summary>
    /// <param name="prepared">The float model.</param>
    /// <param name="plan">What becomes integer.</param>
    /// <param name="ranges">The calibrated ranges.</param>
    public static IReadOnlyDictionary<string, ActivationRange> Of(ModelProto prepared, QuantizationPlan plan, IReadOnlyDictionary<string, ActivationRange> ranges)
    {
        GraphEditor editor = new(prepared.Graph, new UniqueNames(prepared));
        Dictionary<string, ActivationRange> fitted = [];
        foreach (string value in plan.Activations)
            if (ranges.TryGetValue(value, out ActivationRange range) && range.IsUsable && AffineChain.Ending(BeforeTransposes(value, editor), editor).FirstOrDefault() is { } chain && Fit(chain, range, fitted, ranges) is { } better)
                fitted[value] = better;
        return fitted.Count == 0 ? ranges : ranges.ToImmutableDictionary(StringComparer.Ordinal).SetItems(fitted);
    }

    // With the channels last a picture is quantized before its Transpose.
    private static string BeforeTransposes(string value, GraphEditor editor) =>
        editor.Index.Producer(value) is { } node && node.Is("Transpose") ? BeforeTransposes(node.Input[0], editor) : value;

    private static ActivationRange? Fit(AffineChain chain, ActivationRange range, Dictionary<string, ActivationRange> fitted, IReadOnlyDictionary<string, ActivationRange> ranges)
    {
        if (chain.Shift == 0)
            return fitted.TryGetValue(chain.Source, out ActivationRange source) || ranges.TryGetValue(chain.Source, out source)
                ? new ActivationRange((float)(source.Min * chain.Factor), (float)(source.Max * chain.Factor))
                : null;
        AffineParameters parameters = AffineParameters.ForUInt8(range);
        if (chain.AlignedScale(parameters.Scale) is not { } scale)
            return null;
        double zeroPoint = Math.Clamp(Math.Round(-Math.Min(range.Min, 0) / scale), byte.MinValue, byte.MaxValue);
        AffineParameters aligned = new((float)scale, (int)zeroPoint);
        return chain.OfSource(aligned, byte.MinValue, byte.MaxValue) is null ? null : new ActivationRange((float)(-zeroPoint * scale), (float)((byte.MaxValue - zeroPoint) * scale));
    }
}
