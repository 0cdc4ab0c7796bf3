using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Octet.Runtime;

/// <summary>A processor's name and the instruction sets that decide which kernels ONNX Runtime takes.</summary>
/// <param name="Name">The processor's own name.</param>
/// <param name="Features">In a fixed order.</param>
internal sealed record Processor(string Name, ImmutableArray<string> Features)
{
    /// <summary>Asks this machine.</summary>
    public static Processor Identify()
    {
        Processor processor = AskSystem();
#if NET
        if (System.Runtime.Intrinsics.X86.X86Base.IsSupported)
            processor = X86Processor.Refine(processor);
#endif
        return processor.Name.Length > 0 ? processor : processor with { Name = $"unknown {RuntimeInformation.ProcessArchitecture}" };
    }

    private static Processor AskSystem()
    {
        if (RuntimeInformation.IsOSPlatform(OSPlatform.Linux))
            return LinuxProcessor.Identify();
        if (RuntimeInformation.IsOSPlatform(OSPlatform.OSX))
            return AppleProcessor.Identify();
        return WindowsProcessor.Identify();
    }
}
