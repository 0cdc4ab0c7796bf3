namespace Octet.Tasks;

/// <summary>A file that the last run of the tool gave.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Link">Its place in the application's output, with '/'; empty for what does not ship.</param>
internal sealed record OutputFile(string Path, string Link);

/// <summary>Reads outputs.txt: a line a file, <c>PATH|LINK</c>.</summary>
internal static class OutputsFile
{
    /// <summary>The files in the tool's order; none where the tool has not run.</summary>
    public static IReadOnlyList<OutputFile> Read(string path) =>
    [
        .. from line in TextFile.ReadLines(path)
           let separator = line.LastIndexOf('|')
           where separator > 0
           select new OutputFile(line.Substring(0, separator), line.Substring(separator + 1)),
    ];
}
