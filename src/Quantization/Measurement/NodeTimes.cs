using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>How long each node of a model takes, by ONNX Runtime's own profiler.</summary>
public sealed class NodeTimes
{
    private const int MaximumRuns = 20;
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, double> _microseconds;

    private NodeTimes(Dictionary<string, double> microseconds) => _microseconds = microseconds;

    /// <summary>Runs a model under the profiler: a warm-up, then up to 20 times or a second.</summary>
    /// <param name="modelPath">The model.</param>
    /// <param name="inputs">What it runs on.</param>
    /// <param name="threads">Intra-operator threads; 0 is ONNX Runtime's own choice.</param>
    /// <param name="scratch">A folder for the profiler's file.</param>
    /// <exception cref="OnnxRuntimeException">The model does not load or run.</exception>
    public static NodeTimes Measure(string modelPath, RunInputs inputs, int threads, string scratch)
    {
        using ProfiledSession session = new(modelPath, threads, scratch);
        Stopwatch elapsed = Stopwatch.StartNew();
        for (int runs = 0; runs <= MaximumRuns && (runs < 2 || elapsed.Elapsed < Budget); runs++)
            session.Run(inputs);
        // The median forgets interruptions. A name that the optimizer made of another's is that one's again; the first to run keeps it.
        Dictionary<string, double> microseconds = new(StringComparer.Ordinal);
        foreach (ProfiledNode node in session.End())
            microseconds.TryAdd(OptimizedNames.Original(node.Name), RobustStatistics.Median([.. node.Microseconds]));
        return new NodeTimes(microseconds);
    }

    /// <summary>
    /// The time of one run of a node, microseconds; null where the optimized graph has no node that can be told to be it.
    /// </summary>
    /// <param name="node">The node's name in the model.</param>
    /// <param name="results">The values that it computes, or that a node fused with it computes: the layout optimizer names a convolution after its result.</param>
    public double? Of(string node, params ReadOnlySpan<string> results)
    {
        if (_microseconds.TryGetValue(node, out double time))
            return time;
        foreach (string result in results)
            if (_microseconds.TryGetValue(result, out time))
                return time;
        return null;
    }
}
