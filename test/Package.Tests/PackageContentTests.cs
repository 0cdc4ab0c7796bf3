using System.IO.Compression;
using System.Xml.Linq;

namespace Octet.Package.Tests;

[Collection(PackageTests.Name)]
public class PackageContentTests(PackageFeed feed)
{
    [Fact]
    public void Octet_holds_what_is_listed_here()
    {
        string[] files = [.. Entries("Octet").Where(entry => !IsOfTheContainer(entry) && !entry.StartsWith("tools/", StringComparison.Ordinal))];
        Assert.Equal(
            [
                "README.md",
                "analyzers/dotnet/roslyn4.8/cs/Octet.Analyzers.CodeFixes.dll",
                "analyzers/dotnet/roslyn4.8/cs/Octet.Analyzers.dll",
                "build/Octet.props",
                "build/Octet.targets",
                "buildMultiTargeting/Octet.props",
                "buildMultiTargeting/Octet.targets",
                "tasks/netstandard2.0/Octet.Tasks.dll",
            ],
            files);
    }

    [Fact]
    public void The_tool_lies_in_one_folder_without_ONNX_Runtime_TorchSharp_or_any_native_library()
    {
        string[] files = [.. Entries("Octet").Where(entry => entry.StartsWith("tools/", StringComparison.Ordinal))];
        Assert.Contains("tools/net8.0/any/octet.dll", files);
        Assert.Contains("tools/net8.0/any/octet.runtimeconfig.json", files);
        Assert.Contains("tools/net8.0/any/Octet.Quantization.dll", files);
        Assert.All(files, file => Assert.StartsWith("tools/net8.0/any/", file, StringComparison.Ordinal));
        Assert.All(files, file => Assert.Contains(Path.GetExtension(file), new[] { ".dll", ".json" }));
        Assert.DoesNotContain(files, file => file.Contains("onnxruntime", StringComparison.OrdinalIgnoreCase));
        // The exporter runs the application's: one beside it would be loaded in its place.
        Assert.DoesNotContain(files, file => file.Contains("TorchSharp", StringComparison.OrdinalIgnoreCase));
        // A list of dependencies would name what is missing here.
        Assert.DoesNotContain(files, file => file.EndsWith(".deps.json", StringComparison.Ordinal));
    }

    [Fact]
    public void The_tool_runs_on_any_newer_runtime()
    {
        using ZipArchive package = ZipFile.OpenRead(feed["Octet"]);
        using StreamReader reader = new(package.GetEntry("tools/net8.0/any/octet.runtimeconfig.json")!.Open());
        Assert.Contains("\"rollForward\": \"Major\"", reader.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Octet_brings_the_runtime_and_ONNX_Runtime_to_the_application()
    {
        XElement metadata = Metadata("Octet");
        XNamespace space = metadata.Name.Namespace;
        Assert.Null(metadata.Element(space + "developmentDependency"));
        Assert.Equal(
            [("Microsoft.ML.OnnxRuntime", true), ("Octet.Runtime", true)],
            metadata.Descendants(space + "dependency")
                .Select(dependency => (Id: (string)dependency.Attribute("id")!, FlowsToTheCompiler: ((string?)dependency.Attribute("exclude") ?? "") == "Build,Analyzers"))
                .OrderBy(dependency => dependency.Id, StringComparer.Ordinal));
        Assert.Equal(feed.Version, (string?)metadata.Descendants(space + "dependency").Single(dependency => (string)dependency.Attribute("id")! == "Octet.Runtime").Attribute("version"));
    }

    [Theory]
    [InlineData("Octet")]
    [InlineData("Octet.Runtime")]
    [InlineData("Octet.Tool")]
    public void Every_package_says_what_it_is(string id)
    {
        XElement metadata = Metadata(id);
        XNamespace space = metadata.Name.Namespace;
        foreach (string name in new[] { "authors", "description", "license", "readme", "tags", "releaseNotes", "copyright", "repository" })
            Assert.NotNull(metadata.Element(space + name));
        Assert.Contains("README.md", Entries(id));
    }

    private XElement Metadata(string id)
    {
        using ZipArchive package = ZipFile.OpenRead(feed[id]);
        using Stream nuspec = package.GetEntry(id + ".nuspec")!.Open();
        XElement root = XElement.Load(nuspec);
        return root.Element(root.Name.Namespace + "metadata")!;
    }

    private string[] Entries(string id)
    {
        using ZipArchive package = ZipFile.OpenRead(feed[id]);
        return [.. package.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal)];
    }

    private static bool IsOfTheContainer(string entry) =>
        entry.StartsWith("_rels/", StringComparison.Ordinal) || entry.StartsWith("package/", StringComparison.Ordinal)
        || entry == "[Content_Types].xml" || entry.EndsWith(".nuspec", StringComparison.Ordinal);
}
