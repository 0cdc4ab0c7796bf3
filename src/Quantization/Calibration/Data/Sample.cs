using System.Collections.Immutable;
using Octet.Runtime;

namespace Octet.Quantization.Calibration.Data;

/// <summary>What one run of the model takes.</summary>
/// <param name="Source">The file that it comes from, with <c>#row</c> where the file holds several.</param>
/// <param name="Inputs">One tensor a model input, in the model's order.</param>
/// <param name="Label">The class index where it is known and the sample is of one item; otherwise null.</param>
public sealed record Sample(string Source, ImmutableArray<NamedTensor> Inputs, int? Label)
{
    /// <summary>One class index an item of the batch; empty where labels are not known.</summary>
    public ImmutableArray<int> Labels { get; init; } = Label is { } label ? [label] : [];
}
