using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>How long each node of a model takes, by ONNX Runtime's own profiler.</summary>
public sealed partial class NodeTimes
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
        Directory.CreateDirectory(scratch);
        string? profile = null;
        try
        {
            int runs = 0;
            using (SessionOptions options = MeasuredSession.CreateOptions(threads))
            {
                QuantizedOperators.RegisterFor(options, modelPath);
                options.EnableProfiling = true;
                options.ProfileOutputPathPrefix = Path.Combine(scratch, $"profile-{Guid.NewGuid():N}");
                using InferenceSession session = new(modelPath, options);
                using RunOptions runOptions = new();
                Stopwatch elapsed = Stopwatch.StartNew();
                do
                {
                    session.Run(runOptions, inputs.Names, inputs.Values, session.OutputNames).Dispose();
                    runs++;
                }
                while (runs <= MaximumRuns && (runs < 2 || elapsed.Elapsed < Budget));
                profile = session.EndProfiling();
            }
            using FileStream stream = File.OpenRead(profile);
            return new NodeTimes(Read(stream));
        }
        finally
        {
            if (profile is not null)
                File.Delete(profile);
        }
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

    private static Dictionary<string, double> Read(Stream stream)
    {
        using JsonDocument document = JsonDocument.Parse(stream);
        Dictionary<string, List<double>> durations = new(StringComparer.Ordinal);
        foreach (JsonElement record in document.RootElement.EnumerateArray())
        {
            if (record.GetProperty("cat").GetString() != "Node" || record.GetProperty("name").GetString() is not { } name || !name.EndsWith(KernelTime, StringComparison.Ordinal))
                continue;
            string node = Renamed().Replace(name[..^KernelTime.Length], "");
            if (!durations.TryGetValue(node, out List<double>? list))
                durations[node] = list = [];
            list.Add(record.GetProperty("dur").GetDouble());
        }
        // The first run pays for allocations; the median of the others forgets interruptions.
        return durations.ToDictionary(pair => pair.Key, pair => RobustStatistics.Median([.. pair.Value.Skip(pair.Value.Count > 1 ? 1 : 0)]), StringComparer.Ordinal);
    }

    private const string KernelTime = "_kernel_time";

    // Suffixes that ONNX Runtime's layout and quantization passes give to the nodes they replace.
    [GeneratedRegex("(_nchwc|_token_[0-9]+|_quant)$")]
    private static partial Regex Renamed();
}
