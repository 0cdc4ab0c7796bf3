using System.Collections.Immutable;
using Octet.Quantization.Methods;

namespace Octet.Tool;

/// <summary>The processors that variants can be made for, by the names that users give.</summary>
internal static class Targets
{
    /// <summary>The machine at hand.</summary>
    public const string Auto = "auto";

    /// <summary>Every name.</summary>
    public static ImmutableArray<string> All { get; } = [Auto, QuantizationTarget.X64Vnni.Name, QuantizationTarget.X64Avx2.Name, QuantizationTarget.Arm64.Name];
}
