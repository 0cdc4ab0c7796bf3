using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime.Tests;

public sealed class QuantizedModelTests : IDisposable
{
    private readonly ModelFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Faster_variant_that_agrees_is_selected_and_run()
    {
        QuantizedModel model = _folder.AddVariant("int8").WriteManifest().Open();

        using InferenceSession session = model.CreateSession();

        Assert.Equal("int8", model.Selection.Variant);
        Assert.Equal(_folder.FileOf("m.int8.onnx"), model.Selection.Path);
        Assert.False(model.Selection.FromCache);
        Assert.Equal([CandidateState.Measured, CandidateState.Measured], model.Selection.Candidates.Select(candidate => candidate.State));
        Assert.Equal(200, model.Selection.Candidates[0].SqnrDb);
        Assert.Equal(40, model.Selection.Candidates[1].SqnrDb!.Value, 1e-3);
        Assert.Equal(5, model.Selection.Candidates[1].MedianMilliseconds);
        // The variant's weights are 1 % up: 1 * 1 + 2 * 4 - 1 * 7 - 0.5 * 1 = 1.5 becomes 1.515.
        Assert.Equal(1.515f, Run(session)[0], 1e-5f);
    }

    [Fact]
    public void Slower_variant_leaves_the_float_model()
    {
        _folder.AddVariant("int8").WriteManifest().Speedups[1] = 0.8;

        QuantizedModel model = _folder.Open();

        Assert.Equal("float", model.Selection.Variant);
        Assert.Contains("0.80 times", model.Selection.Reason);
        using InferenceSession session = model.CreateSession();
        Assert.Equal(1.5f, Run(session)[0], 1e-6f);
    }

    [Fact]
    public void Fastest_of_several_is_selected()
    {
        _folder.AddVariant("int8").AddVariant("int4-weights").AddVariant("float16", 0.0001f).WriteManifest();
        (_folder.Speedups[1], _folder.Speedups[2], _folder.Speedups[3]) = (2, 3, 1.5);

        Assert.Equal("int4-weights", _folder.Select().Variant);
        Assert.Equal(4, _folder.Racers);
    }

    [Fact]
    public void Measurement_has_the_budget_and_enough_rounds_for_an_interval()
    {
        _folder.AddVariant("int8").WriteManifest().Select(settings => settings with { Budget = TimeSpan.FromSeconds(7) });

        Assert.Equal(TimeSpan.FromSeconds(7), _folder.LastOptions!.Budget);
        double[] rounds = new double[_folder.LastOptions.MinimumRounds];
        Assert.True(double.IsFinite(RobustStatistics.MedianInterval(rounds).Low));
    }

    [Fact]
    public void Real_timing_ends_in_a_selection()
    {
        Selection selection = _folder.AddVariant("int8").WriteManifest().Select(settings => settings with
        {
            // Far more than it takes: the rounds end it.
            Budget = TimeSpan.FromSeconds(10),
            Timing = new SelectionSettings().Timing,
        });

        // Which one is faster is the machine's to say: they do the same work.
        Assert.Equal(2, selection.Candidates.Count(candidate => candidate.State == CandidateState.Measured));
        Assert.All(selection.Candidates, candidate => Assert.True(candidate.MedianMilliseconds > 0));
        Assert.Contains(selection.Variant, new[] { "float", "int8" });
    }

    [Fact]
    public void Model_too_slow_for_the_start_takes_the_builds_choice()
    {
        Selection selection = _folder.AddVariant("int8").WriteManifest().Select(settings => settings with { Budget = TimeSpan.FromTicks(1) });

        Assert.Equal("int8", selection.Variant);
        Assert.Contains("that a start may take", selection.Reason);
        Assert.Equal(0, _folder.Measurements);
    }

