using Octet.Quantization.Emission;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>A variant on its way from its bytes to its verdict. Each step fills in what it learns; a failure ends the way.</summary>
public sealed class Candidate(string name, bool labelled) : IDisposable
{
    /// <summary>The variant's name.</summary>
    public string Name { get; } = name;

    /// <summary>How it was made; null where that failed.</summary>
    public VariantBuild? Build { get; set; }

    /// <summary>Its file in the scratch folder.</summary>
    public string Path { get; set; } = "";

    /// <summary>The file's size in bytes.</summary>
    public long SizeBytes { get; set; }

    /// <summary>What ONNX Runtime makes of it.</summary>
    public OptimizedGraph? Graph { get; set; }

    /// <summary>The loaded model, while it is measured.</summary>
    public ModelSession? Session { get; set; }

    /// <summary>Accuracy over all samples.</summary>
    public AccuracyMeter Accuracy { get; } = new(labelled);

    /// <summary>Signal-to-quantization-noise ratio on the probe alone, dB; null until measured, or where no output is a float tensor.</summary>
    public double? ProbeSqnrDb { get; set; }

    /// <summary>Its times; null until measured.</summary>
    public TimingResult? Timing { get; set; }

    /// <summary>Why it is out; null while it is in.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether it still runs.</summary>
    public bool IsAlive => Failure is null && Session is not null;

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
        return Verdict.Of(Accuracy.ToReport(verified), Timing, maxAccuracyDrop, minSpeedup);
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
        Timing?.LatenciesMilliseconds ?? []);

    /// <inheritdoc/>
    public void Dispose()
    {
        Session?.Dispose();
        Session = null;
    }
}
