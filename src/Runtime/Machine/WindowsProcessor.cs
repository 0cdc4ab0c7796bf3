using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Octet.Runtime;

/// <summary>Reads what Windows tells of its processor.</summary>
internal static class WindowsProcessor
{
    /// <summary>PF_* of winnt.h, with our names.</summary>
    private static readonly ImmutableArray<(uint Number, string Feature)> KnownFeatures =
    [
        (40, "avx2"),
        (41, "avx512f"),
        (43, "neon-dotprod"),
        (66, "i8mm"),
    ];

    public static Processor Identify()
    {
        string name = Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? "";
        return RuntimeInformation.IsOSPlatform(OSPlatform.Windows)
            ? new Processor(name, [.. KnownFeatures.Where(static known => IsProcessorFeaturePresent(known.Number)).Select(static known => known.Feature)])
            : new Processor(name, []);
    }

    [DllImport("kernel32.dll")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool IsProcessorFeaturePresent(uint feature);
}
