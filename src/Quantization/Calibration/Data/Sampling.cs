using System.Collections.Immutable;
using System.Globalization;

namespace Octet.Quantization.Calibration.Data;

/// <summary>One row of a file.</summary>
internal readonly record struct Item(DataFile File, long Row)
{
    /// <summary>The file, and the row's number from 0 where there are several.</summary>
    public override string ToString() => File.Rows == 1 ? File.Path : string.Create(CultureInfo.InvariantCulture, $"{File.Path}#{Row}");
}

/// <summary>Chooses what is read, and puts rows together to batches.</summary>
internal static class Sampling
{
    private const double GoldenRatio = 0.6180339887498949;

    /// <summary>
    /// The rows of each sample. Rows that follow each other make a batch; an incomplete one is left out, unless there is no other. A
    /// row that is no part of a batch is a sample by itself.
    /// </summary>
    public static ImmutableArray<ImmutableArray<Item>> Choose(IReadOnlyList<DataFile> files, int batch, int maximumSamples)
    {
        long maximum = maximumSamples > 0 ? maximumSamples : int.MaxValue;
        var samples = new List<ImmutableArray<Item>>();
        var open = new List<Item>(batch);
        foreach (Item item in Spread(files, maximum * (files.Any(static file => file.IsBatchable) ? batch : 1)))
        {
            if (!item.File.IsBatchable)
            {
                samples.Add([item]);
                continue;
            }
            open.Add(item);
            if (open.Count == batch)
            {
                samples.Add([.. open]);
                open.Clear();
            }
        }
        if (samples.Count == 0 && open.Count > 0)
            samples.Add([.. open]);
        return [.. Spread(samples.Count, maximum).Select(index => samples[(int)index])];
    }

    /// <summary>
    /// So many of <paramref name="count"/> numbers, ascending: one from each of <paramref name="wanted"/> stretches of equal length. Where in
    /// its stretch a number lies changes from one to the next, by the golden ratio: data that repeats (class after class, camera
    /// after camera) is not met at the same place each time.
    /// </summary>
    internal static IEnumerable<long> Spread(long count, long wanted)
    {
        wanted = Math.Min(wanted, count);
        for (long i = 0; i < wanted; i++)
        {
            long from = (long)((Int128)i * count / wanted);
            long to = (long)((Int128)(i + 1) * count / wanted);
            yield return from + (long)(i * GoldenRatio % 1 * (to - from));
        }
    }

    private static IEnumerable<Item> Spread(IReadOnlyList<DataFile> files, long wanted)
    {
        int file = 0;
        long before = 0;
        foreach (long row in Spread(files.Sum(static file => file.Rows), wanted))
        {
            while (row - before >= files[file].Rows)
                before += files[file++].Rows;
            yield return new Item(files[file], row - before);
        }
    }
}
