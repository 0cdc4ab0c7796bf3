using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using TorchSharp;

namespace Octet.Training.Native;

/// <summary>Where native libraries are looked for, and where a patched copy goes.</summary>
public sealed record TorchNativeOptions
{
    /// <summary>Folders that are looked at first: with the files themselves, or with a folder <c>runtimes</c> as a package has it.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];

    /// <summary>A .deps.json whose packages are looked at next, for modules of an assembly other than the running one; null for the running application's.</summary>
    public string? DependenciesFile { get; init; }

    /// <summary>Where a patched copy is kept; null for <c>octet/torch</c> in the user's cache folder.</summary>
    public string? CacheFolder { get; init; }
}

/// <summary>What <see cref="TorchNative.Load"/> did.</summary>
public enum TorchNativeState
{
    /// <summary>The libraries were loaded before, by TorchSharp itself or another caller.</summary>
    AlreadyLoaded,

    /// <summary>The libraries were loaded as they are.</summary>
    Loaded,

    /// <summary>TorchSharp's native library was loaded from a copy in which versions that this machine lacks are marked weak.</summary>
    LoadedPatchedCopy,
}

/// <summary>What <see cref="TorchNative.Load"/> did, and why.</summary>
/// <param name="State">What was done.</param>
/// <param name="Torch">The folder of libtorch; empty where it was loaded before.</param>
/// <param name="Binding">The path of TorchSharp's native library that was loaded; empty likewise.</param>
/// <param name="Explanation">The same in a sentence.</param>
public sealed record TorchNativeLoad(TorchNativeState State, string Torch, string Binding, string Explanation);

/// <summary>
/// Loads libtorch and TorchSharp's native library before TorchSharp does: from wherever they lie, without copying half a gigabyte beside the application, and also on a
/// Linux whose C++ library is older than the one that TorchSharp's native library was built with (Debian 12, Ubuntu 22.04).
/// </summary>
public static partial class TorchNative
{
    private const string CppLibrary = "libstdc++.so.6";
    private static readonly object Gate = new();
    private static TorchNativeLoad? _done;

    /// <summary>Loads the libraries. Call it before the first tensor is made; a second call does nothing.</summary>
    /// <param name="options">Where to look; null for the application's own places: its folder, its <c>runtimes</c> folder, the packages that its .deps.json names.</param>
    /// <returns>What was done: whether a copy was patched, and why.</returns>
    /// <exception cref="DllNotFoundException">There are no libraries for this machine, or they need more of it than a patch can give. The message says which.</exception>
    /// <exception cref="IOException">No patched copy can be written.</exception>
    public static TorchNativeLoad Load(TorchNativeOptions? options = null)
    {
        lock (Gate)
            return _done ??= LoadOnce(options ?? new TorchNativeOptions());
    }

    private static TorchNativeLoad LoadOnce(TorchNativeOptions options)
    {
        if (LoadedPath(TorchFiles.FileName("LibTorchSharp")) is { } loaded)
            return new TorchNativeLoad(TorchNativeState.AlreadyLoaded, "", "", $"'{loaded}' is loaded already.");

        TorchFiles files = TorchFiles.Find(options);
        // Two copies of libtorch in a process abort it: whoever came first has chosen the folder.
        string torch = Path.GetDirectoryName(LoadedPath(TorchFiles.FileName("torch_cpu"))) ?? files.Torch;
        (string binding, string? patched) = OperatingSystem.IsLinux() ? Loadable(files.Binding, options.CacheFolder) : (files.Binding, null);

        // In the order of their needs: each finds the earlier ones by name, wherever its own folder is.
        Dictionary<string, nint> handles = new(StringComparer.Ordinal);
        foreach (string library in new[] { "c10", "torch_cpu", "torch" })
            if (Path.Combine(torch, TorchFiles.FileName(library)) is var path && File.Exists(path))
                handles[library] = NativeLibrary.Load(path);
        handles["LibTorchSharp"] = NativeLibrary.Load(binding);
        Resolve(handles);
        return patched is null
            ? new TorchNativeLoad(TorchNativeState.Loaded, torch, binding, $"'{binding}' was loaded as it is.")
            : new TorchNativeLoad(TorchNativeState.LoadedPatchedCopy, torch, binding, $"'{files.Binding}' was loaded from a patched copy, '{binding}': {patched}");
    }

    // TorchSharp asks for its libraries by name; an unpatched file beside the application would be tried first.
    private static void Resolve(Dictionary<string, nint> handles)
    {
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(torch).Assembly, (name, _, _) => handles.GetValueOrDefault(name));
        }
        catch (InvalidOperationException)
        {
            // The application resolves by itself. Libraries that are loaded are found by their names in any case.
        }
    }

    private static (string Path, string? Patched) Loadable(string binding, string? cacheFolder)
    {
        byte[] bytes = File.ReadAllBytes(binding);
        IReadOnlyList<RequiredVersion> missing;
        IReadOnlySet<ushort> used;
        try
        {
            if (CppVersions() is not { } defined)
                return (binding, null);
            ElfLibrary elf = ElfLibrary.Read(bytes);
            missing = WeakenedLibrary.Missing(elf, CppLibrary, defined);
            used = elf.UsedVersions;
        }
        catch (InvalidDataException)
        {
            // What it is the linker will say, better than we can.
            return (binding, null);
        }
        if (missing.Count == 0)
            return (binding, null);

        string names = string.Join(", ", missing.Select(version => version.Name));
        if (missing.FirstOrDefault(version => used.Contains(version.Index)) is { } needed)
            throw new DllNotFoundException($"'{binding}' uses symbols of {needed.Name}, which this machine's {CppLibrary} does not have. Install a newer one (package libstdc++6), or use a newer distribution.");
        string folder = cacheFolder ?? UserCache.TorchFolder() ?? Directory.CreateTempSubdirectory("octet-").FullName;
        return (WeakenedLibrary.Keep(folder, Path.GetFileName(binding), WeakenedLibrary.Weaken(bytes, missing)),
            $"it asks for {names}, which this machine's {CppLibrary} lacks, but uses no symbol of it.");
    }

    // The C++ library that this process has or would get; null where it cannot be told, so that the linker decides.
    private static IReadOnlySet<string>? CppVersions()
    {
        if (!NativeLibrary.TryLoad(CppLibrary, out _) || LoadedPath(CppLibrary) is not { } path || !File.Exists(path))
            return null;
        return ElfLibrary.Read(File.ReadAllBytes(path)).DefinedVersions;
    }

    // From the process's memory map, on Linux. A library's file may carry its version behind the soname.
    private static string? LoadedPath(string fileName)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        foreach (string line in File.ReadLines("/proc/self/maps"))
            if (MappedFile().Match(line) is { Success: true } match && Path.GetFileName(match.Value).StartsWith(fileName, StringComparison.Ordinal))
                return match.Value;
        return null;
    }

    [GeneratedRegex("/.*$")]
    private static partial Regex MappedFile();
}
