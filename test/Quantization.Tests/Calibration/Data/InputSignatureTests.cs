using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Calibration.Data;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class InputSignatureTests
{
    [Theory]
    // An input with a batch: rows, also one or as many as the batch, before everything else.
    [InlineData("-1,3,8,8", "5,3,8,8", "Rows 5")]
    [InlineData("-1,3,8,8", "1,3,8,8", "Rows 1")]
    [InlineData("4,3,8,8", "9,3,8,8", "Rows 9")]
    [InlineData("1,3,-1,-1", "7,3,20,30", "Rows 7")]
    [InlineData("4,3,8,8", "4,3,8,8", "Whole 1")]
    [InlineData("3,-1,-1", "3,5,5", "Whole 1")]
    [InlineData("100000,3", "100000,3", "Whole 1")]
    [InlineData("100000,3", "50000,3", null)]
    // Without the batch dimension.
    [InlineData("-1,3,8,8", "3,8,8", "Row 1")]
    [InlineData("1,64", "64", "Row 1")]
    // One dimension more.
    [InlineData("1,3,8,8", "6,1,3,8,8", "Stack 6")]
    // No batch dimension.
    [InlineData("64", "64", "Whole 1")]
    [InlineData("64", "10,64", "Stack 10")]
    [InlineData("-1", "10", "Whole 1")]
    [InlineData("", "", "Whole 1")]
    [InlineData("", "3", "Stack 3")]
    // What does not fit.
    [InlineData("-1,3,8,8", "5,3,8,9", null)]
    [InlineData("-1,3,8,8", "8,8", null)]
    [InlineData("-1,3,-1,-1", "5,3,0,4", null)]
    [InlineData("64", "63", null)]
    public void One_array_feeds_one_input(string input, string shape, string? expected) => Assert.Equal(expected, Match(1, [input], shape));

    [Theory]
    [InlineData("-1,8", "-1,8", "5,8", "5,8", "Rows 5")]
    [InlineData("-1,8", "-1,8", "8", "8", "Row 1")]
    [InlineData("-1,8", "-1,8", "5,8", "4,8", "Whole 1")]
    [InlineData("-1,8", "2", "5,8", "2", "Whole 1")]
    [InlineData("1,8", "2", "5,1,8", "5,2", "Stack 5")]
    [InlineData("1,8", "2", "5,1,8", "4,2", null)]
    [InlineData("1,8", "2", "1,8", "3", null)]
    public void Several_arrays_are_cut_alike(string first, string second, string firstShape, string secondShape, string? expected) =>
        Assert.Equal(expected, Match(1, [first, second], firstShape, secondShape));

    [Theory]
    [InlineData("-1,3,8,8", 4, 4)]
    [InlineData("8,3,8,8", 4, 8)]
    [InlineData("-1,3,8,8", 0, 1)]
    [InlineData("64", 4, 1)]
    [InlineData("4000000000,2", 4, 1)]
    public void A_batch_that_the_model_fixes_goes_before(string input, int batchSize, int batch) =>
        Assert.Equal(batch, new InputSignature([Input(input)], batchSize).Batch);

    private static string? Match(int batchSize, string[] inputs, params string[] shapes)
    {
        ArrayFeed? feed = new InputSignature([.. inputs.Select(Input)], batchSize).Match([.. shapes.Select(Extents)]);
        return feed is { } found ? $"{found.Mode} {found.Count}" : null;
    }

    private static ModelInput Input(string dimensions) => new("x", TensorElementType.Float, Extents(dimensions));

    private static ImmutableArray<long> Extents(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)];
}
