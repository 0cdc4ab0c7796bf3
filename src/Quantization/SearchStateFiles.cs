using Octet.Quantization.Diagnostics;

namespace Octet.Quantization;

/// <summary>What searches have learned, a file each. It only saves time: a file that cannot be read or written is done without.</summary>
/// <param name="folder">The folder; null to keep nothing.</param>
/// <param name="report">Is told what could not be kept.</param>
internal sealed class SearchStateFiles(string? folder, Action<string> report)
{
    /// <summary>What was kept.</summary>
    /// <param name="key">What it holds for.</param>
    /// <param name="read">Reads it; null where it is something else.</param>
    public T? Read<T>(string key, Func<Stream, T?> read) where T : class
    {
        if (PathOf(key) is not { } path || !File.Exists(path))
            return null;
        try
        {
            using FileStream stream = File.OpenRead(path);
            return read(stream);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Keeps something.</summary>
    /// <param name="key">What it holds for.</param>
    /// <param name="write">Writes it.</param>
    public void Write(string key, Action<Stream> write)
    {
        if (PathOf(key) is not { } path)
            return;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, write);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or DiagnosticException)
        {
            report($"what the search learned is not kept: {exception.Message}");
        }
    }

    private string? PathOf(string key) => folder is null ? null : Path.Combine(folder, $"{key}.json");
}
