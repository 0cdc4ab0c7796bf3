using System.Text.Json;

namespace Octet.Runtime;

/// <summary>Verdicts of earlier starts: one small file each. Whatever goes wrong here is as if nothing had been kept.</summary>
/// <param name="folder">Where the files lie; null for nowhere.</param>
internal sealed class SelectionCache(string? folder)
{
    /// <summary>The selection kept under a key, null where there is none or where it is not whole.</summary>
    public CachedSelection? TryRead(string key)
    {
        if (folder is null)
            return null;
        try
        {
            CachedSelection? cached = JsonSerializer.Deserialize(File.ReadAllBytes(FileOf(folder, key)), CachedSelectionJson.Default.CachedSelection);
            return cached is { Schema: CachedSelection.CurrentSchema, Reason: not null, Candidates.IsDefaultOrEmpty: false }
                && cached.Key == key
                && cached.Candidates.All(static candidate => candidate is { Variant: not null, Reason: not null, BuildVerdict: not null })
                ? cached
                : null;
        }
        catch (Exception e) when (IsFailure(e))
        {
            return null;
        }
    }

    /// <summary>Keeps a selection under its key; readers see the old file or the new one, never a part.</summary>
    public void TryWrite(CachedSelection selection)
    {
        if (folder is null)
            return;
        string file = FileOf(folder, selection.Key);
        string temporary = $"{file}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(selection, CachedSelectionJson.Default.CachedSelection));
            Replace(temporary, file);
        }
        catch (Exception e) when (IsFailure(e))
        {
            TryDelete(temporary);
        }
    }

    private static string FileOf(string folder, string key) => Path.Combine(folder, key + ".json");

    private static void Replace(string source, string target)
    {
#if NET
        File.Move(source, target, overwrite: true);
#else
        if (File.Exists(target))
            File.Replace(source, target, destinationBackupFileName: null);
        else
            File.Move(source, target);
#endif
    }

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (IsFailure(e))
        {
            // It lies in a cache folder: nobody misses it, nobody minds it.
        }
    }

    private static bool IsFailure(Exception e) =>
        e is IOException or UnauthorizedAccessException or JsonException or NotSupportedException or ArgumentException or System.Security.SecurityException;
}
