using System.Globalization;
using Octet.Tool.Cache;
using Octet.Torch.Export;

namespace Octet.Tool.Checkpoints;

/// <summary>The address of an exported model: a hash over everything that decides it. Nothing of it depends on the machine.</summary>
internal static class ExportKey
{
    /// <summary>Hashes the checkpoint, the module's assembly with what it needs, the arguments, the inputs, TorchSharp, libtorch and the tool.</summary>
    /// <returns>Lower-case hexadecimal SHA-256.</returns>
    public static string Of(ExportRequest request)
    {
        using ContentKey key = new();
        // Under its name the model knows its external data.
        key.Add($"export {Path.GetFileName(request.Output)}");
        key.AddTool();
        key.AddFile(request.Checkpoint);
        key.Add(request.ModuleType);
        foreach (string assembly in request.Assembly.Length > 0 ? ModuleAssemblies.Closure(request.Assembly, request.References) : [])
            key.AddFile(assembly);
        foreach (string argument in request.ConstructorArguments)
            key.Add($"argument {argument}");
        foreach (ExportInput input in request.Inputs)
            key.Add(string.Create(CultureInfo.InvariantCulture, $"input {input.Name} {string.Join(',', input.Dimensions)} {input.ElementType}"));
        key.Add(string.Create(CultureInfo.InvariantCulture, $"opset {request.Opset}, fixed batch {request.FixedBatch}"));
        foreach (string folder in request.TorchFolders.Where(Directory.Exists))
            AddTorch(key, new DirectoryInfo(folder));
        return key.Finish();
    }

    // Half a gigabyte of libraries is not hashed for what a version's sizes tell.
    private static void AddTorch(ContentKey key, DirectoryInfo folder)
    {
        foreach (FileInfo file in folder.EnumerateFiles().Where(file => file.Name.Contains("torch", StringComparison.OrdinalIgnoreCase)).OrderBy(file => file.Name, StringComparer.Ordinal))
            key.Add(string.Create(CultureInfo.InvariantCulture, $"{file.Name} {file.Length}"));
    }
}
