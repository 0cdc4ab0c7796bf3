using System.Xml.Linq;

namespace Octet.Repository.Tests;

/// <summary>Octet.slnx holds what is built, Directory.Packages.props the versions.</summary>
public class SolutionTests
{
    [Fact]
    public void Every_project_of_src_and_test_is_in_the_solution()
    {
        HashSet<string> listed = [.. XElement.Load(Checkout.FullPath("Octet.slnx")).Descendants("Project").Select(project => project.Attribute("Path")!.Value)];
        Problems.AssertNone(ProjectFile.Under("src/").Concat(ProjectFile.Under("test/")).Select(project => project.Path).Where(path => !listed.Contains(path)));
    }

    [Fact]
    public void Every_project_of_the_solution_exists() => Problems.AssertNone(
        XElement.Load(Checkout.FullPath("Octet.slnx")).Descendants("Project").Select(project => project.Attribute("Path")!.Value).Where(path => !Checkout.Exists(path)));

    // Consumers in testassets are users' projects, not ours: they write versions where users do.
    [Fact]
    public void Versions_are_central() => Problems.AssertNone(
        from path in Checkout.FilesUnder("", ".csproj")
        where !path.StartsWith("testassets/", StringComparison.Ordinal)
        from package in ProjectFile.Read(path).Packages
        where package.Version is not null
        select $"{path}: {package.Id} {package.Version} belongs in Directory.Packages.props");
}
