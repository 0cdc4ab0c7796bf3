using Octet.Quantization;
using Octet.Quantization.Diagnostics;

namespace Octet.Tool.Cache;

/// <summary>
/// Files that diagnostics speak of, named so that they fit every checkout that shares a cache entry: the model, or a path below the folder of the data.
/// </summary>
internal sealed class PortablePaths(QuantizationRequest request)
{
    private const string Model = "{model}";
    private const string Data = "{data}";
    private readonly string? _root = CommonFolder(request.Data);

    /// <summary>The nearest folder that all paths lie in; null where there is none.</summary>
    public static string? CommonFolder(IReadOnlyList<string> paths)
    {
        string? common = paths.Count == 0 ? null : Path.GetDirectoryName(paths[0]);
        while (common is not null && !paths.All(path => Lies(path, common)))
            common = Path.GetDirectoryName(common);
        return common;
    }

    /// <summary>A path below a folder, '/' between its parts; the path itself where there is no folder.</summary>
    public static string Below(string? folder, string path) => folder is null ? path : Path.GetRelativePath(folder, path).Replace('\\', '/');

    /// <summary>For the cache.</summary>
    public Diagnostic Pack(Diagnostic diagnostic)
    {
        if (diagnostic.File == request.ModelPath)
            return diagnostic with { File = Model };
        return _root is not null && diagnostic.File is { } file && Lies(file, _root) ? diagnostic with { File = $"{Data}/{Below(_root, file)}" } : diagnostic;
    }

    /// <summary>From the cache.</summary>
    public Diagnostic Unpack(Diagnostic diagnostic)
    {
        if (diagnostic.File == Model)
            return diagnostic with { File = request.ModelPath };
        return _root is not null && diagnostic.File is { } file && file.StartsWith(Data + '/', StringComparison.Ordinal)
            ? diagnostic with { File = Path.GetFullPath(Path.Combine(_root, file[(Data.Length + 1)..])) }
            : diagnostic;
    }

    private static bool Lies(string path, string folder) =>
        path.StartsWith(folder.EndsWith(Path.DirectorySeparatorChar) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
