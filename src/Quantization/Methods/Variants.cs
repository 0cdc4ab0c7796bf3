using System.Collections.Immutable;

namespace Octet.Quantization.Methods;

/// <summary>The variants that the engine makes, by the names that reports, files and <c>QuantizeModelsVariants</c> use.</summary>
public static class Variants
{
    /// <summary>The model as it came.</summary>
    public const string Float = "float";

    /// <summary>The float model after preparation: the same results up to rounding from fewer and cheaper operators.</summary>
    public const string FloatOptimized = "float-optimized";

    /// <summary>Static quantization, 8-bit unsigned activations and 8-bit weights, for CPUs with VNNI.</summary>
    public const string Int8 = "int8";

    /// <summary>The same with 7-bit weights, for x64 CPUs without VNNI, whose kernels add pairs of products in 16 bits and would saturate.</summary>
    public const string Int8Portable = "int8-portable";

    /// <summary>Everything that can be asked for.</summary>
    public static ImmutableArray<string> All { get; } = [FloatOptimized, Int8, Int8Portable];

    /// <summary>Whether a variant needs calibration on real inputs.</summary>
    public static bool NeedsCalibration(string variant) => variant is Int8 or Int8Portable;

    /// <summary>Whether a variant is worth nothing unless ONNX Runtime runs it in integer kernels.</summary>
    public static bool MustBeInteger(string variant) => variant is Int8 or Int8Portable;

    /// <summary>The largest weight magnitude of a static variant.</summary>
    public static int WeightLimit(string variant) => variant == Int8Portable ? 63 : 127;

    /// <summary>What is tried where nothing is asked for.</summary>
    /// <param name="target">auto, x64-vnni, x64-avx2 or arm64.</param>
    /// <param name="hasVnni">Whether this machine multiplies 8-bit integers without saturation, which <c>auto</c> asks.</param>
    public static ImmutableArray<string> Default(string target, bool hasVnni) => target switch
    {
        "x64-avx2" => [FloatOptimized, Int8Portable],
        "auto" when !hasVnni => [FloatOptimized, Int8Portable],
        _ => [FloatOptimized, Int8],
    };
}
