using System.Collections.Immutable;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Octet.Runtime.Operators;

/// <summary>Which instructions a kernel is written in. All give the same bits.</summary>
internal enum InstructionSet
{
    /// <summary>What every processor has; vectors of 128 bits.</summary>
    Portable,

    /// <summary>ARM64, with its table look-up.</summary>
    AdvSimd,

    /// <summary>x64, vectors of 256 bits (AVX2 and FMA).</summary>
    Avx2,

    /// <summary>x64, vectors of 512 bits and their byte permutations (VBMI).</summary>
    Avx512,
}

/// <summary>The instruction sets of this processor.</summary>
internal static class InstructionSets
{
    /// <summary>Those that run here, the best last.</summary>
    public static ImmutableArray<InstructionSet> Supported { get; } =
    [
        InstructionSet.Portable,
        .. AdvSimd.Arm64.IsSupported ? [InstructionSet.AdvSimd] : Array.Empty<InstructionSet>(),
        .. Avx2.IsSupported && Fma.IsSupported ? [InstructionSet.Avx2] : Array.Empty<InstructionSet>(),
        .. Avx512Vbmi.IsSupported && Avx512BW.IsSupported ? [InstructionSet.Avx512] : Array.Empty<InstructionSet>(),
    ];

    /// <summary>The best of them.</summary>
    public static InstructionSet Best { get; } = Supported[^1];
}
