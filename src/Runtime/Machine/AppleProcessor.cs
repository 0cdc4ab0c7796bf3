using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;

namespace Octet.Runtime;

/// <summary>Asks macOS for its processor, by sysctl.</summary>
internal static class AppleProcessor
{
    private static readonly ImmutableArray<(string Key, string Feature)> KnownFeatures =
    [
        ("hw.optional.avx2_0", "avx2"),
        ("hw.optional.avx512f", "avx512f"),
        ("hw.optional.avx512vl", "avx512vl"),
        ("hw.optional.avx512vnni", "avx512-vnni"),
        ("hw.optional.avx512vbmi", "avx512-vbmi"),
        ("hw.optional.arm.FEAT_DotProd", "neon-dotprod"),
        ("hw.optional.arm.FEAT_I8MM", "i8mm"),
    ];

    public static Processor Identify() =>
        new(Text("machdep.cpu.brand_string"), [.. KnownFeatures.Where(static known => IsSet(known.Key)).Select(static known => known.Feature)]);

    private static string Text(string key) => Encoding.UTF8.GetString(Query(key)).TrimEnd('\0');

    private static bool IsSet(string key) => Query(key).Any(static value => value != 0);

    /// <summary>The value's bytes; empty where the key is not known.</summary>
    private static byte[] Query(string key)
    {
        byte[] name = Encoding.ASCII.GetBytes(key + "\0");
        nuint length = 0;
        if (SysCtlByName(name, null, ref length, IntPtr.Zero, 0) != 0)
            return [];
        var value = new byte[(int)length];
        return SysCtlByName(name, value, ref length, IntPtr.Zero, 0) == 0 ? value : [];
    }

    [DllImport("libc", EntryPoint = "sysctlbyname")]
    private static extern int SysCtlByName(byte[] name, byte[]? value, ref nuint length, IntPtr newValue, nuint newLength);
}
