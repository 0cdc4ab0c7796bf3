namespace Octet.Repository.Tests;

/// <summary>The files of this checkout, without what a build makes.</summary>
internal static class Checkout
{
    private static readonly string[] BuildFolders = ["artifacts", "bin", "obj", "TestResults"];

    /// <summary>The folder of Octet.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every file, relative to the root with '/', in ordinal order.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Walk(new DirectoryInfo(Root)).Select(file => Path.GetRelativePath(Root, file.FullName).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    /// <summary>Files below a folder (<c>src/</c>) whose name ends so (<c>.cs</c>).</summary>
    public static IEnumerable<string> FilesUnder(string folder, string ending) =>
        Files.Where(file => file.StartsWith(folder, StringComparison.Ordinal) && file.EndsWith(ending, StringComparison.Ordinal));

    public static string FullPath(string file) => Path.Combine(Root, file);

    public static string ReadText(string file) => File.ReadAllText(FullPath(file));

    /// <summary>Whether a path relative to the root names a file or a folder.</summary>
    public static bool Exists(string path) => Path.Exists(FullPath(path));

    // Folders of editors and tools begin with a dot; of ours only .ci does. In a linked worktree .git is a file.
    private static IEnumerable<FileInfo> Walk(DirectoryInfo folder) =>
        folder.EnumerateDirectories()
            .Where(child => !BuildFolders.Contains(child.Name) && (child.Name[0] != '.' || child.Name is ".ci" or ".github"))
            .SelectMany(Walk)
            .Concat(folder.EnumerateFiles().Where(file => file.Name != ".git"));

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Octet.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Octet.slnx.");
    }
}
