using System.Security.Cryptography;

namespace Octet.Quantization;

/// <summary>SHA-256 of files, as reports and manifests write it.</summary>
public static class FileHash
{
    /// <summary>The hash of a file's bytes, lower-case hexadecimal.</summary>
    public static string Of(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        return Convert.ToHexString(SHA256.HashData(stream)).ToLowerInvariant();
    }
}
