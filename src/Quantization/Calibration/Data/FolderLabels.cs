using System.Collections.Frozen;

namespace Octet.Quantization.Calibration.Data;

/// <summary>Labels from a folder with one folder a class.</summary>
internal sealed class FolderLabels : LabelSource
{
    private readonly string _root;
    private readonly FrozenDictionary<string, int> _classes;

    private FolderLabels(string root, FrozenDictionary<string, int> classes)
    {
        _root = root;
        _classes = classes;
    }

    /// <summary>The folders directly below a folder are the classes, also where they hold no file.</summary>
    public static LabelSource? Below(string folder, out string? problem)
    {
        problem = null;
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        IEnumerable<string> folders = Directory.EnumerateDirectories(root, "*", new EnumerationOptions());
        FrozenDictionary<string, int> classes = IndexesOf(folders.Select(static path => Path.GetFileName(path)));
        if (classes.Count >= 2)
            return new FolderLabels(root, classes);
        problem = $"'{folder}' does not hold two or more folders, one a class";
        return null;
    }

    /// <summary>The folders that the files lie in are the classes, if they are two or more and lie side by side.</summary>
    public static LabelSource? Around(IReadOnlyList<DataFile> files, out string? problem)
    {
        string?[] parents = [.. files.Select(static file => Path.GetDirectoryName(file.Path)).Distinct(StringComparer.Ordinal)];
        string?[] roots = [.. parents.Select(Path.GetDirectoryName).Distinct(StringComparer.Ordinal)];
        if (parents.Length >= 2 && roots is [{ } root])
            return Below(root, out problem);
        problem = "the files do not lie in two or more folders side by side, one a class";
        return null;
    }

    public override bool Covers(DataFile file) => ClassOf(file) is not null;

    public override int Of(DataFile file, DataRow row) => ClassOf(file)!.Value;

    private int? ClassOf(DataFile file)
    {
        string[] parts = DataFiles.Portable(Path.GetRelativePath(_root, file.Path)).Split('/');
        return parts.Length >= 2 && _classes.TryGetValue(parts[0], out int index) ? index : null;
    }
}
