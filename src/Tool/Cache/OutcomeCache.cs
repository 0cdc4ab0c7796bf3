using System.Collections.Immutable;
using Octet.Quantization;
using Octet.Quantization.Diagnostics;
using Octet.Runtime;

namespace Octet.Tool.Cache;

/// <summary>
/// The user's content-addressed cache of outcomes. An entry appears whole (staged, then moved) and is checked against its hashes before it is used;
/// builds that want the same entry wait for each other. No failure of the cache is a failure of the build: it says so and works without.
/// </summary>
internal sealed class OutcomeCache
{
    private const string OutcomeFile = "outcome.json";
    private static readonly TimeSpan Keep = TimeSpan.FromDays(90);
    private readonly IDiagnosticSink _diagnostics;

    /// <summary>Opens the cache.</summary>
    /// <param name="root">Its folder; empty for the platform's place.</param>
    /// <param name="diagnostics">Is told what did not work.</param>
    public OutcomeCache(string root, IDiagnosticSink diagnostics)
    {
        Root = Path.Combine(root.Length > 0 ? root : DefaultRoot, "v1");
        _diagnostics = diagnostics;
    }

    /// <summary>The platform's place for caches, or the temporary folder where the user has none.</summary>
    public static string DefaultRoot => Path.Combine(UserCacheFolder.Find() ?? Path.Combine(Path.GetTempPath(), "octet"), "quantized");

    /// <summary>The folder of this version's entries.</summary>
    public string Root { get; }

    /// <summary>Holds a key until disposed, so that two builds do not do the same work; null where there is no lock to be had.</summary>
    public IDisposable? Lock(string key, CancellationToken cancellation)
    {
        string path = Path.Combine(Root, "locks", key);
        while (true)
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (File.Exists(path))
            {
                cancellation.WaitHandle.WaitOne(100);
                cancellation.ThrowIfCancellationRequested();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                Say("OCT5001", exception.Message);
                return null;
            }
        }
    }

    /// <summary>Copies an entry's files into a folder; null where there is no whole and undamaged entry.</summary>
    public CachedOutcome? TryRestore(string key, string folder)
    {
        string entry = EntryOf(key);
        try
        {
            if (!File.Exists(Path.Combine(entry, OutcomeFile)))
                return null;
            if (CachedOutcome.FromJson(File.ReadAllBytes(Path.Combine(entry, OutcomeFile))) is not { } outcome || outcome.Files.Any(file => file.Name != Path.GetFileName(file.Name) || !IsWhole(entry, file)))
            {
                Say("OCT5003", entry);
                Directory.Delete(entry, recursive: true);
                return null;
            }
            foreach (CachedFile file in outcome.Files)
                AtomicFile.Write(Path.Combine(folder, file.Name), stream =>
                {
                    using FileStream source = File.OpenRead(Path.Combine(entry, file.Name));
                    source.CopyTo(stream);
                });
            Directory.SetLastWriteTimeUtc(entry, DateTime.UtcNow);
            return outcome;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Say("OCT5001", exception.Message);
            return null;
        }
    }

    /// <summary>Keeps an outcome.</summary>
    public void Publish(string key, QuantizationResult result, ImmutableArray<Diagnostic> diagnostics)
    {
        string staging = Path.Combine(Root, "staging", Guid.NewGuid().ToString("N"));
        try
        {
            Directory.CreateDirectory(staging);
            ImmutableArray<CachedFile>.Builder files = ImmutableArray.CreateBuilder<CachedFile>();
            foreach (string file in result.Files)
            {
                string copy = Path.Combine(staging, Path.GetFileName(file));
                File.Copy(file, copy);
                files.Add(new CachedFile(Path.GetFileName(file), new FileInfo(copy).Length, FileHash.Of(copy)));
            }
            File.WriteAllBytes(Path.Combine(staging, OutcomeFile), new CachedOutcome(result.Report, result.Inputs, result.Outputs, files.ToImmutable(), diagnostics).ToJson());
            string entry = EntryOf(key);
            Directory.CreateDirectory(Path.GetDirectoryName(entry)!);
            if (Directory.Exists(entry))
                Directory.Delete(entry, recursive: true);
            Directory.Move(staging, entry);
            Evict();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Say("OCT5001", exception.Message);
            TryDelete(staging);
        }
    }

    /// <summary>The entries with their sizes in bytes and the time of their last use.</summary>
    public IReadOnlyList<(string Key, long Bytes, DateTime LastUsed)> Entries()
    {
        string entries = Path.Combine(Root, "entries");
        if (!Directory.Exists(entries))
            return [];
        return
        [
            .. new DirectoryInfo(entries).EnumerateDirectories()
                .Select(entry => (entry.Name, entry.EnumerateFiles().Sum(file => file.Length), entry.LastWriteTimeUtc))
                .OrderBy(entry => entry.LastWriteTimeUtc),
        ];
    }

    /// <summary>Removes entries that were last used before a moment; returns how many.</summary>
    public int Remove(DateTime lastUsedBefore)
    {
        int removed = 0;
        foreach ((string key, _, DateTime lastUsed) in Entries())
            if (lastUsed < lastUsedBefore && TryDelete(EntryOf(key)))
                removed++;
        return removed;
    }

    private void Evict() => Remove(DateTime.UtcNow - Keep);

    private string EntryOf(string key) => Path.Combine(Root, "entries", key);

    private static bool IsWhole(string entry, CachedFile file)
    {
        FileInfo info = new(Path.Combine(entry, file.Name));
        return info.Exists && info.Length == file.Length && FileHash.Of(info.FullName) == file.Sha256;
    }

    private static bool TryDelete(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void Say(string code, string what) => _diagnostics.Report(DiagnosticCatalog.Create(code, null, what.TrimEnd('.')));
}
