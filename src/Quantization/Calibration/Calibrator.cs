using System.Runtime.ExceptionServices;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Calibration;

/// <summary>
/// Learns the statistics of activations by running the float model on samples. Streaming: a run's tensors are counted and released, so that
/// memory does not grow with the number of samples.
/// </summary>
public static class Calibrator
{
    /// <summary>Runs the samples, one thread a sample on every core.</summary>
    /// <param name="model">The prepared float model.</param>
    /// <param name="tensors">Values to observe, those of subgraphs included; each must be a float tensor.</param>
    /// <param name="withHistograms">Whether values are counted: <see cref="CalibrationMethods.NeedsHistogram"/>.</param>
    /// <param name="samples">How many samples there are.</param>
    /// <param name="read">Reads the inputs of one sample; null for one that cannot be used. Called from several threads.</param>
    /// <param name="scratch">A folder for the model with its extra outputs.</param>
    /// <param name="threads">The most threads; 0 for one a core. The result does not depend on it.</param>
    /// <param name="cancellation">Stops between two samples.</param>
    /// <exception cref="OnnxRuntimeException">The model does not load, or does not run on a sample.</exception>
    public static CalibrationStatistics Collect(
        ModelProto model,
        IReadOnlyList<string> tensors,
        bool withHistograms,
        int samples,
        Func<int, IReadOnlyList<NamedTensor>?> read,
        string scratch,
        int threads = 0,
        CancellationToken cancellation = default)
    {
        CalibrationStatistics statistics = CalibrationStatistics.Empty(tensors, withHistograms);
        if (tensors.Count == 0)
            return statistics;

        TensorStatistics[] targets = [.. tensors.Select(tensor => statistics.Tensors[tensor])];
        using ThreadLocal<HistogramCounter> counters = new(() => new HistogramCounter());
        int used = Observe(model, tensors, samples, read, scratch, threads, cancellation,
            (tensor, value) => targets[tensor].Add(value.GetTensorDataAsSpan<float>(), withHistograms ? counters.Value : null));
        return statistics with { Samples = used };
    }

    /// <summary>Runs the samples and hands out each value, by its position among the tensors, on the thread that ran the sample.</summary>
    /// <returns>The number of samples that could be used.</returns>
    internal static int Observe(
        ModelProto model,
        IReadOnlyList<string> tensors,
        int samples,
        Func<int, IReadOnlyList<NamedTensor>?> read,
        string scratch,
        int threads,
        CancellationToken cancellation,
        Action<int, OrtValue> take)
    {
        using ObservedModel observed = new(model, tensors, scratch);
        int used = 0;
        long allocated = GC.GetTotalAllocatedBytes();
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads, CancellationToken = cancellation };
        try
        {
            Parallel.For(0, samples, parallel, sample =>
            {
                if (read(sample) is not { } inputs)
                    return;
                observed.Run(inputs, take);
                Interlocked.Increment(ref used);
                ManagedMemory.LimitGarbage(ref allocated);
            });
        }
        catch (AggregateException exception)
        {
            // What one sample met is what the user is told.
            ExceptionDispatchInfo.Throw(exception.Flatten().InnerExceptions[0]);
        }
        return used;
    }
}
