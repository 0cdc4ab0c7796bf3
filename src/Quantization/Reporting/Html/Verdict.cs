using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>A verdict's look: always a word, and a colour beside it.</summary>
internal static class Verdict
{
    /// <summary>The class that sets the colour of a variant's marks.</summary>
    public static string Style(VariantReport variant) => variant.Verdict switch
    {
        "baseline" or "faster" or "slower" or "inaccurate" or "failed" => $"is-{variant.Verdict}",
        _ => "is-failed",
    };

    public static XElement Badge(VariantReport variant) => Markup.Tag("span", Markup.Class($"badge {Style(variant)}"), variant.Verdict);

    public static XElement UnverifiedBadge() => Markup.Tag("span", Markup.Class("badge is-unverified"), "unverified");
}
