using System.Globalization;
using System.Text;

namespace Octet.Runtime;

/// <summary>Names the conditions that a selection holds under.</summary>
internal static class SelectionKey
{
    /// <summary>SHA-256 over everything that may change the outcome; lower-case hexadecimal.</summary>
    /// <param name="manifest">The manifest's bytes, which hold the hashes of the model and of its variants.</param>
    /// <param name="machine">Processor, cores and ONNX Runtime.</param>
    /// <param name="conditions">Threads and optimization.</param>
    public static string Of(byte[] manifest, MachineDescription machine, SessionConditions conditions)
    {
        string[] parts =
        [
            CachedSelection.CurrentSchema.ToString(CultureInfo.InvariantCulture),
            FileHash.Of(manifest),
            machine.OnnxRuntime,
            machine.Cpu,
            string.Join(" ", machine.Features),
            machine.Cores.ToString(CultureInfo.InvariantCulture),
            conditions.Threads?.ToString(CultureInfo.InvariantCulture) ?? "open",
            conditions.Optimization.ToString(),
        ];
        return FileHash.Of(Encoding.UTF8.GetBytes(string.Join("\n", parts)));
    }
}
