using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Emission;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>A variant on its way from its bytes to its verdict. Each step fills in what it learns; a failure ends the way.</summary>
public sealed class Candidate(string name, bool labelled) : IDisposable
{
    /// <summary>The variant's name.</summary>
    public string Name { get; } = name;

    /// <summary>How it was made; null where that failed.</summary>
    public VariantBuild? Build { get; private set; }

    /// <summary>Its files, the model first: one, or with another for the weights of a large model.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    /// <summary>The model's file.</summary>
    public string Path => Files[0];

    /// <summary>The files' size in bytes.</summary>
    public long SizeBytes { get; private set; }

    /// <summary>What ONNX Runtime makes of it.</summary>
    public OptimizedGraph? Graph { get; private set; }

    /// <summary>The loaded model, while it is measured.</summary>
    public ModelSession? Session { get; private set; }

    /// <summary>Accuracy over all samples.</summary>
    public AccuracyMeter Accuracy { get; } = new(labelled);

    /// <summary>Signal-to-quantization-noise ratio on the probe alone, dB; null until measured, or where no output is a float tensor.</summary>
    public double? ProbeSqnrDb { get; set; }

    /// <summary>Its times under each condition; empty until measured.</summary>
    public ImmutableArray<ConditionTiming> Conditions { get; set; } = [];

    /// <summary>Its times under the first condition; null until measured.</summary>
    public TimingResult? Timing => Conditions.IsEmpty ? null : Conditions[0].Timing;

    /// <summary>
    /// What decides between candidates that are both faster: the times where the float model runs fastest, if the threads are open, else those under the first
    /// condition that is asked for. Null until measured.
    /// </summary>
    public TimingResult? DecidingTiming { get; set; }

    /// <summary>Threads that it runs faster with than with ONNX Runtime's own choice; null where that is as good, or was not asked.</summary>
    public int? RecommendedThreads { get; set; }

    /// <summary>Why it is out; null while it is in.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether it still runs.</summary>
    public bool IsAlive => Failure is null && Session is not null;

    /// <summary>The float model itself, loaded already.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="session">The loaded model; disposed with the candidate.</param>
    /// <param name="labelled">Whether the samples have labels.</param>
    /// <param name="scratch">A folder for working copies.</param>
    public static Candidate Float(string path, ModelSession session, bool labelled, string scratch) =>
        new(Variants.Float, labelled) { Files = [path], SizeBytes = new FileInfo(path).Length, Session = session, Graph = OptimizedGraph.Read(path, scratch) };

    /// <summary>Writes a variant and loads it.</summary>
    /// <param name="build">The variant.</param>
    /// <param name="path">Its file.</param>
    /// <param name="scratch">A folder for working copies.</param>
    /// <param name="threads">Intra-operator threads; 0 is ONNX Runtime's own choice.</param>
    /// <exception cref="OnnxRuntimeException">It does not load.</exception>
    public void Load(VariantBuild build, string path, string scratch, int threads)
    {
        Build = build;
        Load(OnnxFile.Write(build.Model, path), scratch, threads);
        if (Variants.MustBeInteger(Name) && Graph!.IntegerNodes == 0)
            Fail("ONNX Runtime runs none of its compute nodes in integer kernels");
    }

    /// <summary>Sees what ONNX Runtime makes of a model, and loads it.</summary>
    /// <param name="files">The model's file, and that of its weights if they have one of their own.</param>
    /// <param name="scratch">A folder for working copies.</param>
    /// <param name="threads">Intra-operator threads; 0 is ONNX Runtime's own choice.</param>
    /// <exception cref="OnnxRuntimeException">It does not load.</exception>
    public void Load(IReadOnlyList<string> files, string scratch, int threads)
    {
        Files = files;
        SizeBytes = files.Sum(file => new FileInfo(file).Length);
        Graph = OptimizedGraph.Read(Path, scratch);
        Session = new ModelSession(Path, threads);
    }

    /// <summary>Takes it out of the race and releases its session.</summary>
    public void Fail(string reason)
    {
        Failure ??= reason;
        Dispose();
    }

    /// <summary>What the figures say.</summary>
    public Verdict Judge(double maxAccuracyDrop, double minSpeedup, bool verified)
    {
        if (Failure is not null || Timing is null)
            return Verdict.Failed(Failure ?? "it was not measured");
        return Verdict.Of(Accuracy.ToReport(verified), Conditions, maxAccuracyDrop, minSpeedup);
    }

    /// <summary>The row of the report.</summary>
    public VariantReport ToReport(Verdict verdict, string path, bool verified) => new(
        Name,
        path,
        SizeBytes,
        Timing?.MedianMilliseconds ?? double.NaN,
        Timing?.MadMilliseconds ?? double.NaN,
        Timing?.Speedup ?? double.NaN,
        Timing?.SpeedupLow ?? double.NaN,
        Timing?.SpeedupHigh ?? double.NaN,
        Timing is null ? null : Accuracy.ToReport(verified),
        Graph?.IntegerNodes ?? 0,
        Graph?.FloatComputeNodes ?? 0,
        Graph?.ConversionNodes ?? 0,
        verdict.Name,
        verdict.Reason,
        Build?.Recipe,
        Timing?.LatenciesMilliseconds ?? [])
    {
        Conditions = Conditions.Length > 1 ? [.. Conditions.Select(measured => measured.ToFigures())] : [],
        RecommendedThreads = RecommendedThreads,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        Session?.Dispose();
        Session = null;
    }
}
