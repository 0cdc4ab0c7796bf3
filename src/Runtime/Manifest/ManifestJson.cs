using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Octet.Runtime;

/// <summary>The manifest's json form, made at compile time so that trimming and ahead-of-time compilation keep it.</summary>
[JsonSerializable(typeof(ModelManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext
{
    /// <summary>For people too: indented, and with letters as they are.</summary>
    public static ManifestJson Readable { get; } = new(new JsonSerializerOptions
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // An interval is unbounded where too few rounds were measured.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    });
}
