namespace Octet.Repository.Tests;

/// <summary>Which project may refer to which, and to which packages: the arrows of ARCHITECTURE.md.</summary>
public class ProjectArrowsTests
{
    // The packing project is absent: it refers to what it packs.
    private static readonly Dictionary<string, Allowed> Table = new()
    {
        ["Analyzers"] = new([], ["Microsoft.CodeAnalysis.*"]),
        ["Analyzers.CodeFixes"] = new(["Analyzers"], ["Microsoft.CodeAnalysis.*"]),
        ["Quantization"] = new(["Runtime"], ["Google.Protobuf", "Grpc.Tools", "Microsoft.ML.OnnxRuntime.Managed", "StbImageSharp", "System.*"]),
        ["Runtime"] = new([], ["Microsoft.ML.OnnxRuntime.Managed", "Microsoft.Extensions.*", "System.*"]),
        ["Tasks"] = new([], ["Microsoft.Build.*"]),
        ["Tool"] = new(["Quantization", "Torch"], ["Microsoft.ML.OnnxRuntime", "Spectre.Console", "System.CommandLine"]),
        ["Torch"] = new(["Quantization", "Training"], ["Mono.Cecil", "TorchSharp"]),
        ["Training"] = new([], ["TorchSharp"]),
    };

    // Used by the compiler alone: nothing of them is at run time.
    private static readonly string[] BuildTimePackages =
        ["PolySharp", "Microsoft.CodeAnalysis.BannedApiAnalyzers", "Microsoft.CodeAnalysis.PublicApiAnalyzers"];

    [Fact]
    public void Projects_refer_only_along_the_arrows() => Problems.AssertNone(
        from project in ProjectFile.Under("src/")
        where project.Folder != "Octet"
        from reference in project.Projects
        where !Table.TryGetValue(project.Folder, out Allowed? allowed) || !allowed.Projects.Contains(reference)
        select $"{project.Path} must not refer to the project {reference}");

    [Fact]
    public void Projects_refer_only_to_the_packages_of_their_layer() => Problems.AssertNone(
        from project in ProjectFile.Under("src/")
        where project.Folder != "Octet"
        from package in project.Packages
        where !BuildTimePackages.Contains(package.Id)
        where !Table.TryGetValue(project.Folder, out Allowed? allowed) || !allowed.Packages.Any(pattern => Matches(pattern, package.Id))
        select $"{project.Path} must not refer to the package {package.Id}");

    [Fact]
    public void Every_project_has_its_row() =>
        Problems.AssertNone(ProjectFile.Under("src/").Where(project => project.Folder != "Octet" && !Table.ContainsKey(project.Folder)).Select(project => project.Path));

    [Fact]
    public void Only_tests_and_the_packing_project_refer_to_the_tasks_and_the_tool() => Problems.AssertNone(
        from folder in new[] { "src/", "eng/", "benchmarks/", "samples/" }
        from path in Checkout.FilesUnder(folder, ".csproj")
        let project = ProjectFile.Read(path)
        where project.Folder != "Octet"
        from reference in project.Projects
        where reference is "Tasks" or "Tool"
        select $"{project.Path} must not refer to {reference}: it talks to it by files or by its command line");

    private static bool Matches(string pattern, string id) =>
        pattern.EndsWith('*') ? id.StartsWith(pattern[..^1], StringComparison.Ordinal) : id == pattern;

    private sealed record Allowed(string[] Projects, string[] Packages);
}
