using Microsoft.Build.Framework;

namespace Octet.Tasks;

/// <summary>
/// Turns the project's items and properties into a plan: which models, under which names, with which settings and
/// files. Runs in every build, also in design-time builds, so it starts nothing and reads no model.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class ResolveQuantizeModels : Microsoft.Build.Utilities.Task
{
    private static readonly Version OldestMSBuild = new(17, 8);

    /// <summary>The QuantizeModel items.</summary>
    public ITaskItem[] Items { get; set; } = [];

    /// <summary>The project's .onnx files, taken where there is no QuantizeModel item.</summary>
    public ITaskItem[] Candidates { get; set; } = [];

    /// <summary>The public properties, as items named after them with metadata Value.</summary>
    [Required]
    public ITaskItem[] Options { get; set; } = [];

    /// <summary>The project, of which errors are said.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>The namespace of the shim.</summary>
    public string RootNamespace { get; set; } = "";

    /// <summary>MSBuild's version.</summary>
    public string MSBuildVersion { get; set; } = "";

    /// <summary>The folder that the tool writes to.</summary>
    [Required]
    public string OutputPath { get; set; } = "";

    /// <summary>The file in OutputPath that the tool writes last.</summary>
    [Required]
    public string ResultFile { get; set; } = "";

    /// <summary>The file in OutputPath that lists what the tool wrote.</summary>
    [Required]
    public string OutputsFile { get; set; } = "";

    /// <summary>Where the details of a crash go.</summary>
    [Required]
    public string LogFile { get; set; } = "";

    /// <summary>Where the plan goes; it is written only when it differs. Nothing is written where this is empty.</summary>
    public string PlanFile { get; set; } = "";

    /// <summary>Resolved assemblies of the application's packages.</summary>
    public ITaskItem[] ManagedAssets { get; set; } = [];

    /// <summary>Resolved native assets of the application's packages.</summary>
    public ITaskItem[] NativeAssets { get; set; } = [];

    /// <summary>The build machine's runtime identifier.</summary>
    public string BuildRuntimeIdentifier { get; set; } = "";

    /// <summary>The assembly that the project is compiled to: the modules of checkpoints are looked for in it. It need not exist yet.</summary>
    public string ProjectAssembly { get; set; } = "";

    /// <summary>The list of the project's references, which the targets write before the tool runs. It need not exist yet.</summary>
    public string ReferencesFile { get; set; } = "";

    /// <summary>The project.assets.json of the restore. May be absent.</summary>
    public string ProjectAssetsFile { get; set; } = "";

    /// <summary>The folders that packages are restored to.</summary>
    public ITaskItem[] PackageFolders { get; set; } = [];

    /// <summary>The models, absolute, with metadata QuantizeModelName, -Shim (the member with its namespace), -Member, -Link and -Manifest.</summary>
    [Output]
    public ITaskItem[] Models { get; private set; } = [];

    /// <summary>Every file that the result depends on.</summary>
    [Output]
    public ITaskItem[] InputFiles { get; private set; } = [];

    /// <summary>The float files, with their places in the application's output as TargetPath.</summary>
    [Output]
    public ITaskItem[] FloatFiles { get; private set; } = [];

    /// <summary>What the last run wrote and somebody has deleted since.</summary>
    [Output]
    public ITaskItem[] MissingOutputs { get; private set; } = [];

    /// <summary>The application's native ONNX Runtime for the build machine; empty where there is none.</summary>
    [Output]
    public string OnnxRuntimeNative { get; private set; } = "";

    /// <summary>The first checkpoint that needs a library of TorchSharp's or libtorch's which no package of the application has for the build machine; empty where all is there.</summary>
    [Output]
    public string CheckpointWithoutTorch { get; private set; } = "";

    /// <summary>The first such library.</summary>
    [Output]
    public string MissingTorchLibrary { get; private set; } = "";

    /// <summary>The assemblies that the modules of checkpoints are looked for in first. Where there are any, the tool runs after the compiler.</summary>
    [Output]
    public ITaskItem[] ModuleAssemblies { get; private set; } = [];

    /// <inheritdoc/>
    public override bool Execute()
    {
        TaskDiagnostics diagnostics = new(Log, ProjectFile);
        if (Version.TryParse(MSBuildVersion, out Version? version) && version < OldestMSBuild)
        {
            diagnostics.Error("OCT1006", OldestMSBuild, version);
            return false;
        }

        string projectDirectory = Path.GetDirectoryName(ProjectFile);
        string outputPath = ProjectPath.Absolute(OutputPath, projectDirectory);
        Settings settings = new(Options, diagnostics);
        KeyValuePair<string, string>[] common = ReadCommon(settings, projectDirectory, outputPath);
        ModelItem[] models = ReadModels(settings, projectDirectory, outputPath, diagnostics);
        ReportCollisions(models, diagnostics);
        if (Log.HasLoggedErrors)
            return false;

        Models = [.. models.Select(model => EscapedItem.Create(
            model.Path,
            ("QuantizeModelName", model.Name),
            ("QuantizeModelShim", FullMember(model)),
            ("QuantizeModelMember", model.ShimName),
            ("QuantizeModelLink", model.Link),
            ("QuantizeModelManifest", model.Manifest)))];
        InputFiles = [.. models.SelectMany(model => model.Files).Distinct(ProjectPath.Comparer).Select(file => EscapedItem.Create(file))];
        FloatFiles = [.. models.SelectMany(model => model.FloatFiles).Select(file => EscapedItem.Create(file.Path, ("TargetPath", file.Link)))];
        ModuleAssemblies = [.. models.Select(model => model.Checkpoint?.ModuleAssembly ?? "").Where(path => path.Length > 0).Distinct(ProjectPath.Comparer).Select(path => EscapedItem.Create(path))];
        MissingOutputs = [.. FindMissingOutputs(projectDirectory).Select(file => EscapedItem.Create(file))];
        return PlanFile.Length == 0
            || models.Length == 0
            || TextFile.TryWriteIfDifferent(ProjectPath.Absolute(PlanFile, projectDirectory), Tasks.PlanFile.Render([.. common, .. ReadTorch(models, projectDirectory)], models), diagnostics);
    }

    /// <summary>What the export of checkpoints needs. A plan without checkpoints has none of it, so that no restore of libtorch changes it.</summary>
    private IEnumerable<KeyValuePair<string, string>> ReadTorch(ModelItem[] models, string projectDirectory)
    {
        if (models.FirstOrDefault(model => model.Checkpoint is not null) is not { } first)
            return [];
        TorchAssets torch = TorchAssets.Find(
            ProjectPath.Absolute(ProjectAssetsFile, projectDirectory), [.. PackageFolders.Select(folder => ProjectPath.Absolute(folder.ItemSpec, projectDirectory))], BuildRuntimeIdentifier);
        if (torch.Missing is { } missing)
            (CheckpointWithoutTorch, MissingTorchLibrary) = (first.Include, missing);
        return
        [
            new("torchsharp", torch.Managed),
            new("torchsharp-native", torch.Native),
            new("libtorch", torch.Libtorch),
            new("references", ProjectPath.Absolute(ReferencesFile, projectDirectory)),
        ];
    }

    private KeyValuePair<string, string>[] ReadCommon(Settings settings, string projectDirectory, string outputPath)
    {
        // These only decide what the targets do, but a typing error in them must not pass in silence either.
        foreach (string name in new[] { "", "OnBuild", "OnPublish", "StartupBenchmark" })
            settings.Switch(name);

        OnnxRuntimeAssets onnxRuntime = OnnxRuntimeAssets.Find(ManagedAssets, NativeAssets, BuildRuntimeIdentifier);
        OnnxRuntimeNative = onnxRuntime.Native;
        string cache = settings.Text("CachePath");
        return
        [
            new("output", outputPath.TrimEnd(Path.DirectorySeparatorChar)),
            new("project-directory", projectDirectory),
            new("report", settings.Choice("Report", ["None", "Summary", "Detailed"])),
            new("cache", cache.Length == 0 ? "" : ProjectPath.Absolute(cache, projectDirectory)),
            new("use-cache", settings.Switch("UseCache")),
            new("onnxruntime-managed", onnxRuntime.Managed),
            new("onnxruntime-native", onnxRuntime.Native),
            new("treat-verdicts-as-errors", settings.Switch("TreatVerdictsAsErrors")),
            new("log", ProjectPath.Absolute(LogFile, projectDirectory)),
            new("tool-version", OctetVersion.Current),
        ];
    }

    private ModelItem[] ReadModels(Settings settings, string projectDirectory, string outputPath, TaskDiagnostics diagnostics)
    {
        (ITaskItem Item, string Path)[] items = [.. Located(Items, projectDirectory)];
        if (items.Length == 0)
        {
            // An output folder inside the project holds variants that MSBuild's globs find too.
            items =
            [
                .. from candidate in Located(Candidates, projectDirectory)
                   where ProjectPath.Below(outputPath, candidate.Path) is null
                   group candidate by candidate.Path into same
                   select same.First(),
            ];
        }
        if (items.Length == 0)
            diagnostics.Warning("OCT1001");
        foreach ((ITaskItem item, string path) in items.Where(item => !File.Exists(item.Path)))
            diagnostics.Error("OCT1002", item.ItemSpec, path);
        foreach ((ITaskItem item, string path) in items)
            CheckpointItem.Check(item, path, diagnostics);
        string assembly = ProjectAssembly.Length == 0 ? "" : ProjectPath.Absolute(ProjectAssembly, projectDirectory);
        return [.. from item in items where File.Exists(item.Path) select ModelItem.Read(item.Item, item.Path, projectDirectory, assembly, settings)];
    }

    private static IEnumerable<(ITaskItem Item, string Path)> Located(ITaskItem[] items, string projectDirectory) =>
        items.Select(item => (item, ProjectPath.Absolute(item.ItemSpec, projectDirectory)));

    private static void ReportCollisions(ModelItem[] models, TaskDiagnostics diagnostics)
    {
        for (int i = 0; i < models.Length; i++)
        {
            foreach (ModelItem earlier in models.Take(i))
            {
                if (earlier.ShimName == models[i].ShimName)
                    diagnostics.Error("OCT1005", earlier.Include, models[i].Include, "shim name", earlier.ShimName, "ShimName=");
                if (SharedOutput(earlier, models[i]) is { } shared)
                    diagnostics.Error("OCT1005", earlier.Include, models[i].Include, "output path", shared, "Link=");
            }
        }
    }

    /// <summary>A file of the application's output that two models both claim. Case does not count: the output may be copied to Windows.</summary>
    private static string? SharedOutput(ModelItem one, ModelItem other)
    {
        if (one.Stem.Equals(other.Stem, StringComparison.OrdinalIgnoreCase))
            return other.Link;
        return (from pair in new[] { (Of: one, As: other), (Of: other, As: one) }
                from variant in ModelItem.Variants
                where $"{pair.Of.Stem}.{variant}".Equals(pair.As.Stem, StringComparison.OrdinalIgnoreCase)
                select pair.As.Link).FirstOrDefault();
    }

    private string FullMember(ModelItem model)
    {
        string space = CSharpName.Namespace(RootNamespace);
        return $"{(space.Length > 0 ? space + "." : "")}{ShimSource.ClassName}.{model.ShimName}";
    }

    private IEnumerable<string> FindMissingOutputs(string projectDirectory)
    {
        // Without a result the tool runs anyway.
        if (!File.Exists(ProjectPath.Absolute(ResultFile, projectDirectory)))
            return [];
        string list = ProjectPath.Absolute(OutputsFile, projectDirectory);
        return Tasks.OutputsFile.Read(list).Select(output => output.Path).Append(list).Where(path => !File.Exists(path));
    }
}
