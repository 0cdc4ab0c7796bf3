using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>What a node of the optimized graph takes.</summary>
/// <param name="Name">Its name in that graph.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Elements">The number of elements of its first result.</param>
/// <param name="Microseconds">One figure a run, the first run left out where there is another: it pays for allocations.</param>
public sealed record ProfiledNode(string Name, string Operator, long Elements, ImmutableArray<double> Microseconds);

/// <summary>A model under ONNX Runtime's own profiler.</summary>
public sealed class ProfiledSession : IDisposable
{
    private const string KernelTime = "_kernel_time";
    private static readonly HashSet<string> ControlFlow = new(StringComparer.Ordinal) { "If", "Loop", "Scan" };

    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private string? _profile;

    /// <summary>Loads a model as <see cref="ModelSession"/> does, with the profiler on.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="threads">Intra-operator threads; 0 is ONNX Runtime's own choice.</param>
    /// <param name="scratch">A folder for the profiler's file.</param>
    /// <param name="optimizedPath">Where to write the graph that ONNX Runtime made of the model; null for nowhere.</param>
    /// <exception cref="OnnxRuntimeException">The model does not load.</exception>
    public ProfiledSession(string path, int threads, string scratch, string? optimizedPath = null)
    {
        Directory.CreateDirectory(scratch);
        using SessionOptions options = MeasuredSession.CreateOptions(threads);
        QuantizedOperators.RegisterFor(options, path);
        // The prefix first: profiling starts with the one that stands when it is switched on.
        options.ProfileOutputPathPrefix = Path.Combine(scratch, $"profile-{Guid.NewGuid():N}");
        options.EnableProfiling = true;
        if (optimizedPath is not null)
            options.OptimizedModelFilePath = optimizedPath;
        _session = new InferenceSession(path, options);
    }

    /// <summary>Runs the model once and drops the outputs.</summary>
    public void Run(RunInputs inputs) => _session.Run(_runOptions, inputs.Names, inputs.Values, _session.OutputNames).Dispose();

    /// <summary>Ends the profile and reads it. A node of a loop's body counts with all its turns; the loop itself is not counted beside them.</summary>
    /// <returns>One entry a node, in the order in which they ran.</returns>
    public ImmutableArray<ProfiledNode> End()
    {
        _profile = _session.EndProfiling();
        using FileStream stream = File.OpenRead(_profile);
        return Read(stream);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _profile ??= _session.EndProfiling();
        _runOptions.Dispose();
        _session.Dispose();
        File.Delete(_profile);
    }

    private static ImmutableArray<ProfiledNode> Read(Stream stream)
    {
        using JsonDocument document = JsonDocument.Parse(stream);
        List<(string Name, string Operator, long Elements)> order = [];
        Dictionary<string, List<double>> runs = new(StringComparer.Ordinal);
        Dictionary<string, double> run = new(StringComparer.Ordinal);
        foreach (JsonElement record in document.RootElement.EnumerateArray())
        {
            string name = record.GetProperty("name").GetString() ?? "";
            if (record.GetProperty("cat").GetString() != "Node")
            {
                // The record of a run stands behind those of its nodes.
                if (name == "model_run")
                    Close();
                continue;
            }
            if (!name.EndsWith(KernelTime, StringComparison.Ordinal))
                continue;
            JsonElement details = record.GetProperty("args");
            string op = details.GetProperty("op_name").GetString() ?? "";
            string node = name[..^KernelTime.Length];
            if (ControlFlow.Contains(op))
                continue;
            if (runs.TryAdd(node, []))
                order.Add((node, op, Elements(details)));
            run[node] = run.GetValueOrDefault(node) + record.GetProperty("dur").GetDouble();
        }
        return [.. order.Select(node => new ProfiledNode(node.Name, node.Operator, node.Elements, [.. runs[node.Name].Skip(runs[node.Name].Count > 1 ? 1 : 0)]))];

        void Close()
        {
            foreach ((string node, double time) in run)
                runs[node].Add(time);
            run.Clear();
        }
    }

    // [{"float": [1, 16, 24, 96]}]: one entry a result, the type's name before the extents.
    private static long Elements(JsonElement details) =>
        details.TryGetProperty("output_type_shape", out JsonElement shapes) && shapes.GetArrayLength() > 0
            ? shapes[0].EnumerateObject().First().Value.EnumerateArray().Aggregate(1L, (product, extent) => product * extent.GetInt64())
            : 0;
}
