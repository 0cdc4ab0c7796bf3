using System.Collections.Immutable;
using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Calibration.Data;

/// <summary>All inputs of a model, and whether its first dimension is a batch that rows of data can be joined along.</summary>
internal sealed class InputSignature
{
    /// <summary>A first dimension that is fixed and longer than this counts something else than samples.</summary>
    private const int MaximumBatch = 1 << 16;

    public InputSignature(ImmutableArray<ModelInput> inputs, int batchSize)
    {
        Inputs = inputs;
        // A vector has no room for a batch; and several inputs form a batch only when they agree on it.
        long batch = inputs[0].Rank > 0 ? inputs[0].Dimensions[0] : 0;
        IsBatched = batch <= MaximumBatch && inputs.All(input => input.Rank >= 2 && input.Dimensions[0] == batch);
        if (IsBatched)
            Batch = batch > 0 ? (int)batch : Math.Max(batchSize, 1);
    }

    /// <summary>The inputs in the model's order.</summary>
    public ImmutableArray<ModelInput> Inputs { get; }

    /// <summary>Whether rows can be joined along the first dimension of every input.</summary>
    public bool IsBatched { get; }

    /// <summary>Rows in a sample: what the model fixes, else what was asked for; 1 without a batch.</summary>
    public int Batch { get; } = 1;

    /// <summary>How arrays of these shapes, one an input, feed the model; null where they do not fit.</summary>
    public ArrayFeed? Match(ImmutableArray<ImmutableArray<long>> shapes)
    {
        long leading = shapes[0].IsEmpty ? 1 : shapes[0][0];
        bool agree = shapes.All(shape => !shape.IsEmpty && shape[0] == leading);

        // What the model fixes to the last extent is taken as it is; else rows of a batch are told first, so that any number of them is cut.
        bool isWhole = All(static (input, shape) => input.Fits(shape.AsSpan()));
        if (isWhole && leading > 1 && Inputs.All(input => input.Rank > 0 && input.Dimensions[0] == leading))
            return new ArrayFeed(FeedMode.Whole, 1);
        if (IsBatched && agree && All(static (input, shape) => shape.Length == input.Rank && input.Fits(shape.AsSpan(1..), 1)))
            return new ArrayFeed(FeedMode.Rows, leading);
        if (IsBatched && All(static (input, shape) => input.Fits(shape.AsSpan(), 1)))
            return new ArrayFeed(FeedMode.Row, 1);
        if (isWhole)
            return new ArrayFeed(FeedMode.Whole, 1);
        if (agree && All(static (input, shape) => shape.Length == input.Rank + 1 && input.Fits(shape.AsSpan(1..))))
            return new ArrayFeed(FeedMode.Stack, leading);
        return null;

        bool All(Func<ModelInput, ImmutableArray<long>, bool> fits) => shapes.Zip(Inputs).All(pair => fits(pair.Second, pair.First));
    }

    /// <summary>OCT3004: data of this shape does not fit.</summary>
    public static DiagnosticException Misfit(string file, ModelInput input, IEnumerable<long> shape) =>
        DiagnosticCatalog.Exception("OCT3004", file, string.Join(",", shape), input.Name, input.DimensionsText);

    /// <summary>OCT3009: nothing feeds an input.</summary>
    public static DiagnosticException Missing(string file, ModelInput input, string held) =>
        DiagnosticCatalog.Exception("OCT3009", file, input.Name, held);
}

/// <summary>How arrays feed a model.</summary>
/// <param name="Mode">What one array holds.</param>
/// <param name="Count">How many rows or samples.</param>
internal readonly record struct ArrayFeed(FeedMode Mode, long Count)
{
    /// <summary>Whether the array is cut along its first dimension.</summary>
    public bool IsCut => Mode is FeedMode.Rows or FeedMode.Stack;

    /// <summary>Whether the parts join into batches.</summary>
    public bool IsBatchable => Mode is FeedMode.Rows or FeedMode.Row;

    /// <summary>The shape of one part of an array of this shape.</summary>
    public ImmutableArray<long> PartShape(ImmutableArray<long> shape) => Mode switch
    {
        FeedMode.Rows => shape.SetItem(0, 1),
        FeedMode.Row => shape.Insert(0, 1),
        FeedMode.Stack => shape.RemoveAt(0),
        _ => shape,
    };
}

/// <summary>What an array holds, seen from the model's input.</summary>
internal enum FeedMode
{
    /// <summary>The input itself.</summary>
    Whole,

    /// <summary>The input with any number of rows in its batch dimension.</summary>
    Rows,

    /// <summary>The input without its batch dimension.</summary>
    Row,

    /// <summary>Many inputs, along one dimension more.</summary>
    Stack,
}
