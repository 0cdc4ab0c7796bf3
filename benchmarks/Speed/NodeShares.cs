using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Octet.Quantization.Measurement;
using Octet.Runtime;

namespace Octet.Benchmarks.Speed;

/// <summary>Where the time of a run goes, by kind of node, as ONNX Runtime's profiler tells it.</summary>
internal static class NodeShares
{
    private const int MaximumRuns = 20;
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(5);
    private const int Shown = 12;

    /// <summary>A table of several models side by side: number of nodes, milliseconds, and share of the run.</summary>
    public static IEnumerable<string> Table(IReadOnlyList<(string Name, string Path)> models, ImmutableArray<NamedTensor> tensors, int threads, string scratch)
    {
        Dictionary<string, (int Nodes, double Milliseconds)>[] profiles = [.. models.Select(model => Profile(model.Path, tensors, threads, scratch))];
        double[] totals = [.. profiles.Select(profile => profile.Values.Sum(entry => entry.Milliseconds))];
        yield return $"| node | {string.Join(" | ", models.Select(model => $"{model.Name} ms | share"))} |";
        yield return $"|---|{string.Concat(Enumerable.Repeat("---|", 2 * models.Count))}";
        IEnumerable<string> operators = profiles.SelectMany(profile => profile.Keys).Distinct().OrderByDescending(op => profiles.Zip(totals, (profile, total) => profile.GetValueOrDefault(op).Milliseconds / total).Max()).Take(Shown);
        foreach (string op in operators)
            yield return $"| {op} | {string.Join(" | ", profiles.Zip(totals, (profile, total) => Cells(profile.GetValueOrDefault(op), total)))} |";
    }

    private static string Cells((int Nodes, double Milliseconds) entry, double total) => entry.Nodes == 0
        ? "- | -"
        : string.Create(CultureInfo.InvariantCulture, $"{entry.Milliseconds:0.000} ({entry.Nodes}) | {100 * entry.Milliseconds / total:0.0} %");

    private static Dictionary<string, (int Nodes, double Milliseconds)> Profile(string path, ImmutableArray<NamedTensor> tensors, int threads, string scratch)
    {
        using RunInputs inputs = new(tensors);
        using ProfiledSession session = new(path, threads, scratch);
        Stopwatch elapsed = Stopwatch.StartNew();
        // The first run pays for allocations and is not counted.
        for (int run = 0; run < MaximumRuns && (run < 3 || elapsed.Elapsed < Budget); run++)
            session.Run(inputs);
        return session.End().GroupBy(node => node.Operator).ToDictionary(
            group => group.Key, group => (group.Count(), group.Sum(node => RobustStatistics.Median(node.Microseconds.AsSpan()) / 1000)));
    }
}
