using Octet.Quantization;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Reporting;
using Octet.Quantization.Tests;
using Octet.Tool.Cache;

namespace Octet.Tool.Tests;

public sealed class OutcomeCacheTests : IDisposable
{
    private const string Key = "0f";
    private readonly ScratchFolder _folder = new();
    private readonly List<Diagnostic> _said = [];

    private OutcomeCache Cache => new(_folder.File("cache"), new Sink(_said));

    private string Entry => Path.Combine(Cache.Root, "entries", Key);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_published_is_restored()
    {
        QuantizationResult result = Published();
        CachedOutcome restored = Cache.TryRestore<CachedOutcome>(Key, _folder.File("restored"))!;
        Assert.Equal(("x: float[1]", "y: float[1]"), (restored.Inputs, restored.Outputs));
        Assert.Equal(result.Report.Variants[0] with { LatenciesMilliseconds = [] }, restored.Report.Variants[0] with { LatenciesMilliseconds = [] });
        Assert.True(double.IsNaN(restored.Report.Variants[0].Speedup));
        Assert.Equal([1, 2.5], restored.Report.Variants[0].LatenciesMilliseconds.AsEnumerable());
        Assert.Equal(new Diagnostic("OCT3001", DiagnosticSeverity.Warning, "text", "{model}"), Assert.Single(restored.Diagnostics));
        Assert.Equal("variant", File.ReadAllText(_folder.File("restored/model.int8.onnx")));
        Assert.Empty(_said);
    }

    [Fact]
    public void Another_key_has_no_entry()
    {
        Published();
        Assert.Null(Cache.TryRestore<CachedOutcome>("00", _folder.File("restored")));
        Assert.Empty(_said);
    }

    public static TheoryData<string, string?> Damages => new()
    {
        { "model.int8.onnx", "varianT" },
        { "model.int8.onnx", "variant and more" },
        { "model.int8.onnx", null },
        { "outcome.json", "" },
        { "outcome.json", "{}" },
        { "outcome.json", "{\"Report\":{},\"Inputs\":\"\",\"Outputs\":\"\",\"Files\":[null],\"Diagnostics\":[]}" },
        { "outcome.json", "[1, 2]" },
        { "outcome.sha256", "0000" },
        { "outcome.sha256", null },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_entry_is_ignored_said_and_removed(string file, string? content)
    {
        Published();
        if (content is null)
            File.Delete(Path.Combine(Entry, file));
        else
            File.WriteAllText(Path.Combine(Entry, file), content);
        Assert.Null(Cache.TryRestore<CachedOutcome>(Key, _folder.File("restored")));
        Assert.Equal("OCT5003", Assert.Single(_said).Code);
        Assert.False(Directory.Exists(Entry));
        Assert.False(Directory.Exists(_folder.File("restored")));
    }

    [Fact]
    public void An_entry_without_an_outcome_is_no_entry()
    {
        Directory.CreateDirectory(Entry);
        Assert.Null(Cache.TryRestore<CachedOutcome>(Key, _folder.File("restored")));
        Published();
        Assert.NotNull(Cache.TryRestore<CachedOutcome>(Key, _folder.File("restored")));
        Assert.Empty(_said);
    }

    [Fact]
    public void A_cache_that_cannot_be_written_is_a_message()
    {
        File.WriteAllText(_folder.File("cache"), "a file in the folder's place");
        Published();
        Assert.Null(Cache.Lock(Key, () => { }, default));
        Assert.Equal(["OCT5001", "OCT5001"], _said.Select(diagnostic => diagnostic.Code));
        Assert.All(_said, diagnostic => Assert.Equal(DiagnosticSeverity.Message, diagnostic.Severity));
    }

    [Fact]
    public void A_lock_is_held_by_one()
    {
        IDisposable first = Cache.Lock(Key, () => Assert.Fail("nobody else is there"), default)!;
        using (Cache.Lock("other", () => Assert.Fail("another key is another lock"), default))
        {
        }
        using CancellationTokenSource cancellation = new();
        int waits = 0;
        Assert.Throws<OperationCanceledException>(() => Cache.Lock(Key, () =>
        {
            waits++;
            cancellation.Cancel();
        }, cancellation.Token));
        Assert.Equal(1, waits);
        first.Dispose();
        using IDisposable? second = Cache.Lock(Key, () => Assert.Fail("it was released"), default);
        Assert.NotNull(second);
        Assert.Empty(_said);
    }

    [Fact]
    public void Entries_that_were_not_used_for_long_are_removed()
    {
        Published();
        Directory.SetLastWriteTimeUtc(Entry, DateTime.UtcNow.AddDays(-100));
        Published("1f");
        Assert.Equal(["1f"], Cache.Entries().Select(entry => entry.Key));
    }

    [Fact]
    public void Restoring_counts_as_use()
    {
        Published();
        Directory.SetLastWriteTimeUtc(Entry, DateTime.UtcNow.AddDays(-80));
        Cache.TryRestore<CachedOutcome>(Key, _folder.File("restored"));
        Assert.Equal(0, Cache.Remove(DateTime.UtcNow.AddDays(-1)));
        Assert.Equal(1, Cache.Remove(DateTime.MaxValue));
        Assert.Empty(Cache.Entries());
    }

    [Fact]
    public void What_a_killed_build_left_is_removed_in_time()
    {
        string leftover = Path.Combine(Cache.Root, "staging", "killed");
        Directory.CreateDirectory(leftover);
        Directory.SetLastWriteTimeUtc(leftover, DateTime.UtcNow.AddDays(-100));
        Published();
        Assert.False(Directory.Exists(leftover));
    }

    private QuantizationResult Published(string key = Key)
    {
        Directory.CreateDirectory(_folder.File("made"));
        File.WriteAllText(_folder.File("made/model.int8.onnx"), "variant");
        VariantReport row = new("float", "model.onnx", 7, 1.5, double.NaN, double.NaN, 1, double.PositiveInfinity, null, 0, 1, 2, "baseline", "", null, [1, 2.5]);
        QuantizationResult result = new(new ModelReport("model", "model.onnx", "", "float", "", [row], [], 1, 1), [_folder.File("made/model.int8.onnx")], "x: float[1]", "y: float[1]");
        Cache.Publish(key, result.Files, files => new CachedOutcome(result.Report, result.Inputs, result.Outputs, files, [new Diagnostic("OCT3001", DiagnosticSeverity.Warning, "text", "{model}")]));
        return result;
    }

    private sealed class Sink(List<Diagnostic> said) : IDiagnosticSink
    {
        public void Report(Diagnostic diagnostic) => said.Add(diagnostic);
    }
}
