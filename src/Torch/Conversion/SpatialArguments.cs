namespace Octet.Torch.Conversion;

/// <summary>What convolutions and pools share: one number for all axes, and inputs without a batch.</summary>
internal static class SpatialArguments
{
    /// <summary>A list with a number for each spatial axis, where one number may stand for all and none for the usual.</summary>
    public static long[] PerAxis(this ConversionContext call, string parameter, int axes, long usual) => call.Integers(parameter) is { IsEmpty: false } given
        ? given.Length == 1 ? [.. Enumerable.Repeat(given[0], axes)] : [.. given]
        : [.. Enumerable.Repeat(usual, axes)];

    /// <summary>The value of an input, with a batch of one where it has none.</summary>
    public static string Batched(this ConversionContext call, string parameter, int axes) =>
        call.Tensor(parameter).Rank == axes + 2 ? call.Value(parameter) : call.Add("Unsqueeze", [call.Value(parameter), call.Integers(0)]);

    /// <summary>Returns a value, without the batch that <see cref="Batched"/> gave it.</summary>
    public static void ReturnBatched(this ConversionContext call, string value, string parameter, int axes) =>
        call.Return(call.Tensor(parameter).Rank == axes + 2 ? value : call.Add("Squeeze", [value, call.Integers(0)]));
}
