using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Octet.Quantization.Reporting.Html;

/// <summary>
/// HTML as a tree of elements, so that escaping is nobody's task: what is written is HTML5 that is also well-formed XML.
/// </summary>
internal static class Markup
{
    private static readonly HashSet<string> Void = ["br", "hr", "img", "input", "link", "meta"];

    public static XElement Tag(string name, params object?[] content) => new(name, content);

    public static XAttribute Attribute(string name, object value) => new(name, value);

    public static XAttribute Class(string names) => new("class", names);

    /// <summary>Says what an element is where its style would hide that: a table's parts that narrow screens show as blocks.</summary>
    public static XAttribute Role(string name) => new("role", name);

    /// <summary>Writes a whole document, its lines ended by LF.</summary>
    /// <remarks>The style sheet must do without the characters that XML escapes: browsers do not decode them there.</remarks>
    public static string Document(XElement html)
    {
        foreach (XElement element in html.DescendantsAndSelf())
        {
            foreach (XAttribute attribute in element.Attributes())
                attribute.Value = Printable(attribute.Value);
            foreach (XText text in element.Nodes().OfType<XText>())
                text.Value = Printable(text.Value);
            // An empty text makes <div></div> of <div />, which HTML takes for a start tag.
            if (element.IsEmpty && !Void.Contains(element.Name.LocalName))
                element.Value = "";
        }

        var document = new StringBuilder("<!doctype html>\n");
        var settings = new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, IndentChars = " ", NewLineChars = "\n", NewLineHandling = NewLineHandling.None };
        using (XmlWriter writer = XmlWriter.Create(document, settings))
            html.Save(writer);
        return document.Append('\n').ToString();
    }

    /// <summary>Names from outside may hold what no document may: control characters and halves of surrogate pairs.</summary>
    private static string Printable(string text)
    {
        if (text.All(c => c == '\n' || (c != '\r' && !char.IsSurrogate(c) && XmlConvert.IsXmlChar(c))))
            return text;
        var printable = new StringBuilder(text.Length);
        foreach (Rune rune in text.Replace("\r\n", "\n", StringComparison.Ordinal).EnumerateRunes())
        {
            bool allowed = rune.Value != '\r' && (!rune.IsBmp || XmlConvert.IsXmlChar((char)rune.Value));
            printable.Append((allowed ? rune : Rune.ReplacementChar).ToString());
        }
        return printable.ToString();
    }
}
