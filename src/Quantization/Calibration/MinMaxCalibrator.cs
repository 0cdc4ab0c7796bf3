using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Calibration;

/// <summary>
/// Learns activation ranges by running the float model on samples. Streaming: a tensor's range is updated as soon as a run has produced
/// it and the tensor is released, so memory does not grow with the number of samples.
/// </summary>
public static class MinMaxCalibrator
{
    /// <summary>Runs the samples, one thread a sample on every core, and returns a range for each tensor.</summary>
    /// <param name="model">The prepared float model.</param>
    /// <param name="tensors">Values of the main graph to observe; each must be a float tensor.</param>
    /// <param name="samples">How many samples there are.</param>
    /// <param name="read">Reads the inputs of one sample; null for one that cannot be used. Called from several threads.</param>
    /// <param name="scratch">A folder for the model with its extra outputs.</param>
    /// <param name="cancellation">Stops between two samples.</param>
    /// <returns>The ranges, and the number of samples that were used.</returns>
    public static (ImmutableDictionary<string, ActivationRange> Ranges, int Samples) Collect(
        ModelProto model,
        IReadOnlyList<string> tensors,
        int samples,
        Func<int, IReadOnlyList<NamedTensor>?> read,
        string scratch,
        CancellationToken cancellation = default)
    {
        if (tensors.Count == 0)
            return (ImmutableDictionary<string, ActivationRange>.Empty, 0);

        string path = Path.Combine(scratch, $"calibration-{Guid.NewGuid():N}.onnx");
        OnnxFile.Write(WithOutputs(model, tensors), path);
        try
        {
            using SessionOptions options = new()
            {
                IntraOpNumThreads = 1,
                // The layout optimizer beyond this level keeps a second copy of every weight, and gains nothing where every value is read back.
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            };
            using InferenceSession session = new(path, options);
            ActivationRange[] ranges = [.. Enumerable.Repeat(ActivationRange.Empty, tensors.Count)];
            int used = 0;
            ParallelOptions parallel = new() { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
            Parallel.For(0, samples, parallel, sample =>
            {
                if (read(sample) is not { } inputs)
                    return;
                Span<ActivationRange> seen = Run(session, inputs, tensors);
                lock (ranges)
                {
                    used++;
                    for (int i = 0; i < seen.Length; i++)
                        ranges[i] = ranges[i].Union(seen[i]);
                }
            });
            return (tensors.Zip(ranges).ToImmutableDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal), used);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static ActivationRange[] Run(InferenceSession session, IReadOnlyList<NamedTensor> inputs, IReadOnlyList<string> tensors)
    {
        using RunOptions runOptions = new();
        OrtValue[] values = [.. inputs.Select(input => input.ToOrtValue())];
        try
        {
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(runOptions, [.. inputs.Select(input => input.Name)], values, tensors);
            return [.. outputs.Select(output => MinMax.Of(output.GetTensorDataAsSpan<float>()))];
        }
        finally
        {
            foreach (OrtValue value in values)
                value.Dispose();
        }
    }

    private static ModelProto WithOutputs(ModelProto model, IReadOnlyList<string> tensors)
    {
        ModelProto result = model.Clone();
        // ONNX Runtime infers the types; the model's own outputs are of no interest here.
        result.Graph.Output.Clear();
        HashSet<string> inputs = [.. model.Graph.Input.Select(input => input.Name)];
        foreach (string tensor in tensors)
        {
            ValueInfoProto output = new() { Name = tensor };
            if (inputs.Contains(tensor))
                output.Type = model.Graph.Input.First(input => input.Name == tensor).Type.Clone();
            result.Graph.Output.Add(output);
        }
        return result;
    }
}
