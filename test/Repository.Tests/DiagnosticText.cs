using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Octet.Repository.Tests;

/// <summary>One text of a code in a .resx below src.</summary>
/// <param name="File">The .resx.</param>
/// <param name="Code">OCT and four digits.</param>
/// <param name="IsMessage">Whether it is the sentence that is printed, not a title or description.</param>
/// <param name="Text">With its places {0}, {1}, ...</param>
/// <param name="Severity">The first word of the resource's comment in lower case: error, warning, message; empty where there is none.</param>
internal sealed partial record DiagnosticText(string File, string Code, bool IsMessage, string Text, string Severity)
{
    /// <summary>The texts of all resx files.</summary>
    public static IReadOnlyList<DiagnosticText> All { get; } =
    [
        .. from file in Checkout.FilesUnder("src/", ".resx")
           from data in XElement.Load(Checkout.FullPath(file)).Elements("data")
           let name = Name().Match(data.Attribute("name")!.Value)
           where name.Success
           let kind = name.Groups["kind"].Value
           select new DiagnosticText(
               file,
               name.Groups["code"].Value,
               kind is "" or "Message" or "MessageFormat",
               data.Element("value")!.Value,
               FirstWord().Match(data.Element("comment")?.Value ?? "").Value.ToLowerInvariant())
    ];

    /// <summary>Whether a line holds this message with something in each of its places.</summary>
    public bool Fits(string line) => Regex.IsMatch(line, Regex.Replace(Regex.Escape(Text), @"\\\{\d+(:\w+)?}", ".+"));

    [GeneratedRegex(@"^(?<code>OCT\d{4})[_.]?(?<kind>\w*)$")]
    private static partial Regex Name();

    [GeneratedRegex(@"^\w+")]
    private static partial Regex FirstWord();
}
