using Microsoft.Build.Framework;

namespace Octet.Tasks;

/// <summary>
/// The ONNX Runtime that the application itself restored: its managed assembly and the native library that runs on
/// the build machine. The tool loads these, so that the build measures the very kernels that the application ships.
/// </summary>
/// <param name="Managed">Absolute path of Microsoft.ML.OnnxRuntime.dll; empty where no package has it.</param>
/// <param name="Native">Absolute path of the native library; empty where no package has one for the machine.</param>
internal sealed record OnnxRuntimeAssets(string Managed, string Native)
{
    private const string ManagedName = "Microsoft.ML.OnnxRuntime.dll";

    /// <summary>The native library's file name on a platform.</summary>
    public static string NativeName(string runtimeIdentifier) => runtimeIdentifier.Split('-')[0] switch
    {
        "win" => "onnxruntime.dll",
        "osx" => "libonnxruntime.dylib",
        _ => "libonnxruntime.so",
    };

    /// <summary>
    /// Looks through the resolved package assets. Any package of ONNX Runtime will do, also those for GPUs. A project
    /// built for another platform resolves that platform's library; the build machine's lies in the same package.
    /// </summary>
    /// <param name="managed">Assemblies that the application runs with.</param>
    /// <param name="native">Native assets: those of the project's runtime identifier, and those of all platforms where it has none.</param>
    /// <param name="runtimeIdentifier">The build machine's, such as linux-x64.</param>
    public static OnnxRuntimeAssets Find(IReadOnlyList<ITaskItem> managed, IReadOnlyList<ITaskItem> native, string runtimeIdentifier)
    {
        // A package knows no musl; whether its glibc build loads there, the tool finds out.
        string[] identifiers = [.. new[] { runtimeIdentifier, runtimeIdentifier.Replace("-musl", "") }.Distinct()];
        string[] libraries = [.. identifiers.Select(identifier => $"runtimes/{identifier}/native/{NativeName(identifier)}")];

        string? library =
            (from path in libraries
             from item in native
             where PathInPackage(item).Equals(path, StringComparison.OrdinalIgnoreCase)
             select item.ItemSpec).FirstOrDefault()
            ?? (from path in libraries
                from item in native
                where IsNative(item) && PackageFolder(item) is { Length: > 0 }
                let candidate = Path.Combine(PackageFolder(item), path.Replace('/', Path.DirectorySeparatorChar))
                where File.Exists(candidate)
                select candidate).FirstOrDefault();
        return new OnnxRuntimeAssets(FindManaged(managed), library ?? "");
    }

    /// <summary>The tool is a .NET program: where the package has an assembly for that, it is the one to load.</summary>
    private static string FindManaged(IReadOnlyList<ITaskItem> managed)
    {
        ITaskItem? item = managed.FirstOrDefault(one => Path.GetFileName(one.ItemSpec).Equals(ManagedName, StringComparison.OrdinalIgnoreCase));
        if (item is null)
            return "";
        string forNet = Path.Combine(PackageFolder(item), "lib", "net8.0", ManagedName);
        return Path.IsPathRooted(forNet) && File.Exists(forNet) ? forNet : item.ItemSpec;
    }

    private static bool IsNative(ITaskItem item) =>
        Path.GetFileName(item.ItemSpec) is "onnxruntime.dll" or "libonnxruntime.so" or "libonnxruntime.dylib";

    private static string PathInPackage(ITaskItem item) => item.GetMetadata("PathInPackage").Replace('\\', '/');

    private static string PackageFolder(ITaskItem item)
    {
        string inPackage = PathInPackage(item);
        string path = item.ItemSpec.Replace('\\', '/');
        return inPackage.Length > 0 && path.EndsWith("/" + inPackage, StringComparison.OrdinalIgnoreCase)
            ? item.ItemSpec.Substring(0, path.Length - inPackage.Length - 1)
            : "";
    }
}
