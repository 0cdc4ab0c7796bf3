using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime.Tests;

/// <summary>The build's figures count under the condition nearest to the application's, and open threads are part of the choice.</summary>
public sealed class ConditionTests : IDisposable
{
    private readonly ModelFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 1)]
    [InlineData(3, 1, 2)]
    [InlineData(16, 1, 2)]
    [InlineData(1, 8, 3)]
    [InlineData(1, 5, 3)]
    [InlineData(1, 2, 1)]
    [InlineData(4, 8, 4)]
    public void Nearest_by_threads_then_by_batch(int threads, int batch, int median)
    {
        ImmutableArray<ConditionFigures> conditions = [Figures(1, 1, 1, 1), Figures(4, 1, 2, 1), Figures(1, 8, 3, 1), Figures(4, 8, 4, 1)];
        Assert.Equal(median, ConditionFigures.Nearest(conditions, threads, batch)!.MedianMilliseconds);
    }

    [Fact]
    public void ONNX_Runtimes_own_choice_is_nearest_to_itself_then_to_a_thread_a_core()
    {
        int cores = MachineDescription.Current.Cores;
        Assert.Equal(2, ConditionFigures.Nearest([Figures(cores, 1, 1, 1), Figures(0, 1, 2, 1)], 0, 1)!.MedianMilliseconds);
        Assert.Equal(1, ConditionFigures.Nearest([Figures(cores, 1, 1, 1), Figures(cores * 16, 1, 2, 1)], 0, 1)!.MedianMilliseconds);
        Assert.Null(ConditionFigures.Nearest(default, 0, 1));
    }

    [Theory]
    [InlineData(1, "float")]
    [InlineData(8, "int8")]
    public void Unmeasured_the_figures_of_the_applications_threads_choose(int threads, string variant)
    {
        _folder.AddVariant("int8");
        _folder.ChangeVariant("float", float32 => float32 with { Conditions = [Figures(1, 1, 10, 1), Figures(8, 1, 5, 1)] });
        _folder.ChangeVariant("int8", int8 => int8 with { Conditions = [Figures(1, 1, 11, 0.9), Figures(8, 1, 2.5, 2)] });
        using var options = new SessionOptions { IntraOpNumThreads = threads };
        QuantizedModel model = _folder.WriteManifest().Open(settings => settings with { Measure = false });

        model.CreateSession(options).Dispose();

        Assert.Equal(variant, model.Selection.Variant);
        Assert.Equal(threads == 1 ? 11 : 2.5, model.Selection.Candidates[1].BuildMedianMilliseconds);
        Assert.Equal(threads == 1 ? 0.9 : 2, model.Selection.Candidates[1].BuildSpeedup);
    }

    [Fact]
    public void Open_threads_are_those_that_the_build_recommends_on_as_many_cores()
    {
        _folder.AddVariant("int8");
        _folder.ChangeVariant("int8", variant => variant with { RecommendedThreads = 1 });
        _folder.Manifest = _folder.Manifest with { Cores = MachineDescription.Current.Cores };
        QuantizedModel model = _folder.WriteManifest().Open();

        using (model.CreateSession())
            Assert.Equal(1, model.Selection.RecommendedThreads);

        _folder.Manifest = _folder.Manifest with { Cores = MachineDescription.Current.Cores + 1 };
        Assert.Null(_folder.WriteManifest().Select().RecommendedThreads);
    }

    [Fact]
    public void Unmeasured_open_threads_compare_each_variants_best()
    {
        // With one thread each float is the faster, although int8 wins with several.
        _folder.AddVariant("int8");
        _folder.Manifest = _folder.Manifest with { Cores = MachineDescription.Current.Cores };
        _folder.ChangeVariant("float", variant => variant with { RecommendedThreads = 1, Conditions = [Figures(0, 1, 2.6, 1), Figures(1, 1, 1.4, 1)] });
        _folder.ChangeVariant("int8", variant => variant with { Conditions = [Figures(0, 1, 2, 1.3), Figures(1, 1, 2, 0.7)] });

        Selection selection = _folder.WriteManifest().Select(settings => settings with { Measure = false });

        Assert.Equal(("float", 1), (selection.Variant, selection.RecommendedThreads));
        Assert.Contains("Sessions without options get 1 thread.", selection.ToString());
    }

    [Fact]
    public void Verdicts_of_open_threads_and_of_options_are_kept_apart()
    {
        _folder.AddVariant("int8").WriteManifest();
        using var options = new SessionOptions();
        _folder.Open().CreateSession(options).Dispose();
        _folder.Open().CreateSession().Dispose();
        Assert.Equal(2, _folder.Measurements);
    }

    [Fact]
    public void A_manifest_keeps_what_it_says_and_older_ones_are_read()
    {
        _folder.AddOperatorVariant("int8");
        _folder.ChangeVariant("int8", variant => variant with { RecommendedThreads = 1, Conditions = [Figures(0, 1, 2, 1.3), Figures(1, 8, 2, 0.7)] });
        string text = File.ReadAllText(_folder.WriteManifest().ManifestPath);
        Assert.Single(text.Split('\n'), line => line.Contains("customOperators"));
        using FileStream stream = File.OpenRead(_folder.ManifestPath);
        ModelManifest read = ModelManifest.Read(stream);
        Assert.False(read.Variants[0].CustomOperators);
        Assert.True(read.Variants[0].Conditions.IsDefault);
        Assert.True(read.Variants[1].CustomOperators);
        Assert.Equal(1, read.Variants[1].RecommendedThreads);
        Assert.Equal(_folder.Manifest.Variants[1].Conditions.AsEnumerable(), read.Variants[1].Conditions);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("""{ "threads": -1, "batchSize": 1 }""")]
    [InlineData("""{ "threads": 1, "batchSize": 0 }""")]
    public void A_condition_that_is_none_makes_a_manifest_invalid(string condition)
    {
        _folder.AddVariant("int8");
        _folder.ChangeVariant("int8", variant => variant with { Conditions = [] });
        _folder.WriteManifest();
        File.WriteAllText(_folder.ManifestPath, File.ReadAllText(_folder.ManifestPath).Replace("\"conditions\": []", $"\"conditions\": [{condition}]"));
        Assert.Contains("a condition has no threads or no batch", _folder.Select().Reason);
    }

    private static ConditionFigures Figures(int threads, int batch, double median, double speedup) => new(threads, batch, median, speedup, speedup * 0.99, speedup * 1.01);
}
