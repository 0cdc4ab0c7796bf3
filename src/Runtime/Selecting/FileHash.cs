using System.Security.Cryptography;

namespace Octet.Runtime;

/// <summary>SHA-256 as the manifest writes it: lower-case hexadecimal.</summary>
internal static class FileHash
{
    public static string Of(byte[] content)
    {
        using var sha256 = SHA256.Create();
        return Hexadecimal(sha256.ComputeHash(content));
    }

    public static string OfFile(string path)
    {
        using var sha256 = SHA256.Create();
        using FileStream stream = File.OpenRead(path);
        return Hexadecimal(sha256.ComputeHash(stream));
    }

    private static string Hexadecimal(byte[] hash) => string.Concat(hash.Select(static value => value.ToString("x2")));
}
