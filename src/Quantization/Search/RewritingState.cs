using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Octet.Quantization.Search;

/// <summary>The form and the rewritings that measured fastest, so that another search need not find them again. It holds for one model on one machine.</summary>
/// <param name="Key">What it holds for.</param>
/// <param name="Form">The name of the form of the integer parts; "float" where there are none.</param>
/// <param name="Rewrites">Names of the passes that were kept, in their order.</param>
/// <param name="Complete">Whether everything was tried; otherwise time was over before.</param>
public sealed record RewritingState(string Key, string Form, ImmutableArray<string> Rewrites, bool Complete)
{
    /// <summary>Writes the state as json: UTF-8, the same bytes for the same state.</summary>
    public void Write(Stream stream) => JsonSerializer.Serialize(stream, this, RewritingStateJson.Default.RewritingState);

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <returns>Null where it is something else: a search then begins anew.</returns>
    public static RewritingState? Read(Stream stream)
    {
        try
        {
            RewritingState? state = JsonSerializer.Deserialize(stream, RewritingStateJson.Default.RewritingState);
            return state?.Form is null || state.Rewrites.IsDefault ? null : state;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RewritingState))]
internal sealed partial class RewritingStateJson : JsonSerializerContext;
