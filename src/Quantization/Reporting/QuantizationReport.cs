using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Octet.Runtime;

namespace Octet.Quantization.Reporting;

/// <summary>What report.json holds: the contract between the tool, the shim, scripts and tests.</summary>
/// <param name="Schema">The version of this form: 1.</param>
/// <param name="Machine">Where everything was measured.</param>
/// <param name="Models">One entry a model, in the order of the project's items.</param>
public sealed record QuantizationReport(int Schema, MachineDescription Machine, ImmutableArray<ModelReport> Models);

/// <summary>One model with its variants.</summary>
/// <param name="Name">The model's name, from its file.</param>
/// <param name="Source">The float file, relative to the project.</param>
/// <param name="Sha256">Hash of the float file, lower-case hexadecimal.</param>
/// <param name="Selected">The variant that the build chose; <c>float</c> where none is better.</param>
/// <param name="Reason">Why, in words and figures.</param>
/// <param name="Variants">The float model first, then everything that was tried.</param>
/// <param name="Layers">The compute nodes, the one with the worst signal-to-noise ratio first.</param>
/// <param name="Threads">Intra-operator threads that the measurement used.</param>
/// <param name="BatchSize">Extent of the batch dimension that the measurement used.</param>
public sealed record ModelReport(
    string Name,
    string Source,
    string Sha256,
    string Selected,
    string Reason,
    ImmutableArray<VariantReport> Variants,
    ImmutableArray<LayerReport> Layers,
    int Threads,
    int BatchSize);

/// <summary>One variant's figures and verdict.</summary>
/// <param name="Name">int8, float, ...</param>
/// <param name="Path">The file, relative to the report's folder; for the float model its source; empty where nothing was written.</param>
/// <param name="SizeBytes">The file's size.</param>
/// <param name="MedianMilliseconds">Median latency of one run.</param>
/// <param name="MadMilliseconds">Median absolute deviation of the latency.</param>
/// <param name="Speedup">Median of the paired ratios float / variant.</param>
/// <param name="SpeedupLow">Lower end of the 95 % interval of the ratio.</param>
/// <param name="SpeedupHigh">Upper end of it.</param>
/// <param name="Accuracy">Null where it was not measured.</param>
/// <param name="IntegerNodes">Compute nodes that ONNX Runtime runs in integer kernels.</param>
/// <param name="FloatComputeNodes">Compute nodes that it runs in float kernels.</param>
/// <param name="ConversionNodes">QuantizeLinear and DequantizeLinear nodes left in the optimized graph.</param>
/// <param name="Verdict">baseline (the float model), faster, slower, inaccurate or failed.</param>
/// <param name="Reason">The verdict in words and figures.</param>
/// <param name="Recipe">Everything that decides the variant's bytes.</param>
/// <param name="LatenciesMilliseconds">Every timed run, for the plots.</param>
public sealed record VariantReport(
    string Name,
    string Path,
    long SizeBytes,
    double MedianMilliseconds,
    double MadMilliseconds,
    double Speedup,
    double SpeedupLow,
    double SpeedupHigh,
    AccuracyReport? Accuracy,
    int IntegerNodes,
    int FloatComputeNodes,
    int ConversionNodes,
    string Verdict,
    string Reason,
    JsonObject? Recipe,
    ImmutableArray<double> LatenciesMilliseconds)
{
    /// <summary>The figures under each condition that was measured, the first being those above; empty where there was one alone.</summary>
    public ImmutableArray<ConditionFigures> Conditions { get; init; } = [];

    /// <summary>Intra-operator threads that it runs faster with than with ONNX Runtime's own choice; null where that is as good, or was not asked.</summary>
    public int? RecommendedThreads { get; init; }
}

/// <summary>How right a variant is.</summary>
/// <param name="Metric">sqnr-db, top1 or agreement.</param>
/// <param name="Float">The float model's figure by this metric (not a finite number where it is its own reference: written as null).</param>
/// <param name="Value">The variant's figure.</param>
/// <param name="Drop">What counts against MaxAccuracyDrop: 0 is none, 0.01 one hundredth.</param>
/// <param name="Samples">The number of inputs measured.</param>
/// <param name="Verified">False where no real inputs were at hand.</param>
public sealed record AccuracyReport(string Metric, double? Float, double Value, double Drop, int Samples, bool Verified);

/// <summary>One compute node: what quantizing it costs in accuracy and what it takes in time.</summary>
/// <param name="Node">The node's name in the model.</param>
/// <param name="Op">Its operator.</param>
/// <param name="SqnrDb">Signal-to-quantization-noise ratio of its output, dB; null where it was not measured.</param>
/// <param name="FloatMicroseconds">Time in the float model; null where it was not measured.</param>
/// <param name="VariantMicroseconds">Time in the selected or best variant; null where it was not measured.</param>
/// <param name="Quantized">Whether the variant runs it in an integer kernel.</param>
public sealed record LayerReport(string Node, string Op, double? SqnrDb, double? FloatMicroseconds, double? VariantMicroseconds, bool Quantized);
