using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Octet.Runtime;

/// <summary>What is kept of a measured selection.</summary>
/// <param name="Schema">The version of this form and of the rule that made the choice.</param>
/// <param name="Key">The conditions that it holds under.</param>
/// <param name="Variant">The chosen variant.</param>
/// <param name="Reason">Why.</param>
/// <param name="Candidates">The whole table.</param>
internal sealed record CachedSelection(int Schema, string Key, string Variant, string Reason, ImmutableArray<SelectionCandidate> Candidates)
{
    public const int CurrentSchema = 1;
}

/// <summary>The cache's json form, made at compile time so that trimming and ahead-of-time compilation keep it.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(CachedSelection))]
internal sealed partial class CachedSelectionJson : JsonSerializerContext;
