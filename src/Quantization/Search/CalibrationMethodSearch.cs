using System.Collections.Immutable;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Search;

/// <summary>Tries every calibration method on one set of statistics: calibration runs once, a method costs one variant and its runs.</summary>
public static class CalibrationMethodSearch
{
    // The float model's outputs are kept while the methods are tried in turn, so that only one variant is loaded at a time.
    private const long LargestKeptElements = 16_000_000;

    /// <summary>Makes a variant with each method's ranges and keeps the most accurate.</summary>
    /// <param name="prepared">The prepared float model.</param>
    /// <param name="plan">What becomes integer.</param>
    /// <param name="statistics">The statistics of the plan's activations, with histograms.</param>
    /// <param name="weightLimit">The largest weight magnitude.</param>
    /// <param name="signedActivations">Whether activations are signed.</param>
    /// <param name="reference">The float model.</param>
    /// <param name="samples">What to compare on: as many as fit in 64 MB of outputs, the first always.</param>
    /// <param name="labelled">Whether the samples have labels.</param>
    /// <param name="scratch">A folder for the variants.</param>
    /// <param name="threads">Intra-operator threads; 0 is ONNX Runtime's own choice.</param>
    /// <param name="cancellation">Stops between two runs.</param>
    /// <returns>The ranges of the best method, with what the others gave. Of equals the first of <see cref="CalibrationMethods.All"/>.</returns>
    public static CalibratedRanges Best(
        ModelProto prepared,
        QuantizationPlan plan,
        CalibrationStatistics statistics,
        int weightLimit,
        bool signedActivations,
        ModelSession reference,
        IEnumerable<Sample> samples,
        bool labelled,
        string scratch,
        int threads,
        CancellationToken cancellation = default)
    {
        plan = StaticQuantization.Reached(prepared, plan, statistics.Ranges(CalibrationMethods.MinMax).Ranges);
        List<(Sample Sample, ImmutableArray<NamedTensor> Expected)> cases = Expected(reference, samples, cancellation);
        List<(CalibratedRanges Ranges, TriedMethod Tried)> tried = [];
        foreach (string method in CalibrationMethods.All)
        {
            CalibratedRanges ranges = statistics.Ranges(method);
            if (plan.Activations.Any(activation => !ranges.Ranges[activation].IsUsable))
                return ranges;
            AccuracyMeter meter = Measure(prepared, plan, ranges, weightLimit, signedActivations, cases, labelled, scratch, threads, cancellation);
            tried.Add((ranges, new TriedMethod(method, meter.ToReport(verified: true).Drop, meter.SqnrDb)));
        }
        CalibratedRanges best = tried.OrderBy(entry => entry.Tried.Drop).ThenByDescending(entry => entry.Tried.SqnrDb).First().Ranges;
        return best with { Tried = [.. tried.Select(entry => entry.Tried)] };
    }

    private static List<(Sample, ImmutableArray<NamedTensor>)> Expected(ModelSession reference, IEnumerable<Sample> samples, CancellationToken cancellation)
    {
        List<(Sample, ImmutableArray<NamedTensor>)> cases = [];
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
        return cases;
    }

    private static AccuracyMeter Measure(
        ModelProto prepared,
        QuantizationPlan plan,
        CalibratedRanges ranges,
        int weightLimit,
        bool signedActivations,
        List<(Sample Sample, ImmutableArray<NamedTensor> Expected)> cases,
        bool labelled,
        string scratch,
        int threads,
        CancellationToken cancellation)
    {
        string path = Path.Combine(scratch, $"{ranges.Method}-{Guid.NewGuid():N}.onnx");
        try
        {
            OnnxFile.Write(QdqEmitter.Emit(prepared, plan, ranges.Ranges, weightLimit, signedActivations).Model, path);
            using ModelSession variant = new(path, threads);
            AccuracyMeter meter = new(labelled);
            foreach ((Sample sample, ImmutableArray<NamedTensor> expected) in cases)
            {
                cancellation.ThrowIfCancellationRequested();
                meter.Add(expected, variant.Run(sample.Inputs), sample.Labels);
            }
            return meter;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
