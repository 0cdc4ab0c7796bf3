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
    private const string OutcomeHashFile = "outcome.sha256";
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
    /// <param name="key">The entry's key.</param>
    /// <param name="waiting">Is called once where another holds it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public IDisposable? Lock(string key, Action waiting, CancellationToken cancellation)
    {
        bool told = false;
        string path = Path.Combine(Root, "locks", key);
        while (true)
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                // The system releases it when its holder dies. The empty file stays: were it deleted, one who waits on it and one who makes it anew would both hold it.
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
            }
            catch (IOException) when (File.Exists(path))
            {
                if (!told)
                    waiting();
                told = true;
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
    public TEntry? TryRestore<TEntry>(string key, string folder)
        where TEntry : class, ICacheEntry
    {
        string entry = EntryOf(key);
        try
        {
            if (!File.Exists(Path.Combine(entry, OutcomeFile)))
                return null;
            if (ReadOutcome<TEntry>(entry) is not { } outcome)
            {
                Say("OCT5003", $"{entry} does not have its recorded hashes");
                Directory.Delete(entry, recursive: true);
                return null;
            }
            foreach (CachedFile file in outcome.Files)
            {
                using FileStream source = File.OpenRead(Path.Combine(entry, file.Name));
                AtomicFile.Write(Path.Combine(folder, file.Name), source.CopyTo);
            }
            Directory.SetLastWriteTimeUtc(entry, DateTime.UtcNow);
            return outcome;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Say("OCT5001", exception.Message);
            return null;
        }
    }

    /// <summary>Keeps files.</summary>
    /// <param name="key">The entry's key.</param>
    /// <param name="paths">The files, absolute, of different names.</param>
    /// <param name="describe">Says what is kept besides them.</param>
    public void Publish<TEntry>(string key, IEnumerable<string> paths, Func<ImmutableArray<CachedFile>, TEntry> describe)
        where TEntry : class, ICacheEntry
    {
        string staging = Path.Combine(Root, "staging", Guid.NewGuid().ToString("N"));
        try
        {
            Directory.CreateDirectory(staging);
            ImmutableArray<CachedFile>.Builder files = ImmutableArray.CreateBuilder<CachedFile>();
            foreach (string file in paths)
            {
                string copy = Path.Combine(staging, Path.GetFileName(file));
                File.Copy(file, copy);
                files.Add(new CachedFile(Path.GetFileName(file), new FileInfo(copy).Length, FileHash.Of(copy)));
            }
            File.WriteAllBytes(Path.Combine(staging, OutcomeFile), CacheJson.Write(describe(files.ToImmutable())));
            File.WriteAllText(Path.Combine(staging, OutcomeHashFile), FileHash.Of(Path.Combine(staging, OutcomeFile)));
            string entry = EntryOf(key);
            Directory.CreateDirectory(Path.GetDirectoryName(entry)!);
            if (Directory.Exists(entry))
                Directory.Delete(entry, recursive: true);
            Directory.Move(staging, entry);
            Remove(DateTime.UtcNow - Keep);
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

    /// <summary>Removes entries that were last used before a moment, and what killed builds of before it left; returns how many entries.</summary>
    public int Remove(DateTime lastUsedBefore)
    {
        int removed = 0;
        foreach ((string key, _, DateTime lastUsed) in Entries())
            if (lastUsed < lastUsedBefore && TryDelete(EntryOf(key)))
                removed++;
        DirectoryInfo staging = new(Path.Combine(Root, "staging"));
        if (staging.Exists)
            foreach (DirectoryInfo leftover in staging.EnumerateDirectories().Where(folder => folder.LastWriteTimeUtc < lastUsedBefore))
                TryDelete(leftover.FullName);
        return removed;
    }

    private string EntryOf(string key) => Path.Combine(Root, "entries", key);

    private static TEntry? ReadOutcome<TEntry>(string entry)
        where TEntry : class, ICacheEntry
    {
        string hash = Path.Combine(entry, OutcomeHashFile);
        if (!File.Exists(hash) || File.ReadAllText(hash) != FileHash.Of(Path.Combine(entry, OutcomeFile)))
            return null;
        return CacheJson.Read<TEntry>(File.ReadAllBytes(Path.Combine(entry, OutcomeFile))) is { } outcome && outcome.Files.All(file => IsWhole(entry, file)) ? outcome : null;
    }

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
