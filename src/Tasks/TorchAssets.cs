using System.Text.RegularExpressions;

namespace Octet.Tasks;

/// <summary>
/// The TorchSharp and the libtorch that the application itself restored, for the build machine: what the tool exports checkpoints with. They are looked up
/// in the restore's own record, not among the assets that the application gets: libtorch comes in a package a platform, and an application that runs
/// quantized models alone has no use for half a gigabyte of it in its output.
/// </summary>
/// <param name="Managed">Absolute path of TorchSharp.dll; empty where no package has it.</param>
/// <param name="Native">Absolute folder of TorchSharp's native library; empty likewise.</param>
/// <param name="Libtorch">Absolute folder of libtorch's native libraries; empty likewise.</param>
/// <param name="Missing">The first file that no package has; null where all are there.</param>
internal sealed record TorchAssets(string Managed, string Native, string Libtorch, string? Missing)
{
    /// <summary>Looks through the restored packages.</summary>
    /// <param name="projectAssetsFile">The restore's project.assets.json, absolute. May be absent.</param>
    /// <param name="packageFolders">The folders that packages are restored to, absolute.</param>
    /// <param name="runtimeIdentifier">The build machine's, such as linux-x64.</param>
    public static TorchAssets Find(string projectAssetsFile, IReadOnlyList<string> packageFolders, string runtimeIdentifier)
    {
        // libtorch knows no musl; whether its glibc build loads there, the tool finds out.
        string platform = runtimeIdentifier.Replace("-musl", "");
        string binding = FileName("LibTorchSharp", platform), torch = FileName("torch_cpu", platform);
        string restored = string.Join("\n", TextFile.ReadLines(projectAssetsFile));

        string? Folder(string package, string inPackage, string file) =>
            (from Match match in Regex.Matches(restored, $"\"path\"\\s*:\\s*\"(?<path>{Regex.Escape(package)}/[^\"/]+)\"", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)
             from root in packageFolders
             let folder = ProjectPath.Absolute($"{match.Groups["path"].Value}/{inPackage}", root)
             where File.Exists(Path.Combine(folder, file))
             select folder).FirstOrDefault();

        string native = $"runtimes/{platform}/native";
        string? managed = Folder("TorchSharp", "lib/net8.0", "TorchSharp.dll");
        string? bindingFolder = Folder("TorchSharp", native, binding);
        string? torchFolder = Folder($"libtorch-cpu-{platform}", native, torch);
        return new TorchAssets(
            managed is null ? "" : Path.Combine(managed, "TorchSharp.dll"),
            bindingFolder ?? "",
            torchFolder ?? "",
            managed is null ? "TorchSharp.dll" : bindingFolder is null ? binding : torchFolder is null ? torch : null);
    }

    private static string FileName(string library, string platform) => platform.Split('-')[0] switch
    {
        "win" => $"{library}.dll",
        "osx" => $"lib{library}.dylib",
        _ => $"lib{library}.so",
    };
}
