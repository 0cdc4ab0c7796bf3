using System.Text;

namespace Octet.Tasks;

/// <summary>Small text files of ours: UTF-8 without a byte order mark.</summary>
internal static class TextFile
{
    /// <summary>The lines; none where there is no file.</summary>
    public static string[] ReadLines(string path) => File.Exists(path) ? File.ReadAllLines(path, Encoding.UTF8) : [];

    /// <summary>
    /// Writes a text unless the file holds it already: what depends on the file then stays up to date. It appears
    /// whole or not at all.
    /// </summary>
    /// <returns>False where the folder cannot be written; OCT5002 says so.</returns>
    public static bool TryWriteIfDifferent(string path, string text, TaskDiagnostics diagnostics)
    {
        try
        {
            WriteIfDifferent(path, text);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            diagnostics.Error("OCT5002", exception.Message.TrimEnd('.'));
            return false;
        }
    }

    private static void WriteIfDifferent(string path, string text)
    {
        bool exists = File.Exists(path);
        if (exists && File.ReadAllText(path, Encoding.UTF8) == text)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(path));
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        File.WriteAllText(temporary, text, new UTF8Encoding(false));
        if (exists)
            File.Replace(temporary, path, null);
        else
            File.Move(temporary, path);
    }
}
