using System.Text.RegularExpressions;

namespace Octet.Repository.Tests;

/// <summary>docs/command-line.md and the tool name the same verbs and options.</summary>
public partial class CommandLineTests
{
    private const string Page = "docs/command-line.md";
    private const string Verbs = "src/Tool/Verbs/";

    [Fact]
    public void Every_verb_has_its_section_and_every_section_its_verb()
    {
        string[] verbs = [.. Checkout.FilesUnder(Verbs, "Verb.cs").Select(file => file[Verbs.Length..^"Verb.cs".Length].ToLowerInvariant())];
        string[] sections = [.. new MarkdownFile(Page).Headings.Where(heading => heading.StartsWith("octet ", StringComparison.Ordinal)).Select(heading => heading["octet ".Length..])];
        Assert.NotEmpty(verbs);
        Assert.Equal(verbs.Order(), sections.Order());
    }

    [Fact]
    public void Every_option_is_documented_and_every_documented_option_exists()
    {
        HashSet<string> options = [.. Checkout.FilesUnder(Verbs, ".cs").SelectMany(file => OptionLiteral().Matches(Checkout.ReadText(file))).Select(match => match.Groups["name"].Value)];
        // The arguments of octet alone: 'dotnet run --project' is another's.
        HashSet<string> documented =
        [
            .. from code in new MarkdownFile(Page).Code
               where !code.StartsWith("dotnet ", StringComparison.Ordinal)
               from Match match in OptionName().Matches(code)
               select match.Value
        ];
        Assert.NotEmpty(options);
        Problems.AssertNone(
            options.Except(documented).Select(option => $"{option} is not in {Page}")
                .Concat(documented.Except(options).Except(["--help", "--version"]).Select(option => $"{option} does not exist")));
    }

    [GeneratedRegex(@"""(?<name>--[a-z-]+)""")]
    private static partial Regex OptionLiteral();

    [GeneratedRegex(@"(?<![\w-])--[a-z-]+")]
    private static partial Regex OptionName();
}
