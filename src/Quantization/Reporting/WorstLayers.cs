using System.Globalization;
using System.Security;
using System.Text;

namespace Octet.Quantization.Reporting;

/// <summary>The layers that quantization hurts most, and how to keep them float.</summary>
internal static class WorstLayers
{
    private const int Suggested = 3;

    /// <summary>The layers whose error was measured, the worst first.</summary>
    public static IEnumerable<LayerReport> Of(ModelReport model) =>
        model.Layers.Where(layer => layer.SqnrDb is { } decibels && double.IsFinite(decibels)).OrderBy(layer => layer.SqnrDb);

    /// <summary>Metadata for the model's item that keeps the worst layers float; null where there is nothing to exclude.</summary>
    public static string? ExcludeAttribute(ModelReport model)
    {
        string[] names = [.. Of(model).Where(layer => layer.Quantized && layer.Node.Length > 0).Take(Suggested).Select(layer => EscapeForProject(layer.Node))];
        return names.Length == 0 ? null : $"ExcludeNodes=\"{string.Join(';', names)}\"";
    }

    /// <summary>MSBuild's own escapes (a percent sign and two hexadecimal digits) for its special characters, then XML's.</summary>
    private static string EscapeForProject(string name)
    {
        var escaped = new StringBuilder(name.Length);
        foreach (char c in name)
        {
            if (c is '%' or '$' or '@' or '(' or ')' or ';' or '\'' or '?' or '*' || c < ' ')
                escaped.Append(CultureInfo.InvariantCulture, $"%{(int)c:X2}");
            else
                escaped.Append(c);
        }
        return SecurityElement.Escape(escaped.ToString());
    }
}
