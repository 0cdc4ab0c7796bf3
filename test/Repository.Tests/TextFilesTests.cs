using System.Text;
using System.Text.RegularExpressions;

namespace Octet.Repository.Tests;

/// <summary>What must not stand in any file of ours.</summary>
public partial class TextFilesTests
{
    private static readonly string[] BinaryEndings =
        [".onnx", ".npz", ".npy", ".pb", ".png", ".jpg", ".ico", ".gz", ".zip", ".nupkg", ".snk", ".pt", ".dat"];

    private static readonly string[] ConfigurationEndings =
        [".config", ".props", ".targets", ".csproj", ".slnx", ".json", ".rsp", ".yml", ".npmrc", ".conf", ".sh", ".ci/run"];

    [Fact]
    public void Text_ends_with_a_newline_and_has_no_carriage_return_or_byte_order_mark() => Problems.AssertNone(
        from file in TextFiles()
        let bytes = File.ReadAllBytes(Checkout.FullPath(file))
        where bytes.Length > 0
        let problem = bytes[^1] != (byte)'\n' ? "does not end with a newline"
            : bytes.Contains((byte)'\r') ? "has carriage returns"
            : bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? "begins with a byte order mark"
            : null
        where problem is not null
        select $"{file} {problem}");

    [Fact]
    public void No_file_names_a_folder_of_one_machine() => Problems.AssertNone(Matches(TextFiles(), MachinePath()));

    [Fact]
    public void Configuration_names_no_package_registry() =>
        Problems.AssertNone(Matches(TextFiles().Where(file => ConfigurationEndings.Any(ending => file.EndsWith(ending, StringComparison.Ordinal))), Registry()));

    [Fact]
    public void Sources_hold_no_unfinished_work() =>
        Problems.AssertNone(Matches(TextFiles().Where(file => file.StartsWith("src/", StringComparison.Ordinal)), Unfinished()));

    [Fact]
    public void No_test_is_switched_off() =>
        Problems.AssertNone(Matches(Checkout.FilesUnder("test/", ".cs"), SwitchedOff()));

    private static IEnumerable<string> TextFiles() =>
        Checkout.Files.Where(file => !BinaryEndings.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)));

    private static IEnumerable<string> Matches(IEnumerable<string> files, Regex forbidden) =>
        from file in files
        from line in Checkout.ReadText(file).Split('\n').Index()
        where forbidden.IsMatch(line.Item)
        select $"{file}({line.Index + 1}): {line.Item.Trim()}";

    // Roots of home and build folders; a longer path or an address that happens to contain the word is none.
    [GeneratedRegex(@"(?<![\w.~*)}\]/-])/(root|work)/")]
    private static partial Regex MachinePath();

    // Addresses of feeds end so in every registry's conventions; a link to a site or a schema does not.
    [GeneratedRegex(@"https?://[^\s""'<>]*(/v3/index\.json|/nuget/|/simple/?|/npm/|artifactory|registry\.)", RegexOptions.IgnoreCase)]
    private static partial Regex Registry();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK)\b|NotImplementedException")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"\[(Fact|Theory)\(.*\bSkip\s*=")]
    private static partial Regex SwitchedOff();
}
