using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Testing;

namespace Octet.Analyzers.Tests;

/// <summary>
/// The pages of the rules: the first C# block of the section Example gives exactly the rule's diagnostic, under all analyzers together,
/// and the first one of What to do gives none.
/// </summary>
public partial class PagesTests
{
    // The project that the pages speak of, before its model became an item and after.
    private static readonly ConsumerProject Before = ConsumerProject.WithoutModels;
    private static readonly ConsumerProject After = ConsumerProject.WithDirection;

    [Theory]
    [MemberData(nameof(RulesTests.Ids), MemberType = typeof(RulesTests))]
    public async Task The_violating_example_is_reported_and_the_mended_one_is_not(string id)
    {
        string page = File.ReadAllText(Path.Combine(Folder(), id + ".md"));
        string violating = FirstCode(page, "Example");
        Match place = Place().Match(page);
        Assert.Equal(id, place.Groups["id"].Value);

        ConsumerProject project = id is Rules.FloatModelLoadedId or Rules.TorchInferenceId ? Before : After;
        if (place.Groups["line"].Success) await project.AnalyzeWithAll(Mark(violating, place));
        else await project.AnalyzeWithAll(violating, new DiagnosticResult(id, DiagnosticSeverity.Info));
        await After.AnalyzeWithAll(FirstCode(page, "What to do"));
    }

    // The message of the example says where: line and column, from 1. One of the whole project says CSC instead.
    private static string Mark(string source, Match place)
    {
        string id = place.Groups["id"].Value;
        string[] lines = source.Split('\n');
        int line = int.Parse(place.Groups["line"].Value, CultureInfo.InvariantCulture) - 1;
        int column = int.Parse(place.Groups["column"].Value, CultureInfo.InvariantCulture) - 1;
        int length = Expression().Match(lines[line], column).Length;
        lines[line] = $"{lines[line][..column]}{{|{id}:{lines[line].Substring(column, length)}|}}{lines[line][(column + length)..]}";
        return string.Join('\n', lines);
    }

    private static string FirstCode(string page, string heading)
    {
        string section = page.Split("\n## ").Single(part => part.StartsWith(heading + "\n", StringComparison.Ordinal));
        return section.Split("```csharp\n")[1].Split("```")[0].TrimEnd('\n');
    }

    private static string Folder()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Octet.slnx"))) folder = folder.Parent;
        return Path.Combine(folder!.FullName, "docs", "diagnostics");
    }

    [GeneratedRegex(@"^(Program\.cs\((?<line>\d+),(?<column>\d+)\)|CSC ): \w+ (?<id>OCT\d{4}): ", RegexOptions.Multiline)]
    private static partial Regex Place();

    // A call with its arguments, as the examples write them: to the last parenthesis of the line.
    [GeneratedRegex(@"\G.*\)")]
    private static partial Regex Expression();
}
