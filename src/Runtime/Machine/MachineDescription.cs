using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime;

/// <summary>The machine that a measurement holds for.</summary>
/// <param name="Cpu">The processor's own name.</param>
/// <param name="Features">Instruction sets that matter to the kernels: avx2, avx512f, avx512-vnni, avx-vnni, neon-dotprod, ...</param>
/// <param name="Cores">Cores that this process may use.</param>
/// <param name="Os">Operating system and architecture.</param>
/// <param name="OnnxRuntime">ONNX Runtime's version.</param>
public sealed record MachineDescription(string Cpu, ImmutableArray<string> Features, int Cores, string Os, string OnnxRuntime)
{
    private static readonly Lazy<MachineDescription> Instance = new(Describe);

    /// <summary>This machine; looked up once. <see cref="OnnxRuntime"/> is empty where its native library cannot be loaded.</summary>
    public static MachineDescription Current => Instance.Value;

    private static MachineDescription Describe()
    {
        Processor processor = Processor.Identify();
        string os = $"{RuntimeInformation.OSDescription.Trim()} {RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        return new MachineDescription(processor.Name, processor.Features, Environment.ProcessorCount, os, OnnxRuntimeVersion());
    }

    private static string OnnxRuntimeVersion()
    {
        try
        {
            return OrtEnv.Instance().GetVersionString();
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException
            or TypeInitializationException or OnnxRuntimeException)
        {
            return "";
        }
    }
}
