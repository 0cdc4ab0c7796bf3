using System.CommandLine;
using System.Text.Json;
using Octet.Tool.Cache;
using Octet.Tool.Output;

namespace Octet.Tool.Verbs;

/// <summary><c>octet cache</c>: where the cache is, what it holds, and how to empty it.</summary>
internal static class CacheVerb
{
    public static Command Create()
    {
        Option<string> path = new("--path") { Description = "The cache's folder, where it is not the platform's.", DefaultValueFactory = _ => "" };
        Option<bool> clear = new("--clear") { Description = "Removes the entries." };
        Option<int> olderThan = NumberOption.Whole("--older-than", "With --clear: only entries not used for this many days.", least: 0, standard: 0);
        Option<bool> json = new("--json") { Description = "Prints json." };
        Command command = new("cache", "Shows the cache of quantized models, or clears it.") { path, clear, olderThan, json };
        command.Validators.Add(result =>
        {
            if (result.GetResult(olderThan) is { Implicit: false } && result.GetResult(clear) is not { Implicit: false })
                result.AddError("--older-than limits what --clear removes; give both.");
        });
        command.SetAction(parsed => Guarded.Run(() => Run(parsed.GetValue(path)!, parsed.GetValue(clear), parsed.GetValue(olderThan), parsed.GetValue(json))));
        return command;
    }

    private static string Counted(int entries) => entries == 1 ? "1 entry" : $"{entries} entries";

    private static int Run(string path, bool clear, int olderThanDays, bool json)
    {
        OutcomeCache cache = new(path, new DiagnosticPrinter(Console.WriteLine));
        int removed = clear ? cache.Remove(olderThanDays == 0 ? DateTime.MaxValue : DateTime.UtcNow - TimeSpan.FromDays(Math.Min(olderThanDays, 36_500))) : 0;
        IReadOnlyList<(string Key, long Bytes, DateTime LastUsed)> entries = cache.Entries();
        long bytes = entries.Sum(entry => entry.Bytes);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { path = cache.Root, entries = entries.Count, bytes, removed }));
            return ExitCode.Done;
        }
        Console.WriteLine(cache.Root);
        if (clear)
            Console.WriteLine($"{Counted(removed)} removed");
        Console.WriteLine($"{Counted(entries.Count)}, {bytes / 1024.0 / 1024.0:0.0} MB");
        return ExitCode.Done;
    }
}
