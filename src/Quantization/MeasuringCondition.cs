using System.Collections.Immutable;
using System.Globalization;

namespace Octet.Quantization;

/// <summary>What a latency holds for, apart from the model and the machine.</summary>
/// <param name="Threads">Intra-operator threads; 0 is ONNX Runtime's own choice.</param>
/// <param name="BatchSize">Extent of a dynamic batch dimension.</param>
public readonly record struct MeasuringCondition(int Threads, int BatchSize)
{
    /// <summary>Every combination, the one of the first values first.</summary>
    /// <param name="threads">At least one number of threads.</param>
    /// <param name="batchSizes">At least one batch size.</param>
    public static ImmutableArray<MeasuringCondition> Combine(IReadOnlyCollection<int> threads, IReadOnlyCollection<int> batchSizes) =>
        [.. batchSizes.SelectMany(batchSize => threads.Select(count => new MeasuringCondition(count, batchSize))).Distinct()];

    /// <summary>"1 thread, batch 8"</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ThreadsText}, batch {BatchSize}");

    private string ThreadsText => Threads switch { 0 => "default threads", 1 => "1 thread", _ => $"{Threads} threads" };
}
