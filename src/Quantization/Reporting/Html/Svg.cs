using System.Globalization;
using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>
/// Shapes whose horizontal coordinates are shares of the picture's width and whose vertical ones are pixels: a picture
/// takes any width without its text or its lines changing in size.
/// </summary>
internal static class Svg
{
    /// <summary>A picture that says something, with the words for who cannot see it.</summary>
    public static XElement Picture(double height, string description, params object?[] content) => Markup.Tag(
        "svg",
        Markup.Attribute("role", "img"),
        Markup.Attribute("aria-label", description),
        Markup.Attribute("width", "100%"),
        Markup.Attribute("height", Pixels(height)),
        content);

    /// <summary>A picture of what stands beside it as text.</summary>
    public static XElement Ornament(double height, params object?[] content) => Markup.Tag(
        "svg",
        Markup.Attribute("aria-hidden", "true"),
        Markup.Attribute("width", "100%"),
        Markup.Attribute("height", Pixels(height)),
        content);

    public static XElement Line(double x1, double y1, double x2, double y2, string style) => Markup.Tag(
        "line",
        Markup.Class(style),
        Markup.Attribute("x1", Share(x1)),
        Markup.Attribute("y1", Pixels(y1)),
        Markup.Attribute("x2", Share(x2)),
        Markup.Attribute("y2", Pixels(y2)));

    public static XElement Rectangle(double x, double y, double width, double height, string style) => Markup.Tag(
        "rect",
        Markup.Class(style),
        Markup.Attribute("x", Share(x)),
        Markup.Attribute("y", Pixels(y)),
        Markup.Attribute("width", Share(width)),
        Markup.Attribute("height", Pixels(height)),
        Markup.Attribute("rx", "2"));

    public static XElement Circle(double x, double y, double radius, string style) => Markup.Tag(
        "circle",
        Markup.Class(style),
        Markup.Attribute("cx", Share(x)),
        Markup.Attribute("cy", Pixels(y)),
        Markup.Attribute("r", Pixels(radius)));

    /// <param name="x">Where the text is anchored, a share of the width.</param>
    /// <param name="y">Its baseline in pixels.</param>
    /// <param name="text">The text.</param>
    /// <param name="anchor">start, middle or end.</param>
    /// <param name="style">Classes.</param>
    /// <param name="shift">Pixels to the right of <paramref name="x"/>.</param>
    public static XElement Text(double x, double y, string text, string anchor, string style, double shift = 0) => Markup.Tag(
        "text",
        Markup.Class(style),
        Markup.Attribute("x", Share(x)),
        Markup.Attribute("y", Pixels(y)),
        shift == 0 ? null : Markup.Attribute("dx", Pixels(shift)),
        Markup.Attribute("text-anchor", anchor),
        text);

    /// <summary>A tick's label stays within the picture: at the ends it stands beside the tick instead of below it.</summary>
    public static string AnchorAt(double x) => x < 0.06 ? "start" : x > 0.94 ? "end" : "middle";

    private static string Share(double value) => (value * 100).ToString("0.##", CultureInfo.InvariantCulture) + "%";

    private static string Pixels(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
