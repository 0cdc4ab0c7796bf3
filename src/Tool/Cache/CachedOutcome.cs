using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Reporting;

namespace Octet.Tool.Cache;

/// <summary>What a cache entry says of a model besides its files. Diagnostics are kept, so that a restored build warns as the first one did.</summary>
internal sealed record CachedOutcome(ModelReport Report, string Inputs, string Outputs, ImmutableArray<CachedFile> Files, ImmutableArray<Diagnostic> Diagnostics)
{
    private static readonly JsonSerializerOptions Options = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>The entry's json.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Options);

    /// <summary>Reads an entry's json, which its hash has shown to be as <see cref="ToJson"/> wrote it; null where it is none all the same.</summary>
    public static CachedOutcome? FromJson(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<CachedOutcome>(json, Options) is { Report: not null, Files.IsDefault: false, Diagnostics.IsDefault: false } outcome ? outcome : null;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException)
        {
            return null;
        }
    }
}

/// <summary>One file of an entry.</summary>
/// <param name="Name">Its name, without any folder.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Sha256">Its hash.</param>
internal sealed record CachedFile(string Name, long Length, string Sha256);
