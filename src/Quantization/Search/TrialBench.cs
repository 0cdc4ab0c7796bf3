using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Search;

/// <summary>
/// Samples with the float model's outputs, to judge trial variants by. A trial runs one sample a core, each on one thread, so that its outputs
/// do not depend on the number of threads.
/// </summary>
public sealed class TrialBench
{
    // The outputs are kept while trials come and go, so that the float model runs once.
    private const long LargestKeptElements = 16_000_000;

    private readonly ImmutableArray<(Sample Sample, ImmutableArray<NamedTensor> Expected)> _cases;
    private readonly bool _labelled;
    private readonly string _scratch;
    private readonly CancellationToken _cancellation;

    private TrialBench(ImmutableArray<(Sample, ImmutableArray<NamedTensor>)> cases, bool labelled, string scratch, CancellationToken cancellation)
    {
        _cases = cases;
        _labelled = labelled;
        _scratch = scratch;
        _cancellation = cancellation;
    }

    /// <summary>The number of samples.</summary>
    public int Count => _cases.Length;

    /// <summary>Runs the float model on the samples.</summary>
    /// <param name="reference">The float model.</param>
    /// <param name="samples">What to judge by: as many as fit in 64 MB with their outputs, the first always.</param>
    /// <param name="labelled">Whether the samples have labels.</param>
    /// <param name="scratch">A folder for the trial variants.</param>
    /// <param name="cancellation">Stops between two runs.</param>
    public static TrialBench Create(ModelSession reference, IEnumerable<Sample> samples, bool labelled, string scratch, CancellationToken cancellation = default)
    {
        ImmutableArray<(Sample, ImmutableArray<NamedTensor>)>.Builder cases = ImmutableArray.CreateBuilder<(Sample, ImmutableArray<NamedTensor>)>();
        long kept = 0;
        foreach (Sample sample in samples)
        {
            cancellation.ThrowIfCancellationRequested();
            ImmutableArray<NamedTensor> expected = reference.Run(sample.Inputs);
            cases.Add((sample, expected));
            kept += sample.Inputs.Concat(expected).Sum(tensor => (long)tensor.Count);
            if (kept >= LargestKeptElements)
                break;
        }
        return new TrialBench(cases.ToImmutable(), labelled, scratch, cancellation);
    }

    /// <summary>The same with only the first few samples.</summary>
    public TrialBench Take(int count) => new([.. _cases.Take(count)], _labelled, _scratch, _cancellation);

    /// <summary>Runs a variant on every sample.</summary>
    /// <exception cref="OnnxRuntimeException">It does not load or run.</exception>
    public TrialScore Measure(ModelProto variant)
    {
        Directory.CreateDirectory(_scratch);
        string path = Path.Combine(_scratch, $"trial-{Guid.NewGuid():N}.onnx");
        IReadOnlyList<string> files = [];
        try
        {
            files = OnnxFile.Write(variant, path);
            using ModelSession session = new(path, threads: 1);
            ImmutableArray<NamedTensor>[] outputs = new ImmutableArray<NamedTensor>[_cases.Length];
            try
            {
                Parallel.For(0, outputs.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = _cancellation }, index => outputs[index] = session.Run(_cases[index].Sample.Inputs));
            }
            catch (AggregateException exception)
            {
                ExceptionDispatchInfo.Throw(exception.Flatten().InnerExceptions[0]);
            }
            // Added up in the samples' order, so that the sums are always the same.
            AccuracyMeter meter = new(_labelled);
            for (int index = 0; index < outputs.Length; index++)
                meter.Add(_cases[index].Expected, outputs[index], _cases[index].Sample.Labels);
            return TrialScore.Of(meter);
        }
        finally
        {
            foreach (string file in files)
                File.Delete(file);
        }
    }
}
