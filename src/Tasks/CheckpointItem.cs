using Microsoft.Build.Framework;

namespace Octet.Tasks;

/// <summary>
/// What a QuantizeModel item says of a TorchSharp checkpoint: weights, and the module that they are of. The tool exports a float model from them, which
/// takes the module's assembly: where that is the project's own, the compiler has to run first.
/// </summary>
/// <param name="ModuleType">The module's type; empty for a TorchScript archive, which holds its code itself.</param>
/// <param name="ModuleAssembly">The assembly that is looked for it in first, absolute; empty likewise.</param>
/// <param name="ConstructorArguments">What the module's constructor takes.</param>
internal sealed record CheckpointItem(string ModuleType, string ModuleAssembly, IReadOnlyList<string> ConstructorArguments)
{
    // An archive may hold its code; these hold weights and nothing else.
    private static readonly string[] WeightEndings = [".dat", ".safetensors"];
    private static readonly string[] ArchiveEndings = [".pt", ".pth"];

    /// <summary>The lines of the plan that make the model a checkpoint.</summary>
    public IEnumerable<KeyValuePair<string, string>> Plan =>
    [
        new("checkpoint", "true"),
        new("module-type", ModuleType),
        new("module-assembly", ModuleAssembly),
        .. ConstructorArguments.Select(argument => new KeyValuePair<string, string>("constructor-argument", argument)),
    ];

    /// <summary>Reads an item; null where it is no checkpoint.</summary>
    /// <param name="item">The QuantizeModel item.</param>
    /// <param name="path">Its file.</param>
    /// <param name="projectDirectory">Where relative paths begin.</param>
    /// <param name="projectAssembly">The project's own assembly, absolute.</param>
    public static CheckpointItem? Read(ITaskItem item, string path, string projectDirectory, string projectAssembly)
    {
        string moduleType = Metadata(item, "ModuleType");
        if (moduleType.Length == 0)
            return HasEnding(path, ArchiveEndings) ? new CheckpointItem("", "", []) : null;
        string written = Metadata(item, "ModuleAssembly");
        return new CheckpointItem(
            moduleType,
            written.Length == 0 ? projectAssembly : ProjectPath.Absolute(written, projectDirectory),
            Settings.Split(Metadata(item, "ConstructorArguments")));
    }

    /// <summary>Gives OCT1007 where a checkpoint does not say its inputs, and OCT1009 where weights do not say their module.</summary>
    public static void Check(ITaskItem item, string path, TaskDiagnostics diagnostics)
    {
        bool hasModule = Metadata(item, "ModuleType").Length > 0;
        if (!hasModule && HasEnding(path, WeightEndings))
            diagnostics.Error("OCT1009", item.ItemSpec);
        else if ((hasModule || HasEnding(path, ArchiveEndings)) && Metadata(item, "InputShapes").Length == 0)
            diagnostics.Error("OCT1007", item.ItemSpec);
    }

    private static bool HasEnding(string path, string[] endings) => endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private static string Metadata(ITaskItem item, string name) => item.GetMetadata(name).Trim();
}
