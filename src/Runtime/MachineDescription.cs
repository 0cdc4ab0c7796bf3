using System.Collections.Immutable;

namespace Octet.Runtime;

/// <summary>The machine that a measurement holds for.</summary>
/// <param name="Cpu">The processor's own name.</param>
/// <param name="Features">Instruction sets that matter to the kernels: avx2, avx512f, avx512-vnni, avx-vnni, neon-dotprod, ...</param>
/// <param name="Cores">Cores that this process may use.</param>
/// <param name="Os">Operating system and architecture.</param>
/// <param name="OnnxRuntime">ONNX Runtime's version.</param>
public sealed record MachineDescription(string Cpu, ImmutableArray<string> Features, int Cores, string Os, string OnnxRuntime);
