using System.Globalization;
using System.Text.RegularExpressions;

namespace Octet.Tasks;

/// <summary>How much a diagnostic weighs.</summary>
internal enum Severity
{
    /// <summary>Worth knowing.</summary>
    Message,

    /// <summary>A warning of the build.</summary>
    Warning,

    /// <summary>An error of the build.</summary>
    Error,
}

/// <summary>A line of the tool in MSBuild's canonical form: <c>FILE(LINE,COLUMN) : warning OCT3002: text</c>.</summary>
/// <param name="Severity">How much it weighs.</param>
/// <param name="Code">OCT and four digits.</param>
/// <param name="Text">The sentence.</param>
/// <param name="File">The file that it speaks of; null where the tool speaks of no file.</param>
/// <param name="Line">1-based; 0 where none is given.</param>
/// <param name="Column">1-based; 0 where none is given.</param>
internal sealed record ToolDiagnostic(Severity Severity, string Code, string Text, string? File, int Line, int Column)
{
    private static readonly Regex Canonical = new(
        @"^(?<file>\S.*?)(\((?<line>\d+)(,(?<column>\d+))?\))? ?: (?<severity>error|warning|message) (?<code>OCT\d{4}): (?<text>.*)$",
        RegexOptions.CultureInvariant);

    /// <summary>Reads a line; null where it is not a diagnostic.</summary>
    public static ToolDiagnostic? TryParse(string line)
    {
        Match match = Canonical.Match(line);
        if (!match.Success)
            return null;
        string file = match.Groups["file"].Value;
        return new ToolDiagnostic(
            match.Groups["severity"].Value switch { "error" => Severity.Error, "warning" => Severity.Warning, _ => Severity.Message },
            match.Groups["code"].Value,
            match.Groups["text"].Value,
            file == "octet" ? null : file,
            Number(match.Groups["line"]),
            Number(match.Groups["column"]));
    }

    private static int Number(Group group) =>
        group.Success && int.TryParse(group.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0;
}
