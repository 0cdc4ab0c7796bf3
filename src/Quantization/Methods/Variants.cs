using System.Collections.Immutable;

namespace Octet.Quantization.Methods;

/// <summary>The variants that the engine makes, by the names that reports, files and <c>QuantizeModelsVariants</c> use.</summary>
public static class Variants
{
    /// <summary>The model as it came.</summary>
    public const string Float = "float";

    /// <summary>The float model after preparation: the same results up to rounding from fewer and cheaper operators.</summary>
    public const string FloatOptimized = "float-optimized";

    /// <summary>Static quantization, 8-bit activations and 8-bit weights, for CPUs with VNNI and for ARM64.</summary>
    public const string Int8 = "int8";

    /// <summary>The same with 7-bit weights, for x64 CPUs without VNNI, whose kernels add pairs of products in 16 bits and would saturate.</summary>
    public const string Int8Portable = "int8-portable";

    /// <summary>8-bit weights, and activations quantized at run time by the range they have there. Needs no data.</summary>
    public const string Int8Dynamic = "int8-dynamic";

    /// <summary>8-bit weights in blocks with a scale each; activations are rounded block by block inside the kernel. Needs no data.</summary>
    public const string Int8Weights = "int8-weights";

    /// <summary>The same with 4-bit weights.</summary>
    public const string Int4Weights = "int4-weights";

    /// <summary>Half-precision weights and activations: half the size; ONNX Runtime has few kernels for it on a CPU. Needs no data.</summary>
    public const string Float16 = "float16";

    /// <summary>Everything that can be asked for.</summary>
    public static ImmutableArray<string> All { get; } = [FloatOptimized, Int8, Int8Portable, Int8Dynamic, Int8Weights, Int4Weights, Float16];

    /// <summary>Whether a variant needs calibration on real inputs.</summary>
    public static bool NeedsCalibration(string variant) => variant is Int8 or Int8Portable;

    /// <summary>
    /// Whether a variant is worth nothing unless ONNX Runtime runs it in integer kernels. Weight-only variants belong here because they ask for
    /// integer arithmetic (see <see cref="WeightOnlyQuantization.AccuracyLevel"/>): without it their weights are expanded again at every run.
    /// </summary>
    public static bool MustBeInteger(string variant) => variant is Int8 or Int8Portable or Int8Dynamic or Int8Weights or Int4Weights;

    /// <summary>The largest weight magnitude of a static variant.</summary>
    public static int WeightLimit(string variant) => variant == Int8Portable ? 63 : 127;
}
