namespace Octet.Tasks.Tests;

/// <summary>A folder with a project's files, removed at the end.</summary>
internal sealed class ProjectFolder : IDisposable
{
    public ProjectFolder() => Directory.CreateDirectory(Root);

    // A name that needs quoting and escaping: every test runs under it.
    public string Root { get; } = Path.Combine(Path.GetTempPath(), $"octet tests é %20;{Guid.NewGuid():N}");

    public string ProjectFile => this["App.csproj"];

    /// <summary>The absolute path of a file in the folder, '/' separated.</summary>
    public string this[string path] => Path.Combine([Root, .. path.Split('/')]);

    public string Write(string path, string content = "")
    {
        string file = this[path];
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
        return file;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
