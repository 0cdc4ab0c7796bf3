using System.Xml.Linq;

namespace Octet.Repository.Tests;

/// <summary>What a .csproj refers to.</summary>
/// <param name="Path">The file, relative to the root.</param>
/// <param name="Projects">Folder names of the projects that it refers to: <c>Runtime</c>, <c>Tool</c>.</param>
/// <param name="Packages">Packages with the version written in the project, null where it is central.</param>
internal sealed record ProjectFile(string Path, IReadOnlyList<string> Projects, IReadOnlyList<(string Id, string? Version)> Packages)
{
    /// <summary>The project's own folder name.</summary>
    public string Folder => FolderOf(Path);

    public static ProjectFile Read(string path)
    {
        XElement project = XElement.Load(Checkout.FullPath(path));
        return new ProjectFile(
            path,
            [.. References("ProjectReference").Select(element => FolderOf(element.Attribute("Include")!.Value))],
            [.. References("PackageReference").Select(element => (element.Attribute("Include")!.Value, VersionOf(element)))]);

        IEnumerable<XElement> References(string item) => project.Descendants(item).Where(element => element.Attribute("Include") is not null);
    }

    /// <summary>All projects below a folder: <c>src/</c>.</summary>
    public static IReadOnlyList<ProjectFile> Under(string folder)
    {
        ProjectFile[] projects = [.. Checkout.FilesUnder(folder, ".csproj").Select(Read)];
        Assert.NotEmpty(projects);
        return projects;
    }

    private static string FolderOf(string projectPath) => projectPath.Replace('\\', '/').Split('/')[^2];

    private static string? VersionOf(XElement reference) =>
        (reference.Attribute("Version") ?? reference.Attribute("VersionOverride"))?.Value
        ?? (reference.Element("Version") ?? reference.Element("VersionOverride"))?.Value;
}
