using System.Text.RegularExpressions;

namespace Octet.Repository.Tests;

/// <summary>Codes, their texts, their pages and the analyzer's release tracking say the same.</summary>
public partial class DiagnosticsTests
{
    private const string Folder = "docs/diagnostics/";

    private static readonly MarkdownFile[] Pages =
        [.. Checkout.FilesUnder(Folder, ".md").Where(path => PageName().IsMatch(path)).Select(path => new MarkdownFile(path))];

    private static readonly HashSet<string> CodesWithTexts = [.. DiagnosticText.All.Select(text => text.Code)];

    private static readonly HashSet<string> CodesWithPages = [.. Pages.Select(CodeOf)];

    // An analyzer's severity stands in its release tracking, those of the engine and the tasks beside their texts.
    private static readonly Dictionary<string, string> TrackedSeverities =
        Checkout.FilesUnder("src/Analyzers/", ".md").SelectMany(file => TrackedRule().Matches(Checkout.ReadText(file)))
            .ToDictionary(match => match.Groups["code"].Value, match => match.Groups["severity"].Value.ToLowerInvariant());

    [Fact]
    public void Every_code_has_a_page() => Problems.AssertNone(CodesWithTexts.Except(CodesWithPages));

    [Fact]
    public void Every_page_has_a_code() => Problems.AssertNone(CodesWithPages.Except(CodesWithTexts));

    [Fact]
    public void Every_code_in_the_sources_has_a_text() => Problems.AssertNone(
        from use in CodesInSources()
        where !CodesWithTexts.Contains(use.Code)
        select $"{use.File}: {use.Code}");

    [Fact]
    public void Every_text_is_used() => Problems.AssertNone(CodesWithTexts.Except(CodesInSources().Select(use => use.Code)));

    [Fact]
    public void Titles_begin_with_the_code() => Problems.AssertNone(
        from page in Pages
        where !page.Title.StartsWith(CodeOf(page) + ": ", StringComparison.Ordinal)
        select $"{page.Path}: {page.Title}");

    [Fact]
    public void The_index_lists_every_page_with_its_title()
    {
        string[] index = Checkout.ReadText(Folder + "README.md").Split('\n');
        Problems.AssertNone(
            from page in Pages
            let code = CodeOf(page)
            let row = index.SingleOrDefault(line => line.StartsWith($"| [{code}]({code}.md) |", StringComparison.Ordinal))
            where row is null || !row.EndsWith($"| {page.Title[(code.Length + 2)..]} |", StringComparison.Ordinal)
            select $"{code}: {row ?? "no row"}");
    }

    [Fact]
    public void Pages_say_the_severity_of_their_code() => Problems.AssertNone(
        from text in DiagnosticText.All
        let severity = TrackedSeverities.GetValueOrDefault(text.Code, text.Severity)
        from page in Pages
        where CodeOf(page) == text.Code && !page.Text.Contains($"\n**Severity:** {severity}\n", StringComparison.Ordinal)
        select $"{page.Path}: the code says '{severity}'");

    [Fact]
    public void Pages_say_cause_example_and_remedy() => Problems.AssertNone(
        from page in Pages
        from heading in new[] { "Cause", "Example", "What to do" }
        where !page.Headings.Contains(heading)
        select $"{page.Path}: no heading '{heading}'");

    // A reworded message makes its page's example stale: this is where that is noticed.
    [Fact]
    public void Examples_are_what_is_printed() => Problems.AssertNone(
        from page in Pages
        let texts = DiagnosticText.All.Where(text => text.Code == CodeOf(page) && text.IsMessage).ToArray()
        where texts.Length > 0 && !page.Code.Any(line => line.Contains($" {CodeOf(page)}: ", StringComparison.Ordinal) && texts.Any(text => text.Fits(line)))
        select $"{page.Path}: no example of '{texts[0].Text}'");

    [Fact]
    public void Severities_of_the_engine_are_those_of_its_texts()
    {
        Dictionary<string, string> severities = CatalogueEntry().Matches(Checkout.ReadText("src/Quantization/Diagnostics/DiagnosticCatalog.cs"))
            .ToDictionary(match => match.Groups["code"].Value, match => match.Groups["severity"].Value.ToLowerInvariant());
        Dictionary<string, string> texts = DiagnosticText.All.Where(text => text.File.StartsWith("src/Quantization/", StringComparison.Ordinal))
            .ToDictionary(text => text.Code, text => text.Severity);
        Assert.NotEmpty(texts);
        Assert.Equal(texts.OrderBy(pair => pair.Key), severities.OrderBy(pair => pair.Key));
    }

    [Fact]
    public void Release_tracking_lists_the_analyzers_codes()
    {
        string[] texts = [.. DiagnosticText.All.Where(text => text.File.StartsWith("src/Analyzers", StringComparison.Ordinal)).Select(text => text.Code).Distinct().Order()];
        Assert.NotEmpty(texts);
        Assert.Equal(texts, TrackedSeverities.Keys.Order());
    }

    private static string CodeOf(MarkdownFile page) => page.Path[Folder.Length..^".md".Length];

    private static IEnumerable<(string File, string Code)> CodesInSources() =>
        from file in Checkout.FilesUnder("src/", ".cs").Concat(Checkout.FilesUnder("src/", ".targets"))
        from Match match in Code().Matches(Checkout.ReadText(file))
        select (file, match.Value);

    [GeneratedRegex(@"/OCT\d{4}\.md$")]
    private static partial Regex PageName();

    [GeneratedRegex(@"OCT\d{4}")]
    private static partial Regex Code();

    [GeneratedRegex(@"\[""(?<code>OCT\d{4})""\] = DiagnosticSeverity\.(?<severity>\w+)")]
    private static partial Regex CatalogueEntry();

    [GeneratedRegex(@"^(?<code>OCT\d{4})\s*\|[^|]*\|\s*(?<severity>\w+)", RegexOptions.Multiline)]
    private static partial Regex TrackedRule();
}
