using Microsoft.Build.Framework;

namespace Octet.Tasks;

/// <summary>Gives the files of the last run as items, also in a build that skipped the tool.</summary>
[MSBuildMultiThreadableTask]
public sealed class ReadQuantizationOutputs : Microsoft.Build.Utilities.Task
{
    /// <summary>The project: relative paths begin at its folder.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>The folder that the tool writes to. What lies elsewhere is the user's and never cleaned.</summary>
    [Required]
    public string OutputPath { get; set; } = "";

    /// <summary>The list that the tool wrote. May be absent.</summary>
    [Required]
    public string OutputsFile { get; set; } = "";

    /// <summary>Float files with metadata TargetPath: they ship in any case.</summary>
    public ITaskItem[] FloatFiles { get; set; } = [];

    /// <summary>Whether what the tool made ships; otherwise the float files alone do.</summary>
    public bool ShipVariants { get; set; } = true;

    /// <summary>Everything that the tool wrote, for Clean.</summary>
    [Output]
    public ITaskItem[] WrittenFiles { get; private set; } = [];

    /// <summary>What the application's output gets, each with metadata TargetPath.</summary>
    [Output]
    public ITaskItem[] ShippedFiles { get; private set; } = [];

    /// <inheritdoc/>
    public override bool Execute()
    {
        string projectDirectory = Path.GetDirectoryName(ProjectFile);
        string outputPath = ProjectPath.Absolute(OutputPath, projectDirectory);
        IReadOnlyList<OutputFile> outputs = Tasks.OutputsFile.Read(ProjectPath.Absolute(OutputsFile, projectDirectory));

        WrittenFiles =
        [
            .. from output in outputs
               where ProjectPath.Below(outputPath, output.Path) is not null
               select EscapedItem.Create(output.Path),
        ];

        HashSet<string> floatLinks = new(FloatFiles.Select(file => file.GetMetadata("TargetPath")), StringComparer.OrdinalIgnoreCase);
        ShippedFiles =
        [
            .. FloatFiles,
            .. from output in outputs
               where ShipVariants && output.Link.Length > 0 && !floatLinks.Contains(output.Link)
               select EscapedItem.Create(output.Path, ("TargetPath", output.Link)),
        ];
        return true;
    }
}
