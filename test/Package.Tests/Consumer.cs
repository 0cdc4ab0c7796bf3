namespace Octet.Package.Tests;

/// <summary>A copy of a project of testassets outside the repository: of SingleModel, unless another is named.</summary>
internal sealed class Consumer
{
    private readonly PackageFeed _feed;
    private readonly string _folder;
    private readonly string _asset;
    private int _builds;

    /// <param name="feed">The packages.</param>
    /// <param name="script">What the fake tool does for the model; null for the real model and the real tool.</param>
    /// <param name="asset">The project's name and folder.</param>
    public Consumer(PackageFeed feed, string? script = null, string asset = "SingleModel")
    {
        _feed = feed;
        _asset = asset;
        _folder = feed.CreateFolder();
        Copy(Path.Combine(Checkout.Root, "testassets", asset), Project);
        if (script is null)
        {
            Copy(Path.Combine(Checkout.Root, "testassets", "models"), Path.Combine(_folder, "models"));
        }
        else
        {
            Copy(Checkout.FakeTool, Path.Combine(_folder, "tool"));
            Properties["QuantizeModelsToolPath"] = Path.Combine(_folder, "tool", "FakeTool.dll");
            Write("../models/direction.onnx", script);
        }
        Properties["OctetVersion"] = feed.Version;
        Properties["NuGetAudit"] = "false";
        Properties["QuantizeModelsCachePath"] = Path.Combine(_folder, "cache");
    }

    /// <summary>The project's folder.</summary>
    public string Project => Path.Combine(_folder, _asset);

    /// <summary>Global properties of every command.</summary>
    public Dictionary<string, string> Properties { get; } = [];

    /// <summary>Environment variables of every command.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>The absolute path of a file in the project, '/' separated.</summary>
    public string this[string path] => Path.GetFullPath(Path.Combine([Project, .. path.Split('/')]));

    public string Write(string path, string content)
    {
        string file = this[path];
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
        return file;
    }

    /// <summary>Changes the project file.</summary>
    public void Edit(string before, string after)
    {
        string project = File.ReadAllText(this[$"{_asset}.csproj"]);
        Assert.Contains(before, project, StringComparison.Ordinal);
        Write($"{_asset}.csproj", project.Replace(before, after, StringComparison.Ordinal));
    }

    /// <summary>Runs <c>dotnet build</c>.</summary>
    public BuildLog Build(params string[] arguments) => DotNet(["build", .. arguments]);

    /// <summary>Runs a command of dotnet that builds.</summary>
    public BuildLog DotNet(params string[] arguments)
    {
        (string[] all, string log) = WithLog(arguments);
        return new BuildLog(Command.Run(Checkout.DotNet, all, Project, Environment()), log);
    }

    /// <summary>Starts <c>dotnet build</c> and comes back at once.</summary>
    public Command StartBuild() => Command.Start(Checkout.DotNet, WithLog(["build"]).Arguments, Project, Environment());

    /// <summary>Runs the built application.</summary>
    public CommandResult RunApplication(params string[] arguments) =>
        Command.Run(Checkout.DotNet, ["exec", this[$"bin/Debug/net10.0/{_asset}.dll"], .. arguments], Project, Environment());

    /// <summary>All files below a folder of the project, relative to it, '/' separated, in ordinal order.</summary>
    public IReadOnlyList<string> Files(string folder) => !Directory.Exists(this[folder])
        ? []
        : [.. Directory.EnumerateFiles(this[folder], "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(this[folder], file).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    private (string[] Arguments, string Log) WithLog(string[] arguments)
    {
        string log = Path.Combine(_folder, $"{++_builds}.binlog");
        return ([.. arguments, $"-bl:{log}", "-nodeReuse:false", "-tl:off", .. Properties.Select(property => $"-p:{property.Key}={property.Value}")], log);
    }

    private Dictionary<string, string> Environment() => new(Variables) { ["NUGET_PACKAGES"] = _feed.PackagesFolder };

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        // Somebody may have built the asset where it lies.
        foreach (string folder in Directory.EnumerateDirectories(from).Where(folder => Path.GetFileName(folder) is not ("bin" or "obj")))
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
