namespace Octet.Tasks;

/// <summary>Paths as a project means them: relative ones begin at its folder.</summary>
internal static class ProjectPath
{
    private static readonly StringComparison Comparison =
        Path.DirectorySeparatorChar == '\\' ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    /// <summary>Compares paths as this platform does.</summary>
    public static StringComparer Comparer { get; } =
        Path.DirectorySeparatorChar == '\\' ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>The absolute, normalized path. Either slash separates.</summary>
    public static string Absolute(string path, string folder)
    {
        string native = path.Replace('\\', '/').Replace('/', Path.DirectorySeparatorChar);
#pragma warning disable RS0030 // The current directory plays no part: the folder of the project is absolute.
        return Path.GetFullPath(Path.Combine(folder, native));
#pragma warning restore RS0030
    }

    /// <summary>The path below the folder with '/' as separator; null where it lies elsewhere. Both are absolute and normalized.</summary>
    public static string? Below(string folder, string path)
    {
        string root = folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar;
        return path.StartsWith(root, Comparison) ? path.Substring(root.Length).Replace(Path.DirectorySeparatorChar, '/') : null;
    }
}
