using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Octet.Repository.Tests;

/// <summary>docs/msbuild-properties.md and the packaged props and targets name the same things.</summary>
public partial class MsBuildNamesTests
{
    private const string Page = "docs/msbuild-properties.md";

    [Fact]
    public void Every_public_property_is_documented() =>
        Problems.AssertNone(PropertiesOfTheBuild().Except(PropertiesOfThePage()).Select(name => $"{name} stands in src/Octet and not in {Page}"));

    [Fact]
    public void Every_documented_property_exists() =>
        Problems.AssertNone(PropertiesOfThePage().Except(PropertiesOfTheBuild()).Select(name => $"{name} stands in {Page} and not in src/Octet"));

    [Fact]
    public void Every_public_target_is_documented_and_every_documented_target_exists()
    {
        string[] built = [.. BuildFiles().SelectMany(file => file.Descendants("Target")).Select(target => target.Attribute("Name")!.Value).Where(name => name[0] != '_')];
        string[] documented = FirstColumnOf("Targets");
        Assert.NotEmpty(documented);
        Problems.AssertNone(built.Except(documented).Select(name => $"target {name} is not in {Page}").Concat(documented.Except(built).Select(name => $"target {name} does not exist")));
    }

    [Fact]
    public void Every_documented_metadata_is_read_somewhere()
    {
        string[] documented = FirstColumnOf("Metadata of QuantizeModel");
        Assert.NotEmpty(documented);
        string sources = string.Join('\n', Checkout.Files.Where(IsOfTheBuild).Select(Checkout.ReadText));
        Problems.AssertNone(documented.Where(name => !Regex.IsMatch(sources, $@"\b{name}\b")).Select(name => $"metadata {name} is read nowhere in src/Octet and src/Tasks"));
    }

    private static bool IsOfTheBuild(string file) =>
        (file.StartsWith("src/Octet/", StringComparison.Ordinal) || file.StartsWith("src/Tasks/", StringComparison.Ordinal))
        && (file.EndsWith(".props", StringComparison.Ordinal) || file.EndsWith(".targets", StringComparison.Ordinal) || file.EndsWith(".cs", StringComparison.Ordinal));

    private static IEnumerable<XElement> BuildFiles() =>
        Checkout.FilesUnder("src/Octet/", ".props").Concat(Checkout.FilesUnder("src/Octet/", ".targets")).Select(file => XElement.Load(Checkout.FullPath(file)));

    // Names in comments are left out: only what MSBuild reads counts.
    private static HashSet<string> PropertiesOfTheBuild()
    {
        HashSet<string> names =
        [
            .. from file in BuildFiles()
               from element in file.DescendantsAndSelf()
               from text in element.Attributes().Select(attribute => attribute.Value).Append(element.Name.LocalName).Concat(element.Nodes().OfType<XText>().Select(node => node.Value))
               from Match match in PropertyName().Matches(text)
               select match.Value
        ];
        Assert.NotEmpty(names);
        return names;
    }

    private static HashSet<string> PropertiesOfThePage() =>
        [.. from code in new MarkdownFile(Page).Code from Match match in PropertyName().Matches(code) select match.Value];

    // First cells of the tables below a heading: `Name` | ...
    private static string[] FirstColumnOf(string heading) =>
        [.. Checkout.ReadText(Page).Split("\n## ").Where(section => section.StartsWith(heading, StringComparison.Ordinal))
            .SelectMany(section => FirstCell().Matches(section)).Select(match => match.Groups["name"].Value)];

    [GeneratedRegex(@"\bQuantizeModels[A-Z]\w*")]
    private static partial Regex PropertyName();

    [GeneratedRegex(@"^\| `(?<name>\w+)`", RegexOptions.Multiline)]
    private static partial Regex FirstCell();
}
