using System.Collections.Immutable;

namespace Octet.Quantization.Calibration.DataFree;

/// <summary>Ranges that were derived from a model alone.</summary>
/// <param name="Ranges">The range by value.</param>
/// <param name="Reasons">Why the other values of the main graph have none.</param>
public sealed record DataFreeRanges(ImmutableSortedDictionary<string, ActivationRange> Ranges, ImmutableSortedDictionary<string, string> Reasons)
{
    /// <summary>Why a value has no range; null where it has one.</summary>
    public string? ReasonNone(string value) =>
        Ranges.ContainsKey(value) ? null : Reasons.GetValueOrDefault(value, "it is no value of the model's main graph");

    /// <summary>The ranges of a plan's activations, in the form that calibration on data gives: no samples, by <see cref="CalibrationMethods.BatchNormalization"/>.</summary>
    /// <exception cref="ArgumentException">One has none; see <see cref="ReasonNone"/>.</exception>
    public CalibratedRanges For(IEnumerable<string> activations) => new(
        CalibrationMethods.BatchNormalization,
        0,
        activations.ToImmutableDictionary(
            activation => activation,
            activation => Ranges.TryGetValue(activation, out ActivationRange range) ? range : throw new ArgumentException($"'{activation}' has no range: {ReasonNone(activation)}.", nameof(activations)),
            StringComparer.Ordinal));
}
