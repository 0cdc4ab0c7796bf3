using System.Collections.Immutable;
using Octet.Torch.Export;

namespace Octet.Tool;

/// <summary>A module's inputs as users write them: <c>input=1,3,32,32</c>, with its element type where forward could take several: <c>tokens=1,16:int64</c>.</summary>
internal static class ExportInputs
{
    // As they are written, and as TorchSharp calls them.
    private static readonly ImmutableDictionary<string, string> ElementTypes = new Dictionary<string, string>
    {
        ["float32"] = "Float32",
        ["float64"] = "Float64",
        ["int64"] = "Int64",
        ["int32"] = "Int32",
        ["uint8"] = "Byte",
        ["bool"] = "Bool",
    }.ToImmutableDictionary();

    /// <summary>Parses one; null where it is malformed.</summary>
    public static ExportInput? Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        string? type = null;
        if (colon > text.LastIndexOf('='))
        {
            if (!ElementTypes.TryGetValue(text[(colon + 1)..], out type))
                return null;
            text = text[..colon];
        }
        return InputShapes.Parse([text]) is { } shapes ? new ExportInput(shapes.Single().Key, shapes.Single().Value, type) : null;
    }
}
