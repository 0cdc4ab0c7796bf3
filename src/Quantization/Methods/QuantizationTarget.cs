using System.Runtime.InteropServices;

namespace Octet.Quantization.Methods;

/// <summary>What the processors that a variant is made for ask of its integers.</summary>
/// <param name="Name">x64-vnni, x64-avx2 or arm64.</param>
/// <param name="SignedActivations">Whether activations are signed: ARM64 multiplies signed by signed, x64 unsigned by signed.</param>
/// <param name="SaturatesPairs">Whether the kernels add pairs of products in 16 bits, so that weights must keep to 7 bits.</param>
public sealed record QuantizationTarget(string Name, bool SignedActivations, bool SaturatesPairs)
{
    /// <summary>x64 with the 8-bit dot product (AVX-512 VNNI or AVX-VNNI).</summary>
    public static QuantizationTarget X64Vnni { get; } = new("x64-vnni", SignedActivations: false, SaturatesPairs: false);

    /// <summary>x64 without it.</summary>
    public static QuantizationTarget X64Avx2 { get; } = new("x64-avx2", SignedActivations: false, SaturatesPairs: true);

    /// <summary>ARM64.</summary>
    public static QuantizationTarget Arm64 { get; } = new("arm64", SignedActivations: true, SaturatesPairs: false);

    /// <summary>The largest magnitude of a weight that is multiplied with 8-bit activations: 127, or 63 where pairs of products would saturate.</summary>
    public int WeightLimit => SaturatesPairs ? 63 : 127;

    /// <summary>The target of that name.</summary>
    /// <param name="name">x64-vnni, x64-avx2, arm64, or auto for the machine at hand.</param>
    /// <param name="architecture">The machine at hand, which <c>auto</c> asks.</param>
    /// <param name="features">Its instruction sets.</param>
    /// <exception cref="ArgumentException">The name is none of these.</exception>
    public static QuantizationTarget Of(string name, Architecture architecture, IReadOnlyCollection<string> features) => name switch
    {
        "x64-vnni" => X64Vnni,
        "x64-avx2" => X64Avx2,
        "arm64" => Arm64,
        "auto" when architecture is Architecture.Arm64 => Arm64,
        "auto" => features.Contains("avx512-vnni") || features.Contains("avx-vnni") || !features.Contains("avx2") ? X64Vnni : X64Avx2,
        _ => throw new ArgumentException($"'{name}' is no target.", nameof(name)),
    };
}
