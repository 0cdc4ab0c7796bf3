using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Octet.Package.Tests;

/// <summary>
/// The packages, packed once for all tests, and a folder for the consumers outside the repository. Consumers restore
/// into a package folder that was empty at first; what is not ours comes from the user's own sources.
/// </summary>
public sealed partial class PackageFeed : IDisposable
{
    private static readonly string[] Ids = ["Octet", "Octet.Runtime", "Octet.Tool"];

    private readonly string _root = Directory.CreateTempSubdirectory("octet-package-tests-").FullName;

    /// <summary>Packs.</summary>
    public PackageFeed()
    {
        // The order builds each project before a package that holds it.
        foreach (string project in new[] { "Runtime", "Tool", "Octet" })
        {
            CommandResult pack = Command.Run(
                Checkout.DotNet, ["pack", Path.Combine("src", project), "-c", Checkout.Configuration, "-o", Folder, "-nodeReuse:false"], Checkout.Root);
            Assert.True(pack.ExitCode == 0, pack.Output);
        }
        Version = FileVersion().Match(Path.GetFileName(Directory.GetFiles(Folder, "Octet.Runtime.*.nupkg").Single())).Groups["version"].Value;
        WriteNuGetConfig();
    }

    /// <summary>The folder with the packages.</summary>
    public string Folder => Path.Combine(_root, "feed");

    /// <summary>The version of all of them.</summary>
    public string Version { get; }

    /// <summary>Where restores unpack to.</summary>
    public string PackagesFolder => Path.Combine(_root, "packages");

    /// <summary>
    /// A folder through which restores find the user's own TorchSharp and libtorch, where there are any, instead of unpacking half a gigabyte again. Nothing
    /// else is in it: every other package is restored as on a fresh machine.
    /// </summary>
    public string TorchFolder => Path.Combine(_root, "torch");

    /// <summary>The path of a package.</summary>
    public string this[string id] => Path.Combine(Folder, $"{id}.{Version}.nupkg");

    /// <summary>A new folder for one consumer. Its name needs quoting, escaping and more than one byte a character.</summary>
    internal string CreateFolder() => Directory.CreateDirectory(Path.Combine(_root, $"a b éß {Guid.NewGuid():N}")).FullName;

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static string Ask(params string[] question) => Command.Run(Checkout.DotNet, question, Checkout.Root).Output;

    private static bool IsTorch(string package) => package == "torchsharp" || package.StartsWith("libtorch-cpu-", StringComparison.Ordinal);

    private void WriteNuGetConfig()
    {
        // The user's packages are a source, too: what was restored once need not come over the network again.
        string userPackages = AnswerPath().Match(Ask("nuget", "locals", "global-packages", "--list")).Groups["path"].Value;
        Dictionary<string, string> sources = new() { ["octet-under-test"] = Folder };
        Directory.CreateDirectory(TorchFolder);
        if (Directory.Exists(userPackages))
        {
            sources["user-packages"] = userPackages;
            foreach (string package in Directory.EnumerateDirectories(userPackages).Where(folder => IsTorch(Path.GetFileName(folder))))
                Directory.CreateSymbolicLink(Path.Combine(TorchFolder, Path.GetFileName(package)), package);
        }
        string[] userSources = [.. EnabledSource().Matches(Ask("nuget", "list", "source")).Select(match => match.Groups["name"].Value)];

        XElement configuration = new(
            "configuration",
            new XElement("packageSources", sources.Select(source => Add(source.Key, source.Value))),
            new XElement(
                "packageSourceMapping",
                Mapping("octet-under-test", Ids),
                sources.Keys.Skip(1).Concat(userSources).Select(source => Mapping(source, "*"))));
        configuration.Save(Path.Combine(_root, "nuget.config"));

        static XElement Add(string key, string value) => new("add", new XAttribute("key", key), new XAttribute("value", value));
        static XElement Mapping(string source, params string[] patterns) =>
            new("packageSource", new XAttribute("key", source), patterns.Select(pattern => new XElement("package", new XAttribute("pattern", pattern))));
    }

    [GeneratedRegex(@"^Octet\.Runtime\.(?<version>.+)\.nupkg$")]
    private static partial Regex FileVersion();

    [GeneratedRegex(@"^global-packages: (?<path>.+?)\r?$", RegexOptions.Multiline)]
    private static partial Regex AnswerPath();

    [GeneratedRegex(@"^\s*\d+\.\s+(?<name>.+?) \[Enabled\]\r?$", RegexOptions.Multiline)]
    private static partial Regex EnabledSource();
}

/// <summary>All tests share the feed.</summary>
[CollectionDefinition(Name)]
public sealed class PackageTests : ICollectionFixture<PackageFeed>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "packages";
}
