using System.Collections.Immutable;
using Octet.Quantization.Methods;
using Octet.Quantization.Search;

namespace Octet.Quantization;

/// <summary>One model to quantize, with everything that decides the outcome.</summary>
public sealed record QuantizationRequest
{
    /// <summary>The float .onnx file, absolute.</summary>
    public required string ModelPath { get; init; }

    /// <summary>The model's name in reports and in the names of its files.</summary>
    public required string Name { get; init; }

    /// <summary>The model's file as reports name it: relative to the project.</summary>
    public required string Source { get; init; }

    /// <summary>The folder that takes the variants that ship, the manifest and the probe.</summary>
    public required string OutputDirectory { get; init; }

    /// <summary>The float file's name beside the variants in the application's output.</summary>
    public required string FloatFileName { get; init; }

    /// <summary>Variants to try; empty for those that suit the model.</summary>
    public ImmutableArray<string> Variants { get; init; } = [];

    /// <summary>Calibration files and folders, absolute.</summary>
    public ImmutableArray<string> Data { get; init; } = [];

    /// <summary>How images become inputs; null to guess.</summary>
    public string? Preprocessing { get; init; }

    /// <summary>A folder of class folders, a csv, or <c>folders</c>; null for none.</summary>
    public string? Labels { get; init; }

    /// <summary>Extents for inputs whose own are dynamic, by input name.</summary>
    public ImmutableDictionary<string, ImmutableArray<long>> InputShapes { get; init; } = ImmutableDictionary<string, ImmutableArray<long>>.Empty;

    /// <summary>Nodes and operators that stay float.</summary>
    public ImmutableArray<NodePattern> Exclude { get; init; } = [];

    /// <summary>The largest accuracy drop that ships (see <see cref="Measurement.AccuracyMeter"/> for its meaning).</summary>
    public double MaxAccuracyDrop { get; init; } = 0.01;

    /// <summary>How many times as fast as float a variant must be, at the lower end of its interval.</summary>
    public double MinSpeedup { get; init; } = 1.05;

    /// <summary>How long this model may take. Calibration and one minimal measurement are always finished.</summary>
    public TimeSpan TimeBudget { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Intra-operator threads to measure with, for accuracy and layers too; 0 is ONNX Runtime's own choice.</summary>
    public int Threads { get; init; }

    /// <summary>Extent of a dynamic batch dimension to measure with, for accuracy and layers too.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>Further conditions under which speed is measured; <see cref="Threads"/> and <see cref="BatchSize"/> are the first.</summary>
    public ImmutableArray<MeasuringCondition> Conditions { get; init; } = [];

    /// <summary>The most samples that are read.</summary>
    public int CalibrationSamples { get; init; } = 300;

    /// <summary>How activation ranges are found: one of <see cref="Calibration.CalibrationMethods"/>.</summary>
    public string Method { get; init; } = Calibration.CalibrationMethods.Auto;

    /// <summary>A statistics file of this model, absolute, used in place of a calibration run; null to run.</summary>
    public string? Statistics { get; init; }

    /// <summary>
    /// Whether variants are searched for by measuring: which form and which layers integer, which rewritings. Without, their bytes do not depend on the
    /// machine.
    /// </summary>
    public bool Search { get; init; } = true;

    /// <summary>A folder, absolute, that keeps what searches have learned for the next; null for none.</summary>
    public string? SearchStateDirectory { get; init; }

    /// <summary>What an earlier search decided, to be repeated without a search; null to search.</summary>
    public PinnedChoices? Pinned { get; init; }

    /// <summary>Whether variants may use the operators of <see cref="QuantizedOperators"/>; otherwise they keep to ONNX Runtime's own.</summary>
    public bool CustomOperators { get; init; } = true;

    /// <summary>auto, x64-vnni, x64-avx2 or arm64.</summary>
    public string Target { get; init; } = "auto";
}
