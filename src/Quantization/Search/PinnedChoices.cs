using System.Collections.Immutable;
using Octet.Quantization.Emission;

namespace Octet.Quantization.Search;

/// <summary>What a search decided for a static variant, so that it can be repeated bit for bit.</summary>
/// <param name="Form">How the integer parts are written.</param>
/// <param name="Rewrites">Names of the optional passes to apply.</param>
/// <param name="Refinements">Names of the refinements to apply, in their order.</param>
/// <param name="LeftFloat">Names of the nodes that stay float, each with the reason.</param>
public sealed record PinnedChoices(IntegerForm Form, ImmutableArray<string> Rewrites, ImmutableArray<string> Refinements, ImmutableSortedDictionary<string, string> LeftFloat);
