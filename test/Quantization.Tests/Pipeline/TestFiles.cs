namespace Octet.Quantization.Tests.Pipeline;

/// <summary>Real models and data of the repository.</summary>
internal static class TestFiles
{
    private static readonly string Root = FindRoot();

    public static string Direction => Path.Combine(Root, "testassets", "models", "direction.onnx");

    public static string Lines => Path.Combine(Root, "samples", "Quickstart", "lines");

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Octet.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"No Octet.slnx above {AppContext.BaseDirectory}.");
    }
}