    [Fact]
    public void Nothing_is_measured_where_only_the_float_model_ships()
    {
        Assert.Equal("float", _folder.WriteManifest().Select().Variant);

        _folder.AddVariant("int8");
        _folder.ChangeVariant("int8", variant => variant with { File = null, Verdict = "slower", Reason = "0.8 times as fast" });
        Selection selection = _folder.WriteManifest().Select();

        Assert.Equal("float", selection.Variant);
        Assert.Equal("The build shipped no other variant.", selection.Reason);
        Assert.Equal(CandidateState.NotShipped, selection.Candidates[1].State);
        Assert.Equal(0, _folder.Measurements);
    }

    [Fact]
    public void Missing_variant_is_out()
    {
        _folder.AddVariant("int8").AddVariant("float16").WriteManifest();
        File.Delete(_folder.FileOf("m.int8.onnx"));

        Selection selection = _folder.Select();

        Assert.Equal("float16", selection.Variant);
        Assert.Equal(CandidateState.Missing, selection.Candidates[1].State);
        Assert.Contains("m.int8.onnx", selection.Candidates[1].Reason);
    }

    [Fact]
    public void Truncated_variant_is_out()
    {
        _folder.AddVariant("int8").WriteManifest();
        using (FileStream file = File.OpenWrite(_folder.FileOf("m.int8.onnx")))
            file.SetLength(file.Length / 2);

        Selection selection = _folder.Select();

        Assert.Equal("float", selection.Variant);
        Assert.Equal(CandidateState.Damaged, selection.Candidates[1].State);
        Assert.Contains("int8: m.int8.onnx has", selection.Reason);
    }

    [Fact]
    public void Changed_variant_of_the_same_length_is_out()
    {
        _folder.AddVariant("int8").WriteManifest();
        byte[] content = File.ReadAllBytes(_folder.FileOf("m.int8.onnx"));
        content[content.Length / 2] ^= 1;
        File.WriteAllBytes(_folder.FileOf("m.int8.onnx"), content);

        Selection selection = _folder.Select();

        Assert.Equal("float", selection.Variant);
        Assert.Equal((CandidateState.Damaged, "its SHA-256 is not the manifest's"), (selection.Candidates[1].State, selection.Candidates[1].Reason));
        Assert.Empty(CacheFiles());
    }

    [Fact]
    public void Variant_that_cannot_be_loaded_is_out()
    {
        _folder.AddVariant("int8");
        Spoil("int8");

        Selection selection = _folder.WriteManifest().Select();

        Assert.Equal("float", selection.Variant);
        Assert.Equal(CandidateState.Failed, selection.Candidates[1].State);
        Assert.NotEqual("", selection.Candidates[1].Reason);
        Assert.DoesNotContain("\n", selection.Candidates[1].Reason);
    }

    [Theory]
    // Weights off by 1 % have 40 dB: more than 6 dB below what the build measured is out, less is not.
    [InlineData(45.9, true)]
    [InlineData(46.1, false)]
    public void Variant_that_agrees_less_than_at_the_build_is_out(double builtSqnrDb, bool isSelected)
    {
        Selection selection = _folder.AddVariant("int8", 0.01f, builtSqnrDb).WriteManifest().Select();

        Assert.Equal(isSelected ? "int8" : "float", selection.Variant);
        Assert.Equal(isSelected ? CandidateState.Measured : CandidateState.Disagrees, selection.Candidates[1].State);
        Assert.Equal(isSelected ? 1 : 0, _folder.Measurements);
        if (!isSelected)
            Assert.Contains("40.0 dB", selection.Reason);
    }

    [Theory]
    [InlineData(0.5f, true)]
    [InlineData(-3f, false)]
    public void Variant_without_a_figure_of_the_build_needs_more_signal_than_noise(float error, bool isSelected)
    {
        _folder.AddVariant("int8", error);
        _folder.ChangeVariant("int8", variant => variant with { ProbeSqnrDb = null });

        Assert.Equal(isSelected ? "int8" : "float", _folder.WriteManifest().Select().Variant);
    }

