using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;

namespace Octet.Training.Native;

/// <summary>Where the native libraries lie: libtorch's and TorchSharp's own come in two packages, so that their folders may differ.</summary>
/// <param name="Torch">The folder of libtorch.</param>
/// <param name="Binding">The path of TorchSharp's native library.</param>
internal sealed record TorchFiles(string Torch, string Binding)
{
    private static readonly string Prefix = OperatingSystem.IsWindows() ? "" : "lib";
    private static readonly string Suffix = OperatingSystem.IsWindows() ? ".dll" : OperatingSystem.IsMacOS() ? ".dylib" : ".so";

    /// <summary>The runtime identifier that the packages' folders carry on this machine.</summary>
    public static string RuntimeIdentifier { get; } =
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    /// <summary>The file name of a library on this system.</summary>
    public static string FileName(string library) => Prefix + library + Suffix;

    /// <summary>Finds both, each in the first folder that has it.</summary>
    /// <param name="options">Where to look before the application's own places.</param>
    /// <exception cref="DllNotFoundException">One of them is in none of the folders.</exception>
    public static TorchFiles Find(TorchNativeOptions options) => FindIn(Folders(options));

    /// <summary>Finds both, each in the first of these folders that has it.</summary>
    /// <exception cref="DllNotFoundException">One of them is in none of the folders.</exception>
    internal static TorchFiles FindIn(IEnumerable<string> candidates)
    {
        string[] folders = [.. candidates.Where(Directory.Exists).Distinct(StringComparer.Ordinal)];
        string Folder(string library) => folders.FirstOrDefault(folder => File.Exists(Path.Combine(folder, FileName(library)))) ?? throw new DllNotFoundException(
            $"{FileName(library)} for {RuntimeIdentifier} is in none of these folders: {(folders.Length > 0 ? string.Join(", ", folders) : "none exists")}. "
            + $"Reference the package TorchSharp-cpu (or libtorch-cpu-{RuntimeIdentifier}), or name the folder that has the file.");
        return new TorchFiles(Folder("torch_cpu"), Path.Combine(Folder("LibTorchSharp"), FileName("LibTorchSharp")));
    }

    private static IEnumerable<string> Folders(TorchNativeOptions options)
    {
        foreach (string folder in options.Folders)
        {
            yield return Path.GetFullPath(folder);
            yield return NativeFolder(Path.GetFullPath(folder));
        }
        if (options.DependenciesFile is { } file)
        {
            yield return Path.GetDirectoryName(Path.GetFullPath(file))!;
            yield return NativeFolder(Path.GetDirectoryName(Path.GetFullPath(file))!);
            foreach (string folder in PackageFolders(file))
                yield return folder;
        }
        yield return AppContext.BaseDirectory;
        yield return NativeFolder(AppContext.BaseDirectory);
        foreach (string folder in Listed("NATIVE_DLL_SEARCH_DIRECTORIES", Path.PathSeparator))
            yield return folder;
        foreach (string folder in Listed("APP_CONTEXT_DEPS_FILES", ';').SelectMany(PackageFolders))
            yield return folder;
        foreach (string folder in InPackageRoots(NeededPackages()))
            yield return folder;
    }

    // The packages that a deps.json names, in the package folders of this user. A package may be named without a file of it having been copied.
    private static IEnumerable<string> PackageFolders(string dependenciesFile)
    {
        List<string> packages = [];
        try
        {
            using FileStream stream = File.OpenRead(dependenciesFile);
            using JsonDocument document = JsonDocument.Parse(stream);
            if (document.RootElement.TryGetProperty("libraries", out JsonElement libraries))
                packages.AddRange(libraries.EnumerateObject().Select(library => library.Name).Where(IsTorch));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            // Another place may have the files; if none has, the message lists those that were looked at.
        }
        return InPackageRoots(packages);
    }

    // The packages of the very versions that the loaded TorchSharp is made for, restored for whichever project. Its type initializer, which loads libtorch, must not run: the constant is only read.
    private static IEnumerable<string> NeededPackages()
    {
        Assembly torchSharp = typeof(torch).Assembly;
        if (typeof(torch).GetField("libtorchPackageVersion", BindingFlags.NonPublic | BindingFlags.Static) is { IsLiteral: true } constant && Version.TryParse((string?)constant.GetRawConstantValue(), out Version? libtorch))
            yield return $"libtorch-cpu-{RuntimeIdentifier}/{libtorch.ToString(3)}";
        if (torchSharp.GetName().Version is { } version)
            yield return $"torchsharp/{version.ToString(3)}";
    }

    private static IEnumerable<string> InPackageRoots(IEnumerable<string> packages) =>
        from package in packages
        from root in PackageRoots()
        select NativeFolder(Path.Combine(root, package.ToLowerInvariant()));

    private static bool IsTorch(string package) =>
        package.StartsWith("TorchSharp/", StringComparison.OrdinalIgnoreCase) || (package.StartsWith("libtorch-", StringComparison.OrdinalIgnoreCase) && package.Contains(RuntimeIdentifier, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> PackageRoots()
    {
        foreach (string folder in Listed("PROBING_DIRECTORIES", Path.PathSeparator))
            yield return folder;
        if (Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } configured)
            yield return configured;
        yield return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
    }

    private static string[] Listed(string key, char separator) =>
        AppContext.GetData(key) is string list ? list.Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : [];

    private static string NativeFolder(string folder) => Path.Combine(folder, "runtimes", RuntimeIdentifier, "native");
}
