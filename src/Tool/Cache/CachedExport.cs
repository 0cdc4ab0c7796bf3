using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Octet.Quantization.Diagnostics;

namespace Octet.Tool.Cache;

/// <summary>What a cache entry says of a model that was exported from a checkpoint: its files, and what was said of it.</summary>
internal sealed record CachedExport(ImmutableArray<CachedFile> Files, ImmutableArray<Diagnostic> Diagnostics) : ICacheEntry
{
    [JsonIgnore]
    public bool IsWhole => !Files.IsEmpty && !Diagnostics.IsDefault;
}
