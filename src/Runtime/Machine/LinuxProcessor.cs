using System.Collections.Immutable;

namespace Octet.Runtime;

/// <summary>Reads what Linux tells of its processor in /proc/cpuinfo.</summary>
internal static class LinuxProcessor
{
    /// <summary>The kernel's names of the features, with ours.</summary>
    private static readonly ImmutableArray<(string Flag, string Feature)> KnownFeatures =
    [
        ("avx2", "avx2"),
        ("avx_vnni", "avx-vnni"),
        ("avx512f", "avx512f"),
        ("avx512vl", "avx512vl"),
        ("avx512_vnni", "avx512-vnni"),
        ("avx512vbmi", "avx512-vbmi"),
        ("amx_int8", "amx-int8"),
        ("asimddp", "neon-dotprod"),
        ("i8mm", "i8mm"),
    ];

    public static Processor Identify()
    {
        try
        {
            return Parse(File.ReadAllText("/proc/cpuinfo"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Processor("", []);
        }
    }

    /// <summary>Takes the first processor's entries: <c>model name</c> and <c>flags</c> on x64, <c>CPU implementer</c>, <c>CPU part</c> and <c>Features</c> on ARM.</summary>
    internal static Processor Parse(string cpuInfo)
    {
        var entries = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in cpuInfo.Split('\n'))
        {
            int colon = line.IndexOf(':');
            if (colon > 0 && line.Substring(0, colon).Trim() is var key && !entries.ContainsKey(key))
                entries.Add(key, line.Substring(colon + 1).Trim());
        }

        string name = Entry("model name");
        if (name.Length == 0 && Entry("CPU part").Length > 0)
            name = $"ARM implementer {Entry("CPU implementer")} part {Entry("CPU part")}";
        string[] flags = $"{Entry("flags")} {Entry("Features")}".Split(' ');
        return new Processor(name, [.. KnownFeatures.Where(known => flags.Contains(known.Flag)).Select(static known => known.Feature)]);

        string Entry(string key) => entries.TryGetValue(key, out string? value) ? value : "";
    }
}
