using System.Security.Cryptography;
using System.Text;
using Octet.Quantization;

namespace Octet.Tool.Cache;

/// <summary>A hash over everything that decides a result, built up part by part.</summary>
internal sealed class ContentKey : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Adds a text.</summary>
    public void Add(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        _hash.AppendData(BitConverter.GetBytes(bytes.Length));
        _hash.AppendData(bytes);
    }

    /// <summary>Adds a file's content; null or empty for a file that was left out.</summary>
    public void AddFile(string? file) => Add(string.IsNullOrEmpty(file) ? "" : HashOf(file));

    /// <summary>Adds the tool: rebuilding it changes its files, and with them possibly what it does.</summary>
    public void AddTool()
    {
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
            .Where(file => Path.GetFileName(file) is var name && (name.StartsWith("Octet.", StringComparison.OrdinalIgnoreCase) || name.Equals("octet.dll", StringComparison.OrdinalIgnoreCase)))
            .Order(StringComparer.Ordinal))
            AddFile(file);
    }

    /// <summary>The SHA-256 of all that was added, lower-case hexadecimal.</summary>
    public string Finish() => Convert.ToHexString(_hash.GetHashAndReset()).ToLowerInvariant();

    public void Dispose() => _hash.Dispose();

    // What cannot be read is not the cache's to say: the work will.
    private static string HashOf(string file)
    {
        try
        {
            return FileHash.Of(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "unreadable";
        }
    }
}