    [Fact]
    public void Float_model_that_was_changed_is_used_without_its_variants()
    {
        _folder.AddVariant("int8").WriteManifest();
        byte[] content = File.ReadAllBytes(_folder.FileOf("m.onnx"));
        content[content.Length / 2] ^= 1;
        File.WriteAllBytes(_folder.FileOf("m.onnx"), content);
        Assert.Equal("float", _folder.Select().Variant);

        File.WriteAllBytes(_folder.FileOf("m.onnx"), [.. content, 0]);
        Selection selection = _folder.Select();
        Assert.Equal("float", selection.Variant);
        Assert.Contains("another version of m.onnx", selection.Reason);
        Assert.Equal(0, _folder.Measurements);
    }

    [Fact]
    public void Missing_manifest_gives_the_model_beside_it()
    {
        QuantizedModel model = _folder.Open();

        using InferenceSession session = model.CreateSession();

        Assert.Equal(1.5f, Run(session)[0], 1e-6f);
        Assert.Equal(("float", _folder.FileOf("m.onnx")), (model.Selection.Variant, model.Selection.Path));
        Assert.Contains("m.octet.json is missing", model.Selection.Reason);
        Assert.Empty(model.Selection.Candidates);
        Assert.StartsWith("m: float. The manifest", model.Selection.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{ \"schema\": 9 }")]
    [InlineData("not json")]
    public void Broken_manifest_gives_the_model_beside_it(string content)
    {
        File.WriteAllText(_folder.ManifestPath, content);
        QuantizedModel model = _folder.Open();

        using InferenceSession session = model.CreateSession();

        Assert.Equal("float", model.Selection.Variant);
        Assert.Contains("cannot be used", model.Selection.Reason);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("broken")]
    [InlineData("empty")]
    [InlineData("none")]
    [InlineData("foreign")]
    public void Probe_that_cannot_be_used_leaves_the_builds_choice(string fault)
    {
        _folder.AddVariant("int8");
        string probe = _folder.FileOf("m.probe.npz");
        if (fault == "missing")
            File.Delete(probe);
        else if (fault == "broken")
            File.WriteAllBytes(probe, [1, 2, 3]);
        else if (fault == "none")
            _folder.Manifest = _folder.Manifest with { Probe = null };
        else
        {
            using FileStream stream = File.Create(probe);
            new Probe(fault == "empty" ? [] : [new ProbeCase([Tensors.Floats("z", 1)], [Tensors.Floats("y", 1, 2, 3)])]).Write(stream);
        }

        QuantizedModel model = _folder.WriteManifest().Open();
        using InferenceSession session = model.CreateSession();

        Assert.Equal("int8", model.Selection.Variant);
        Assert.Contains("The build chose it: int8 is faster.", model.Selection.Reason);
        Assert.Equal(0, _folder.Measurements);
        Assert.Empty(CacheFiles());
    }

    [Fact]
    public void Measurement_that_breaks_off_leaves_the_builds_choice()
    {
        QuantizedModel model = _folder.AddVariant("int8").WriteManifest().Open(settings => settings with
        {
            Timing = (_, _) => throw new InvalidOperationException("the clock is gone"),
        });

        Assert.Equal("int8", model.Selection.Variant);
        Assert.Contains("the clock is gone", model.Selection.Reason);
        Assert.Empty(CacheFiles());
    }

    [Fact]
    public void Missing_float_model_leaves_the_builds_choice()
    {
        _folder.AddVariant("int8").WriteManifest();
        File.Delete(_folder.FileOf("m.onnx"));

        QuantizedModel model = _folder.Open();
        using InferenceSession session = model.CreateSession();

        Assert.Equal("int8", model.Selection.Variant);
        Assert.Contains("m.onnx does not exist", model.Selection.Reason);
    }

    [Fact]
    public void Missing_model_is_told_by_name_and_path()
    {
        File.Delete(_folder.FileOf("m.onnx"));

        FileNotFoundException exception = Assert.Throws<FileNotFoundException>(() => _folder.Open().CreateSession());

        Assert.Equal(_folder.FileOf("m.onnx"), exception.FileName);
        Assert.Contains("'m'", exception.Message);
    }

    [Fact]
    public void Variant_that_fails_only_when_opened_gives_way_to_the_float_model()
    {
        _folder.AddVariant("int8");
        Spoil("int8");
        QuantizedModel model = _folder.WriteManifest().Open(settings => settings with { Measure = false });
        Assert.Equal("int8", model.Selection.Variant);

        using InferenceSession session = model.CreateSession();

        Assert.Equal(1.5f, Run(session)[0], 1e-6f);
        Assert.Equal("float", model.Selection.Variant);
        Assert.Equal(_folder.FileOf("m.onnx"), model.Selection.Path);
        Assert.Contains("int8 was selected but could not be opened", model.Selection.Reason);
        Assert.Equal(CandidateState.Failed, model.Selection.Candidates[1].State);
        using InferenceSession again = model.CreateSession();
        Assert.Equal(1.5f, Run(again)[0], 1e-6f);
    }

    [Fact]
    public void Options_reach_the_session()
    {
        string optimized = _folder.FileOf("optimized.onnx");
        using var options = new SessionOptions { OptimizedModelFilePath = optimized };

        using InferenceSession session = _folder.AddVariant("int8").WriteManifest().Open().CreateSession(options);

        Assert.True(File.Exists(optimized));
    }

    [Fact]
    public void Options_that_fail_do_not_change_the_selection()
    {
        QuantizedModel model = _folder.AddVariant("int8").WriteManifest().Open();
        using var options = new SessionOptions { OptimizedModelFilePath = _folder.FileOf("no/such/folder/optimized.onnx") };

        Assert.Throws<OnnxRuntimeException>(() => model.CreateSession(options));

        Assert.Equal("int8", model.Selection.Variant);
    }

    [Fact]
    public void Verdict_is_kept_for_later_starts()
    {
        _folder.AddVariant("int8").WriteManifest().Speedups[1] = 3;
        Selection first = _folder.Select();
        _folder.Speedups[1] = 0.5;

        Selection second = _folder.Select();

        Assert.True(second.FromCache);
        Assert.Equal(1, _folder.Measurements);
        Assert.Equal((first.Variant, first.Reason, first.Path), (second.Variant, second.Reason, second.Path));
        Assert.Equal(first.Candidates.AsEnumerable(), second.Candidates);
        Assert.Contains("(From an earlier start.)", second.ToString());
        Assert.DoesNotContain(Directory.GetFiles(_folder.CacheFolder), file => file.EndsWith(".tmp"));
    }

    [Fact]
    public void Verdict_holds_for_its_threads_only()
    {
        _folder.AddVariant("int8").WriteManifest();
        foreach (int threads in (int[])[1, 2, 1])
        {
            using var options = new SessionOptions { IntraOpNumThreads = threads };
            _folder.Open().CreateSession(options).Dispose();
        }

        Assert.Equal(2, _folder.Measurements);
    }

    [Fact]
    public void Verdict_holds_for_its_optimization_level_only()
    {
        _folder.AddVariant("int8").WriteManifest().Select();
        using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL };

        _folder.Open().CreateSession(options).Dispose();

        Assert.Equal(2, _folder.Measurements);
    }

