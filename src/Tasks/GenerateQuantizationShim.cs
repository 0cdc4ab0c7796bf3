using Microsoft.Build.Framework;

namespace Octet.Tasks;

/// <summary>
/// Writes the class QuantizedModels. What it offers depends on the plan alone, so a design-time build before the first
/// real one gives the same members; only their documentation gets fuller once the tool has run.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class GenerateQuantizationShim : Microsoft.Build.Utilities.Task
{
    /// <summary>The models of ResolveQuantizeModels.</summary>
    [Required]
    public ITaskItem[] Models { get; set; } = [];

    /// <summary>The project: relative paths begin at its folder.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>The namespace; empty for the global one.</summary>
    public string RootNamespace { get; set; } = "";

    /// <summary>The project's Nullable property.</summary>
    public string Nullable { get; set; } = "";

    /// <summary>What the tool found out about the models. The file may be absent; empty where the tool runs after the compiler and must not change what it compiled.</summary>
    public string ModelsFile { get; set; } = "";

    /// <summary>The source file to write; it is left alone when it is the same already.</summary>
    [Required]
    public string ShimFile { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute()
    {
        string projectDirectory = Path.GetDirectoryName(ProjectFile);
        IReadOnlyList<ShimModel> models = [.. Models.Select(model => new ShimModel(
            model.GetMetadata("QuantizeModelName"),
            model.GetMetadata("QuantizeModelMember"),
            model.GetMetadata("QuantizeModelLink"),
            model.GetMetadata("QuantizeModelManifest")))];
        IReadOnlyList<ModelFacts> facts = ModelsFile.Length == 0 ? [] : ModelFacts.Read(TextFile.ReadLines(ProjectPath.Absolute(ModelsFile, projectDirectory)));
        bool annotated = Nullable.Length > 0 && !Nullable.Equals("disable", StringComparison.OrdinalIgnoreCase);
        string source = ShimSource.Render(models, facts, RootNamespace, OctetVersion.Current, annotated);
        return TextFile.TryWriteIfDifferent(ProjectPath.Absolute(ShimFile, projectDirectory), source, new TaskDiagnostics(Log, ProjectFile));
    }
}
