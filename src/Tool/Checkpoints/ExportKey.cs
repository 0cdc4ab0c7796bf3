using Octet.Tool.Cache;

namespace Octet.Tool.Checkpoints;

/// <summary>The address of an exported model: a hash over everything that decides it. Nothing of it depends on the machine.</summary>
internal static class ExportKey
{
    /// <summary>Hashes the checkpoint, the module's assembly with what it needs, the arguments, the inputs, TorchSharp, libtorch and the tool.</summary>
    /// <param name="export">The checkpoint.</param>
    /// <param name="fileName">The exported model's file name, by which it knows its external data.</param>
    /// <returns>Lower-case hexadecimal SHA-256.</returns>
    public static string Of(CheckpointExport export, string fileName)
    {
        using ContentKey key = new();
        key.Add($"export {fileName}");
        key.AddTool();
        key.AddFile(export.Path);
        key.Add(export.ModuleType);
        foreach (string assembly in export.ModuleAssembly.Length > 0 ? ModuleAssemblies.Closure(export.ModuleAssembly, export.References) : [])
            key.AddFile(assembly);
        foreach (string argument in export.ConstructorArguments)
            key.Add($"argument {argument}");
        foreach (string input in export.Inputs)
            key.Add($"input {input}");
        key.AddFile(export.TorchSharp);
        foreach (string library in export.NativeFolders.SelectMany(TorchLibraries))
            key.Add(library);
        return key.Finish();
    }

    // Half a gigabyte is not hashed for what a version's sizes tell.
    private static IEnumerable<string> TorchLibraries(string folder) => !Directory.Exists(folder)
        ? []
        : new DirectoryInfo(folder).EnumerateFiles()
            .Where(file => file.Name.Contains("torch", StringComparison.OrdinalIgnoreCase))
            .Select(file => $"library {file.Name} {file.Length}")
            .Order(StringComparer.Ordinal);
}