    [Fact]
    public void Changed_manifest_is_measured_again()
    {
        _folder.AddVariant("int8").WriteManifest().Select();
        _folder.Manifest = _folder.Manifest with { MinSpeedup = 1.06 };

        Assert.False(_folder.WriteManifest().Select().FromCache);
    }

    [Fact]
    public void Kept_choice_whose_file_is_gone_is_not_taken()
    {
        _folder.AddVariant("int8").WriteManifest().Select();
        File.Delete(_folder.FileOf("m.int8.onnx"));

        Assert.Equal("float", _folder.Select().Variant);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{ \"schema\": 1, \"key\": \"another\", \"variant\": \"int8\", \"reason\": \"\", \"candidates\": [] }")]
    public void Broken_verdict_is_measured_again_and_replaced(string content)
    {
        _folder.AddVariant("int8").WriteManifest().Select();
        string file = Assert.Single(CacheFiles());
        File.WriteAllText(file, content);

        Assert.False(_folder.Select().FromCache);
        Assert.True(_folder.Select().FromCache);
    }

    [Theory]
    [InlineData("\"variant\": \"int8\"", "\"variant\": \"int4\"")]
    [InlineData("\"variant\": \"int8\"", "\"variant\": null")]
    [InlineData("\"schema\": 1", "\"schema\": 2")]
    [InlineData("\"key\": \"", "\"key\": \"0")]
    [InlineData("\"reason\": \"It", "\"reason\": null, \"x\": \"It")]
    [InlineData("\"state\": \"Measured\"", "\"state\": \"Damaged\"")]
    [InlineData("\"buildVerdict\": \"faster\"", "\"buildVerdict\": null")]
    public void Foreign_verdict_is_measured_again(string old, string replacement)
    {
        _folder.AddVariant("int8").WriteManifest().Select();
        string file = Assert.Single(CacheFiles());
        string json = File.ReadAllText(file);
        Assert.Contains(old, json);
        File.WriteAllText(file, json.Replace(old, replacement));

        Selection selection = _folder.Select();

        Assert.False(selection.FromCache);
        Assert.Equal("int8", selection.Variant);
    }

