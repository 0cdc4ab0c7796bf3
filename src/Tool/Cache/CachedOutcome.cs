using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Reporting;

namespace Octet.Tool.Cache;

/// <summary>What a cache entry says of a quantized model besides its files. Diagnostics are kept, so that a restored build warns as the first one did.</summary>
internal sealed record CachedOutcome(ModelReport Report, string Inputs, string Outputs, ImmutableArray<CachedFile> Files, ImmutableArray<Diagnostic> Diagnostics) : ICacheEntry
{
    [JsonIgnore]
    public bool IsWhole => Report is not null && !Diagnostics.IsDefault;
}
