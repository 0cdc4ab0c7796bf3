using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Calibration;

/// <summary>Learns the statistics of single channels by running the float model on samples: what <see cref="Calibrator"/> does for whole values.</summary>
public static class ChannelCalibration
{
    /// <summary>Runs the samples, one thread a sample on every core.</summary>
    /// <param name="model">The prepared float model.</param>
    /// <param name="values">Values of the main graph, each once; float tensors.</param>
    /// <param name="samples">How many samples there are.</param>
    /// <param name="read">Reads the inputs of one sample; null for one that cannot be used. Called from several threads.</param>
    /// <param name="scratch">A folder for the model with its extra outputs.</param>
    /// <param name="threads">The most threads; 0 for one a core. The result does not depend on it, nor on the order of samples, to the last bit.</param>
    /// <param name="cancellation">Stops between two samples.</param>
    /// <returns>
    /// The statistics by value. One is missing where no sample held elements, where one was infinite or not a number, where it lacks the axis, or where the
    /// number of channels is not the same in all samples.
    /// </returns>
    /// <exception cref="OnnxRuntimeException">The model does not load, or does not run on a sample.</exception>
    public static ImmutableDictionary<string, ChannelStatistics> Collect(
        ModelProto model,
        IReadOnlyList<ChannelAxis> values,
        int samples,
        Func<int, IReadOnlyList<NamedTensor>?> read,
        string scratch,
        int threads = 0,
        CancellationToken cancellation = default)
    {
        ChannelStatisticsCounter[] counters = [.. values.Select(value => new ChannelStatisticsCounter(value.Axis))];
        if (values.Count > 0)
            Calibrator.Observe(model, [.. values.Select(value => value.Value)], samples, read, scratch, threads, cancellation,
                (position, value) => counters[position].Add(value.GetTensorDataAsSpan<float>(), value.GetTensorTypeAndShape().Shape));
        return values.Zip(counters.Select(counter => counter.Statistics()))
            .Where(pair => pair.Second is not null)
            .ToImmutableDictionary(pair => pair.First.Value, pair => pair.Second!, StringComparer.Ordinal);
    }
}
