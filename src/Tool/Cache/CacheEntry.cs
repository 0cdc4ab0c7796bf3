using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Octet.Tool.Cache;

/// <summary>What an entry of the cache says of its files, and besides them.</summary>
internal interface ICacheEntry
{
    /// <summary>The entry's files.</summary>
    ImmutableArray<CachedFile> Files { get; }

    /// <summary>Whether everything besides is there too: json of another shape is read without an error.</summary>
    bool IsWhole { get; }
}

/// <summary>One file of an entry.</summary>
/// <param name="Name">Its name, without any folder.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Sha256">Its hash.</param>
internal sealed record CachedFile(string Name, long Length, string Sha256);

/// <summary>The json of entries.</summary>
internal static class CacheJson
{
    private static readonly JsonSerializerOptions Options = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>An entry's json.</summary>
    public static byte[] Write<TEntry>(TEntry entry)
        where TEntry : class, ICacheEntry => JsonSerializer.SerializeToUtf8Bytes(entry, Options);

    /// <summary>Reads an entry's json, which its hash has shown to be as <see cref="Write"/> wrote it; null where it is none all the same.</summary>
    public static TEntry? Read<TEntry>(byte[] json)
        where TEntry : class, ICacheEntry
    {
        try
        {
            return JsonSerializer.Deserialize<TEntry>(json, Options) is { Files.IsDefault: false, IsWhole: true } entry ? entry : null;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException)
        {
            return null;
        }
    }
}
