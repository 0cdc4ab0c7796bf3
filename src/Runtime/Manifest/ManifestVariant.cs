using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Octet.Runtime;

/// <summary>One variant of a model, with the build's figures.</summary>
public sealed record ManifestVariant
{
    /// <summary>The variant's name: float, int8, ...</summary>
    public required string Name { get; init; }

    /// <summary>Its file, relative to the manifest's folder with '/' between folders; null where it does not ship.</summary>
    public string? File { get; init; }

    /// <summary>SHA-256 of the file, lower-case hexadecimal; empty where there is none.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>The file's length in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>Whether it uses the operators of <see cref="QuantizedOperators"/>, which are registered before it is opened.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool CustomOperators { get; init; }

    /// <summary>
    /// Intra-operator threads that it runs fastest with where the application leaves them open, on a machine with as many cores as the build's; null
    /// where the build did not ask, or where ONNX Runtime's own choice is as good.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int? RecommendedThreads { get; init; }

    /// <summary>The build's figures under each of its conditions, the one that the other properties tell first; default where it measured under no other.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ImmutableArray<ConditionFigures> Conditions { get; init; }

    /// <summary>Median latency of one run, milliseconds.</summary>
    public double MedianMilliseconds { get; init; }

    /// <summary>Median absolute deviation of the latency, milliseconds.</summary>
    public double MadMilliseconds { get; init; }

    /// <summary>Median of the paired ratios float / variant.</summary>
    public double Speedup { get; init; }

    /// <summary>Lower end of the ratio's 95 % interval.</summary>
    public double SpeedupLow { get; init; }

    /// <summary>Upper end of the ratio's 95 % interval.</summary>
    public double SpeedupHigh { get; init; }

    /// <summary>How right it is; null where it was not measured.</summary>
    public ManifestAccuracy? Accuracy { get; init; }

    /// <summary>SQNR of its outputs on the probe against the stored float outputs, dB, the worst output counting; null where it was not measured.</summary>
    public double? ProbeSqnrDb { get; init; }

    /// <summary>baseline (the float model), faster, slower, inaccurate or failed.</summary>
    public string Verdict { get; init; } = "";

    /// <summary>The verdict in words and figures.</summary>
    public string Reason { get; init; } = "";
}
