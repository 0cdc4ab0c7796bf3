using System.Text.RegularExpressions;

namespace Octet.Quantization.Measurement;

/// <summary>How ONNX Runtime's optimizer names the nodes that it makes of others.</summary>
internal static partial class OptimizedNames
{
    /// <summary>The name without what the layout and quantization passes have added: that of a node, or (for blocked convolutions) of its result.</summary>
    public static string Original(string name)
    {
        string last;
        do
        {
            last = name;
            name = Suffix().Replace(name, "");
        }
        while (name != last);
        return name;
    }

    /// <summary>The value that a conversion is named after by the emitters; null for another name.</summary>
    public static string? ConvertedValue(string name) => Conversion().Match(Original(name)) is { Success: true } match ? match.Groups["value"].Value : null;

    [GeneratedRegex("(_nchwc|_token_[0-9]+|_quant|/duplicated)$")]
    private static partial Regex Suffix();

    [GeneratedRegex("^(?<value>.+)_(Quantize|Dequantize)(Linear|Nhwc)(_[0-9]+)?$")]
    private static partial Regex Conversion();
}