    [Fact]
    public void Cache_folder_that_cannot_be_written_is_passed_over()
    {
        // A file where the folder should be: nobody may write there, not even an administrator.
        File.WriteAllText(_folder.CacheFolder, "");
        _folder.AddVariant("int8").WriteManifest();

        Assert.Equal("int8", _folder.Select().Variant);
        Assert.False(_folder.Select().FromCache);
        Assert.Equal(2, _folder.Measurements);
    }

    [Fact]
    public void Read_only_cache_folder_is_passed_over()
    {
        if (OperatingSystem.IsWindows())
            return;
        Directory.CreateDirectory(_folder.CacheFolder);
        File.SetUnixFileMode(_folder.CacheFolder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _folder.AddVariant("int8").WriteManifest();

        Assert.Equal("int8", _folder.Select().Variant);

        File.SetUnixFileMode(_folder.CacheFolder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public void No_cache_folder_measures_every_time()
    {
        _folder.AddVariant("int8").WriteManifest();

        for (int i = 0; i < 2; i++)
            Assert.Equal("int8", _folder.Select(settings => settings with { CacheFolder = null }).Variant);

        Assert.Equal(2, _folder.Measurements);
    }

    [Theory]
    [InlineData("int8")]
    [InlineData("INT8")]
    [InlineData("m=int8;float")]
    public void Pinned_variant_is_taken_unmeasured(string pin)
    {
        _folder.AddVariant("int8", -3f, 90).WriteManifest();

        Selection selection = _folder.Select(settings => settings with { Pin = pin });

        Assert.Equal(("int8", 0), (selection.Variant, _folder.Measurements));
        Assert.Contains("OCTET_VARIANT", selection.Reason);
        Assert.Empty(CacheFiles());
    }

    [Fact]
    public void Float_can_be_pinned() =>
        Assert.Equal("float", _folder.AddVariant("int8").WriteManifest().Select(settings => settings with { Pin = "float" }).Variant);

    [Fact]
    public void Pinned_variant_that_is_not_there_is_told_and_the_others_are_measured()
    {
        _folder.AddVariant("int8").WriteManifest();

        Selection selection = _folder.Select(settings => settings with { Pin = "int4" });

        Assert.Equal(("int8", 1), (selection.Variant, _folder.Measurements));
        Assert.StartsWith("OCTET_VARIANT asks for int4, which cannot be used: the build made no such variant. It runs", selection.Reason);
        // The remark belongs to this start alone.
        Assert.DoesNotContain("OCTET_VARIANT", _folder.Select().Reason);
    }

    [Fact]
    public void Measuring_can_be_switched_off()
    {
        _folder.AddVariant("int8").AddVariant("float16");
        _folder.Manifest = _folder.Manifest with { Selected = "int8", Reason = "It was 2.4 times as fast." };
        _folder.WriteManifest();

        Selection selection = _folder.Select(settings => settings with { Measure = false });
        Assert.Equal(("int8", 0), (selection.Variant, _folder.Measurements));
        Assert.Contains("It was 2.4 times as fast.", selection.Reason);

        File.Delete(_folder.FileOf("m.int8.onnx"));
        selection = _folder.Select(settings => settings with { Measure = false });
        Assert.Equal("float", selection.Variant);
        Assert.Contains("int8, which cannot be used: m.int8.onnx does not exist", selection.Reason);
    }

    [Fact]
    public async Task Threads_that_start_together_measure_once()
    {
        QuantizedModel model = _folder.AddVariant("int8").WriteManifest().Open(settings => settings with { CacheFolder = null });
        using var start = new Barrier(4);

        Selection[] selections = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                if (i % 2 == 0)
                    model.CreateSession().Dispose();
                return model.Selection;
            },
            TaskCreationOptions.LongRunning)));

