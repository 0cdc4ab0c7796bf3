using Microsoft.Build.Framework;

namespace Octet.Tasks;

/// <summary>One model of the project with everything that is decided before the tool runs.</summary>
internal sealed record ModelItem
{
    /// <summary>The words that Variants= takes; the tool's own choice where it is empty.</summary>
    public static readonly IReadOnlyList<string> Variants = ["float-optimized", "int8", "int8-portable", "int8-dynamic", "int8-weights", "int4-weights", "float16"];

    private static readonly string[] Targets = ["auto", "x64-vnni", "x64-avx2", "arm64"];
    private static readonly string[] CalibrationMethods = ["auto", "minmax", "moving-average", "percentile", "entropy", "mse"];

    /// <summary>As the user wrote it.</summary>
    public required string Include { get; init; }

    /// <summary>The absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>The float file's place in the application's output, with '/'. A checkpoint's float file is the model that the tool exports.</summary>
    public required string Link { get; init; }

    /// <summary>What makes it a checkpoint; null where it is a float model itself.</summary>
    public required CheckpointItem? Checkpoint { get; init; }

    /// <summary>The member of the shim.</summary>
    public required string ShimName { get; init; }

    /// <summary>The settings that the tool gets, in the order and the spelling of the plan.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Settings { get; init; }

    /// <summary>Every file that the result depends on: the model, its external data, calibration data, labels, recipe.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>The name in messages, reports and file names.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Link);

    /// <summary>The place in the output without the ending: what every file of the model begins with.</summary>
    public string Stem => LinkFolder + Name;

    /// <summary>The manifest's place in the application's output.</summary>
    public string Manifest => Stem + ".octet.json";

    /// <summary>The float model and the external data files beside it, with their places in the output. The tool makes those of a checkpoint.</summary>
    public IEnumerable<(string Path, string Link)> FloatFiles =>
        Checkpoint is not null ? [] : [(Path, Link), .. ExternalData(Path).Select(file => (file, LinkFolder + System.IO.Path.GetFileName(file)))];

    private string LinkFolder => Link.Substring(0, Link.LastIndexOf('/') + 1);

    /// <summary>Reads an item of an existing model. Invalid values are reported by the settings.</summary>
    public static ModelItem Read(ITaskItem item, string path, string projectDirectory, string projectAssembly, Settings settings)
    {
        CheckpointItem? checkpoint = CheckpointItem.Read(item, path, projectDirectory, projectAssembly);
        string link = ReadLink(item, checkpoint is null ? path : System.IO.Path.ChangeExtension(path, ".onnx"), projectDirectory, settings);
        string labels = AbsoluteOrEmpty(settings.Text("Labels", item), projectDirectory);
        string recipe = AbsoluteOrEmpty(settings.Text("Recipe", item), projectDirectory);
        if (recipe.Length > 0 && !File.Exists(recipe))
            settings.Reject($"Recipe of '{item.ItemSpec}'", item.GetMetadata("Recipe"), "an existing file");

        List<KeyValuePair<string, string>> plan =
        [
            new("variants", settings.Choices("Variants", Variants, item)),
            new("max-accuracy-drop", settings.Number("MaxAccuracyDrop", 0, 1, "a number from 0 to 1, such as 0.01", item)),
            new("min-speedup", settings.Number("MinSpeedup", 0, 1000, "a factor such as 1.05", item)),
            new("time-budget", settings.Number("TimeBudget", 1, 1e6, "a number of seconds, 1 or more", item)),
            new("threads", settings.Counts("Threads", 0, item)),
            new("batch-size", settings.Counts("BatchSize", 1, item)),
            new("target", settings.Choice("Target", Targets, item)),
            new("calibration-samples", settings.Count("CalibrationSamples", 1, item)),
            new("method", settings.Choice("CalibrationMethod", CalibrationMethods, item)),
            new("custom-operators", settings.Switch("CustomOperators", item)),
            new("search", settings.Switch("Search", item)),
            new("preprocessing", item.GetMetadata("Preprocessing").Trim()),
            new("labels", labels),
            new("input-shapes", item.GetMetadata("InputShapes").Trim()),
            new("recipe", recipe),
            .. checkpoint?.Plan ?? [],
        ];
        List<string> files = [path, .. ExternalData(path)];
        foreach (string pattern in Tasks.Settings.Split(settings.Text("CalibrationData", item)))
        {
            IReadOnlyCollection<string> matches = PathPatterns.Expand(pattern, projectDirectory);
            // A list of labels among the data is not data itself, unless it is all there is: a csv may hold both.
            string[] data = [.. matches.Where(file => matches.Count == 1 || !ProjectPath.Comparer.Equals(file, labels))];
            plan.AddRange(data.Length > 0 ? data.Select(file => new KeyValuePair<string, string>("data", file)) : [new("data-missing", pattern)]);
            files.AddRange(data);
        }
        // As an attribute, Exclude belongs to MSBuild and never becomes metadata: ExcludeNodes can be written either way.
        plan.AddRange(
            from name in new[] { "ExcludeNodes", "Exclude" }
            from pattern in Tasks.Settings.Split(item.GetMetadata(name))
            select new KeyValuePair<string, string>("exclude", pattern));
        files.AddRange(new[] { labels, recipe }.Where(File.Exists));

        return new ModelItem
        {
            Include = item.ItemSpec,
            Path = path,
            Link = link,
            Checkpoint = checkpoint,
            ShimName = ReadShimName(item, link, settings),
            Settings = plan,
            Files = files,
        };
    }

    private static string ReadLink(ITaskItem item, string path, string projectDirectory, Settings settings)
    {
        string written = item.GetMetadata("Link").Trim();
        if (written.Length == 0)
            return ProjectPath.Below(projectDirectory, path) ?? System.IO.Path.GetFileName(path);
        string[] segments = [.. written.Split('/', '\\').Where(segment => segment != ".")];
        if (System.IO.Path.IsPathRooted(written) || segments.Any(segment => segment is "" or ".."))
            settings.Reject($"Link of '{item.ItemSpec}'", written, "the path of a file inside the output folder, such as models/name.onnx");
        return string.Join("/", segments);
    }

    private static string ReadShimName(ITaskItem item, string link, Settings settings)
    {
        string written = item.GetMetadata("ShimName").Trim();
        if (written.Length == 0)
            return CSharpName.Member(System.IO.Path.GetFileNameWithoutExtension(link));
        if (!CSharpName.IsMember(written))
            settings.Reject($"ShimName of '{item.ItemSpec}'", written, "a C# identifier that is free in the class " + ShimSource.ClassName);
        return written;
    }

    private static string AbsoluteOrEmpty(string path, string projectDirectory) =>
        path.Length == 0 ? "" : ProjectPath.Absolute(path, projectDirectory);

    // Weights beyond 2 GB lie beside the model, by custom under one of these names; the model itself is not read here.
    private static IEnumerable<string> ExternalData(string path) => new[] { path + ".data", path + "_data" }.Where(File.Exists);
}
