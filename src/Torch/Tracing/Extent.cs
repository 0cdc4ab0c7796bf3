using System.Globalization;

namespace Octet.Torch.Tracing;

/// <summary>A number that may depend on the batch size: what it was in the trace at each of the two batch sizes.</summary>
/// <param name="First">At batch size <see cref="FirstBatch"/>.</param>
/// <param name="Second">At batch size <see cref="SecondBatch"/>.</param>
public readonly record struct Extent(long First, long Second)
{
    /// <summary>The batch size of the first trace.</summary>
    public const long FirstBatch = 2;

    /// <summary>The batch size of the second trace.</summary>
    public const long SecondBatch = 3;

    /// <summary>A number that is the same at every batch size.</summary>
    public Extent(long value)
        : this(value, value)
    {
    }

    /// <summary>Whether it is the same at every batch size.</summary>
    public bool IsFixed => First == Second;

    /// <summary>By how much it grows with the batch: it is <c>Offset + Factor * batch</c>.</summary>
    public long Factor => (Second - First) / (SecondBatch - FirstBatch);

    /// <summary>What it would be at batch size 0; see <see cref="Factor"/>.</summary>
    public long Offset => First - Factor * FirstBatch;

    /// <inheritdoc/>
    public override string ToString() => IsFixed ? First.ToString(CultureInfo.InvariantCulture)
        : (Factor == 1 ? "batch" : $"{Factor}*batch") + (Offset == 0 ? "" : Offset.ToString("+0;-0", CultureInfo.InvariantCulture));
}
