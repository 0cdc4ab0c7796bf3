using Octet.Training.Native;
using TorchSharp;

namespace Octet.Training.Tests.Native;

public class TorchNativeTests
{
    [Fact]
    public void A_tensor_can_be_made_after_loading()
    {
        using torch.Tensor sum = torch.ones(2, 3).sum();
        Assert.Equal(6f, sum.item<float>());
    }

    [Fact]
    public void What_was_done_is_told()
    {
        Assert.Contains(TorchFolders.Load.Binding, TorchFolders.Load.Explanation, StringComparison.Ordinal);
        Assert.Equal(TorchFolders.Load.State == TorchNativeState.LoadedPatchedCopy, TorchFolders.Load.Explanation.Contains("GLIBCXX", StringComparison.Ordinal));
    }

    [Fact]
    public void Loading_again_does_nothing() => Assert.Same(TorchFolders.Load, TorchNative.Load(new TorchNativeOptions { Folders = ["/nowhere"] }));

    [Fact]
    public void Missing_libraries_are_named_with_the_folders_that_were_looked_at()
    {
        string empty = Directory.CreateTempSubdirectory("octet-").FullName;
        DllNotFoundException exception = Assert.Throws<DllNotFoundException>(() => TorchFiles.FindIn([empty]));
        Assert.Contains(TorchFiles.FileName("torch_cpu"), exception.Message, StringComparison.Ordinal);
        Assert.Contains(empty, exception.Message, StringComparison.Ordinal);
        Directory.Delete(empty);
    }

    [Fact]
    public void Packages_that_a_dependencies_file_names_are_found()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("octet-");
        string file = Path.Combine(folder.FullName, "app.deps.json");
        File.WriteAllText(file, """{ "libraries": { "app/1.0.0": { "type": "project" }, PACKAGES } }"""
            .Replace("PACKAGES", string.Join(", ", TorchFolders.All.Select(Package)), StringComparison.Ordinal));
        TorchFiles found = TorchFiles.Find(new TorchNativeOptions { DependenciesFile = file });
        TorchFiles given = TorchFiles.Find(new TorchNativeOptions { Folders = TorchFolders.All });
        Assert.Equal(given, found);
        folder.Delete(recursive: true);
    }

    // A package folder is named after the package and its version.
    private static string Package(string path) => $$"""
        "{{Path.GetFileName(Path.GetDirectoryName(path))}}/{{Path.GetFileName(path)}}": { "type": "package" }
        """;
}
