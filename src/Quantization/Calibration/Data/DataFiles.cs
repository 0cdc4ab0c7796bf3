using System.Collections.Frozen;
using System.Collections.Immutable;
using System.IO.Enumeration;
using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Calibration.Data;

/// <summary>The files that a list of files and folders names.</summary>
/// <param name="Paths">The files of known kinds, each once: in the order given, those of a folder in ordinal order.</param>
/// <param name="Roots">The folders that were given.</param>
/// <param name="Ignored">Files of other kinds.</param>
internal sealed record DataFiles(ImmutableArray<string> Paths, ImmutableArray<string> Roots, ImmutableArray<string> Ignored)
{
    /// <summary>Forms that data often has and that are not read: the user is told instead of left to wonder.</summary>
    private static readonly FrozenSet<string> KnownButUnread = FrozenSet.ToFrozenSet(
        [".webp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".ppm", ".pgm",
            ".mat", ".h5", ".hdf5", ".pt", ".pth", ".safetensors", ".parquet", ".feather", ".arrow", ".tfrecord", ".pkl", ".pickle",
            ".zip", ".tar", ".tgz", ".7z", ".wav", ".flac", ".mp3", ".mp4", ".avi"],
        StringComparer.OrdinalIgnoreCase);

    private static readonly EnumerationOptions Below = new() { RecurseSubdirectories = true };

    /// <summary>Finds the files; what is not read is reported as OCT3002, once an extension.</summary>
    /// <exception cref="DiagnosticException">OCT3008: a path names nothing, or a folder without a file of a known kind.</exception>
    public static DataFiles Find(ImmutableArray<string> filesOrFolders, string modelPath, IDiagnosticSink diagnostics)
    {
        var paths = ImmutableArray.CreateBuilder<string>();
        var roots = ImmutableArray.CreateBuilder<string>();
        var ignored = ImmutableArray.CreateBuilder<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var unread = new SortedDictionary<string, List<string>>(StringComparer.OrdinalIgnoreCase);

        foreach (string given in filesOrFolders)
        {
            if (Directory.Exists(given))
            {
                string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(given));
                roots.Add(root);
                bool any = false;
                foreach (string file in FilesBelow(root))
                    any |= Take(file);
                if (!any && unread.Count == 0)
                    throw DiagnosticCatalog.Exception("OCT3008", modelPath, given);
            }
            else if (File.Exists(given))
            {
                Take(Path.GetFullPath(given));
            }
            else
            {
                throw DiagnosticCatalog.Exception("OCT3008", modelPath, given);
            }
        }

        foreach ((string extension, List<string> files) in unread)
        {
            string reason = $"{extension.ToLowerInvariant()} files ({files.Count} of them) are not read; convert them to .png, .npy or .csv";
            diagnostics.Report(DiagnosticCatalog.Create("OCT3002", files[0], reason));
        }
        return new DataFiles(paths.ToImmutable(), roots.ToImmutable(), ignored.ToImmutable());

        bool Take(string file)
        {
            if (KindOf(file) != DataFileKind.None)
            {
                if (seen.Add(file))
                    paths.Add(file);
                return true;
            }
            ignored.Add(file);
            string extension = Path.GetExtension(file);
            if (KnownButUnread.Contains(extension))
            {
                if (!unread.TryGetValue(extension, out List<string>? files))
                    unread.Add(extension, files = []);
                files.Add(file);
            }
            return false;
        }
    }

    /// <summary>The kind of a file by its name.</summary>
    public static DataFileKind KindOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".png" or ".jpg" or ".jpeg" or ".bmp" or ".tga" or ".gif" => DataFileKind.Image,
        ".npy" => DataFileKind.Npy,
        ".npz" => DataFileKind.Npz,
        // The outputs of ONNX test data lie beside the inputs and are no inputs.
        ".pb" when !Path.GetFileName(path).StartsWith("output_", StringComparison.OrdinalIgnoreCase) => DataFileKind.OnnxTensor,
        ".csv" => DataFileKind.Csv,
        ".gz" when path.EndsWith(".csv.gz", StringComparison.OrdinalIgnoreCase) => DataFileKind.Csv,
        _ => DataFileKind.None,
    };

    /// <summary>Path with '/' as its separator, so that order and comparison are the same on every system.</summary>
    public static string Portable(string path) => Path.DirectorySeparatorChar == '/' ? path : path.Replace('\\', '/');

    private static List<string> FilesBelow(string root)
    {
        // A link to a folder may lead back to where it lies, so links are followed only where a user names them.
        var found = new FileSystemEnumerable<string>(root, static (ref FileSystemEntry entry) => entry.ToFullPath(), Below)
        {
            ShouldIncludePredicate = static (ref FileSystemEntry entry) => !entry.IsDirectory,
            ShouldRecursePredicate = static (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        return [.. found.OrderBy(Portable, StringComparer.Ordinal)];
    }
}