        Assert.Equal(1, _folder.Measurements);
        Assert.All(selections, selection => Assert.Same(selections[0], selection));
    }

    [Fact]
    public async Task Two_models_are_not_measured_at_the_same_time()
    {
        _folder.AddVariant("int8").WriteManifest();
        int running = 0, together = 0;
        SelectionSettings Watch(SelectionSettings settings) => settings with
        {
            CacheFolder = null,
            Timing = (runs, options) =>
            {
                if (Interlocked.Increment(ref running) > 1)
                    together++;
                Thread.Yield();
                var results = settings.Timing(runs, options);
                Interlocked.Decrement(ref running);
                return results;
            },
        };

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => _folder.Select(Watch))));

        Assert.Equal((4, 0), (_folder.Measurements, together));
    }

    [Fact]
    public void Table_shows_this_machine_beside_the_build()
    {
        _folder.AddVariant("int8").AddVariant("float16");
        _folder.ChangeVariant("float16", variant => variant with { File = null, Reason = "0.80 times as fast" });

        string[] lines = _folder.WriteManifest().Select().ToString().Split('\n');

        Assert.Equal(5, lines.Length);
        Assert.StartsWith("m: int8. It runs 2.00 times as fast as the float model", lines[0]);
        Assert.Matches(@"^   variant +median +speed-up \(95 %\) +SQNR +built: median +speed-up +SQNR  state$", lines[1]);
        Assert.Matches(@"^   float +10\.000 ms +1\.00 +200\.0 dB", lines[2]);
        Assert.Matches(@"^\*  int8 +5\.000 ms +2\.00 \(1\.98 to 2\.02\) +40\.0 dB +0\.500 ms +2\.00 +40\.0 dB  measured$", lines[3]);
        Assert.EndsWith("not shipped: 0.80 times as fast", lines[4]);
        Assert.All(lines, line => Assert.Equal(line.TrimEnd(), line));
    }

    [Fact]
    public void Manifest_is_looked_for_beside_the_application()
    {
        var model = new QuantizedModel("nothing", "no/such.octet.json");

        Assert.Equal(Path.Combine(AppContext.BaseDirectory, "no", "such.onnx"), model.Selection.Path);
        Assert.Equal("nothing", model.Name);
    }

    private static float[] Run(InferenceSession session)
    {
        using var options = new RunOptions();
        using OrtValue input = Tensors.Floats("x", 1, 2, -1, 0.5f).ToOrtValue();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, ["x"], [input], ["y"]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private string[] CacheFiles() => Directory.Exists(_folder.CacheFolder) ? Directory.GetFiles(_folder.CacheFolder) : [];

    /// <summary>Makes a variant's file something that is no model, and the manifest believe in it.</summary>
    private void Spoil(string name)
    {
        byte[] content = [1, 2, 3, 4];
        File.WriteAllBytes(_folder.FileOf($"m.{name}.onnx"), content);
        _folder.ChangeVariant(name, variant => variant with { SizeBytes = content.Length, Sha256 = FileHash.Of(content) });
    }
}
