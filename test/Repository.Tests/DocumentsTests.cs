using System.Text.RegularExpressions;

namespace Octet.Repository.Tests;

/// <summary>What the documents name exists.</summary>
public partial class DocumentsTests
{
    // The README is also the package's page, where relative links lead nowhere: it links by the project's address.
    private const string Address = "https://github.com/octet-net/octet";

    [Fact]
    public void Links_between_documents_resolve() => Problems.AssertNone(
        from document in MarkdownFile.All
        from link in document.Links
        let problem = ProblemOf(document, link)
        where problem is not null
        select $"{document.Path}: {link} {problem}");

    [Fact]
    public void The_readme_has_no_relative_link() =>
        Problems.AssertNone(new MarkdownFile("README.md").Links.Where(link => !link.Contains("://", StringComparison.Ordinal) && !link.StartsWith('#')));

    [Fact]
    public void Addresses_of_this_repository_resolve_wherever_they_stand() => Problems.AssertNone(
        from file in Checkout.Files
        where file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".props", StringComparison.Ordinal) || file.EndsWith(".targets", StringComparison.Ordinal)
        from Match match in FileAddress().Matches(Checkout.ReadText(file))
        let path = match.Groups["path"].Value
        where !Checkout.Exists(path)
        select $"{file}: {match.Value}");

    [Fact]
    public void Paths_in_code_of_documents_exist() => Problems.AssertNone(
        from document in MarkdownFile.All
        from code in document.Code
        from Match match in RepositoryPath().Matches(code)
        let path = match.Groups["path"].Value
        where !path.Contains("nnnn", StringComparison.Ordinal) && !Checkout.Exists(path)
        select $"{document.Path}: {path} does not exist");

    [Fact]
    public void Projects_that_documents_run_exist() => Problems.AssertNone(
        from document in MarkdownFile.All
        from code in document.Code
        from Match match in ProjectOption().Matches(code)
        let folder = match.Groups["path"].Value
        where !Checkout.FilesUnder(folder.TrimEnd('/') + "/", ".csproj").Any()
        select $"{document.Path}: there is no project in {folder}");

    [Fact]
    public void The_readme_begins_with_the_two_commands()
    {
        string[] commands = [.. new MarkdownFile("README.md").Code.Where(line => line.StartsWith("dotnet ", StringComparison.Ordinal)).Take(2)];
        Assert.Equal(["dotnet run --project samples/Quickstart", "dotnet test"], commands);
    }

    private static string? ProblemOf(MarkdownFile document, string link)
    {
        string target;
        if (link.StartsWith(Address + "/blob/main/", StringComparison.Ordinal) || link.StartsWith(Address + "/tree/main/", StringComparison.Ordinal))
            target = link[(Address.Length + "/blob/main/".Length)..];
        else if (link.Contains("://", StringComparison.Ordinal) || link.StartsWith("mailto:", StringComparison.Ordinal))
            return null;
        else if (link.StartsWith('#'))
            target = document.Path + link;
        else
            target = Path.GetRelativePath(Checkout.Root, Path.Combine(Checkout.Root, Path.GetDirectoryName(document.Path)!, link)).Replace('\\', '/');

        string[] parts = target.Split('#', 2);
        if (!Checkout.Exists(parts[0]))
            return "does not exist";
        return parts.Length == 2 && !new MarkdownFile(parts[0]).Anchors.Contains(parts[1]) ? "names no heading" : null;
    }

    [GeneratedRegex(@"https://github\.com/octet-net/octet/(blob|tree)/main/(?<path>[\w./-]*\w)(?![\w./-]*[{])")]
    private static partial Regex FileAddress();

    // A path into one of our folders; patterns and placeholders are none.
    [GeneratedRegex(@"(?<![\w./\\:$(){}-])(?<path>(src|test|testassets|samples|benchmarks|docs|eng|\.ci)/[\w.-]+(/[\w.-]+)*)(?![\w./-]*[*<{])")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex(@"--project\s+(?<path>(src|test|samples|benchmarks|eng)/[\w./-]+)")]
    private static partial Regex ProjectOption();
}
