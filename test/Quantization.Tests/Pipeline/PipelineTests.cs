using System.Text.Json.Nodes;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Pipeline;

/// <summary>The whole way of a model, from its file to what ships.</summary>
public class PipelineTests
{
    [Fact]
    public void What_wins_ships_with_manifest_and_probe()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(5, SmallModels.Shape);
        QuantizationResult result = folder.Run();

        Assert.Equal(["model.float-optimized.onnx", "model.int8.onnx", "model.octet.json", "model.probe.npz"], folder.OutputFiles);
        Assert.Equal(folder.OutputFiles, result.Files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(["float", "float-optimized", "int8"], result.Report.Variants.Select(row => row.Name));
        Assert.Equal(["baseline", "faster", "faster"], result.Report.Variants.Select(row => row.Verdict));
        Assert.Equal("x: float[1,3,8,8]", result.Inputs);
        Assert.Empty(folder.Diagnosed.Said);

        ModelManifest manifest = folder.Manifest();
        Assert.Equal(result.Report.Selected, manifest.Selected);
        Assert.Equal(FileHash.Of(folder.ModelPath), manifest.FloatSha256);
        Assert.Equal("model.probe.npz", manifest.Probe);
        Assert.Equal(["model.onnx", "model.float-optimized.onnx", "model.int8.onnx"], manifest.Variants.Select(variant => variant.File));
        foreach (ManifestVariant variant in manifest.Variants.Skip(1))
        {
            Assert.Equal(FileHash.Of(Path.Combine(folder.Output, variant.File!)), variant.Sha256);
            Assert.Equal(new FileInfo(Path.Combine(folder.Output, variant.File!)).Length, variant.SizeBytes);
            Assert.NotNull(variant.ProbeSqnrDb);
        }
    }

    [Fact]
    public void The_selected_variant_is_the_one_with_the_largest_speedup()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Convolutions()).WithSamples(3, SmallModels.Shape);
        ModelReport report = folder.Run().Report;
        VariantReport best = report.Variants.Where(row => row.Verdict == "faster").MaxBy(row => row.Speedup)!;
        Assert.Equal(best.Name, report.Selected);
        Assert.Equal(best.Reason, report.Reason);
    }

    [Fact]
    public void The_probe_holds_inputs_with_the_float_models_outputs()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(3, SmallModels.Shape);
        folder.Run();
        using FileStream stream = File.OpenRead(Path.Combine(folder.Output, "model.probe.npz"));
        Probe probe = Probe.Read(stream);
        Assert.NotEmpty(probe.Cases);
        foreach (ProbeCase one in probe.Cases)
            Assert.Equal((float[])Reference.Run(OnnxFile.Read(folder.ModelPath), [.. one.Inputs])[0].Data, (float[])one.Outputs[0].Data);
    }

    [Fact]
    public void Nothing_ships_that_is_not_fast_enough()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(3, SmallModels.Shape);
        QuantizationResult result = folder.Run(request => request with { MinSpeedup = 1e6 });

        Assert.Equal(["model.octet.json"], folder.OutputFiles);
        Assert.Equal("float", result.Report.Selected);
        Assert.All(result.Report.Variants.Skip(1), row => Assert.Equal("slower", row.Verdict));
        Assert.Equal(["OCT4001", "OCT4001"], folder.Diagnosed.Codes);
        Assert.All(folder.Manifest().Variants.Skip(1), variant => Assert.Null(variant.File));
        Assert.Null(folder.Manifest().Probe);
    }

    [Fact]
    public void Nothing_ships_that_is_not_accurate_enough()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Convolutions()).WithSamples(3, SmallModels.Shape);
        QuantizationResult result = folder.Run(request => request with { MaxAccuracyDrop = 0, Variants = ["int8"] });

        VariantReport int8 = result.Report.Variants[1];
        Assert.Equal("inaccurate", int8.Verdict);
        Assert.True(int8.Accuracy!.Drop > 0);
        Assert.Equal("sqnr-db", int8.Accuracy.Metric);
        Assert.Equal("OCT4002", folder.Diagnosed.Codes.Last());
        Assert.Equal(["model.octet.json"], folder.OutputFiles);
    }

    [Fact]
    public void The_reports_figures_agree_with_each_other()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Convolutions()).WithSamples(5, SmallModels.Shape);
        ModelReport report = folder.Run().Report;
        Assert.Equal(FileHash.Of(folder.ModelPath), report.Sha256);
        Assert.Equal("models/model.onnx", report.Source);

        VariantReport baseline = report.Variants[0];
        Assert.Equal(1, baseline.Speedup);
        Assert.Equal(0, baseline.IntegerNodes);
        Assert.Equal(2, baseline.FloatComputeNodes);
        Assert.All(report.Variants, row =>
        {
            Assert.True(row.MedianMilliseconds > 0);
            Assert.InRange(row.Speedup, row.SpeedupLow, row.SpeedupHigh);
            Assert.Equal(RobustStatistics.Median([.. row.LatenciesMilliseconds]), row.MedianMilliseconds, 9);
            Assert.Equal(5, row.Accuracy!.Samples);
            Assert.True(row.Accuracy.Verified);
        });

        VariantReport int8 = report.Variants.Single(row => row.Name == "int8");
        Assert.Equal((2, 0), (int8.IntegerNodes, int8.FloatComputeNodes));
        Assert.Equal(2, int8.ConversionNodes);
        Assert.Equal(2, report.Layers.Length);
        // The last layer carries the noise of all before it: its ratio is the output's. They are measured on different numbers of samples.
        Assert.Equal(int8.Accuracy!.Value, report.Layers.Min(layer => layer.SqnrDb!.Value), 1.5);
        Assert.Equal(int8.Accuracy.Drop, Math.Pow(10, -int8.Accuracy.Value / 10), 9);
    }

    [Fact]
    public void Labels_make_the_accuracy_one_of_classes()
    {
        using PipelineFolder folder = new(SmallModels.Classifier());
        for (int seed = 0; seed < 4; seed++)
            folder.Write($"{seed}.npy", Reference.Tensor("x", SmallModels.Shape, seed));
        File.WriteAllText(folder.File("labels.csv"), "file,label\n0.npy,0\n1.npy,1\n2.npy,2\n3.npy,3\n");
        QuantizationResult result = folder.Run(request => request with { Labels = folder.File("labels.csv"), Variants = ["int8"] });

        Assert.Empty(folder.Diagnosed.Said);
        Assert.Equal(("top1", 4), (result.Report.Variants[1].Accuracy!.Metric, result.Report.Variants[1].Accuracy!.Samples));
    }

    [Fact]
    public void What_an_earlier_run_shipped_and_this_one_does_not_is_removed()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(2, SmallModels.Shape);
        folder.Run();
        File.WriteAllText(Path.Combine(folder.Output, "model.notes.txt"), "the user's own");
        File.WriteAllText(Path.Combine(folder.Output, "model.int8.large.onnx"), "another model's");
        folder.Run(request => request with { MinSpeedup = 1e6, Variants = ["int8"] });
        Assert.Equal(["model.int8.large.onnx", "model.notes.txt", "model.octet.json"], folder.OutputFiles);
    }

    [Fact]
    public void A_killed_runs_leftovers_are_swept()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(2, SmallModels.Shape);
        Directory.CreateDirectory(Path.Combine(folder.Scratch, "deeper"));
        File.WriteAllText(Path.Combine(folder.Scratch, "calibration-0.onnx"), "half a model");
        File.WriteAllText(Path.Combine(folder.Scratch, "deeper", "x"), "");
        folder.Run(request => request with { MinSpeedup = 1e6 });
        Assert.False(Directory.Exists(folder.Scratch));
        Assert.Equal(["model.octet.json"], folder.OutputFiles);
    }

    public static TheoryData<string> Activities => new("preparing", "making int8", "calibrating", "comparing outputs", "measuring", "comparing layers");

    [Theory]
    [MemberData(nameof(Activities))]
    public void Cancelling_leaves_the_output_as_it_was(string activity)
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Convolutions()).WithSamples(3, SmallModels.Shape);
        using CancellationTokenSource cancellation = new();
        Directory.CreateDirectory(folder.Output);
        File.WriteAllText(Path.Combine(folder.Output, "model.int8.onnx"), "of an earlier run");
        Assert.ThrowsAny<OperationCanceledException>(() => folder.Run(cancellation: cancellation.Token, progress: new Watch(progress =>
        {
            if (progress.Activity.StartsWith(activity, StringComparison.Ordinal))
                cancellation.Cancel();
        })));
        Assert.Equal(["model.int8.onnx"], folder.OutputFiles);
        Assert.Equal("of an earlier run", File.ReadAllText(Path.Combine(folder.Output, "model.int8.onnx")));
        Assert.False(Directory.Exists(folder.Scratch));
    }

    [Fact]
    public void The_same_model_and_data_give_the_same_bytes()
    {
        using PipelineFolder first = new PipelineFolder(SmallModels.Classifier()).WithSamples(6, SmallModels.Shape);
        using PipelineFolder second = new PipelineFolder(SmallModels.Classifier()).WithSamples(6, SmallModels.Shape);
        first.Run();
        second.Run(request => request with { Threads = 2 });
        foreach (string file in new[] { "model.float-optimized.onnx", "model.int8.onnx" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(first.Output, file)), File.ReadAllBytes(Path.Combine(second.Output, file)));
    }

    [Fact]
    public void Excluded_nodes_stay_float_and_the_recipe_says_so()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(2, SmallModels.Shape);
        VariantReport int8 = folder.Run(request => request with { Variants = ["int8"], Exclude = [new("Gemm")] }).Report.Variants[1];
        Assert.Equal((1, 1), (int8.IntegerNodes, int8.FloatComputeNodes));
        JsonObject recipe = Assert.IsType<JsonObject>(int8.Recipe, exactMatch: false);
        Assert.Equal("Gemm", (string?)recipe["exclude"]![0]);
    }

    [Fact]
    public void The_direction_classifier_is_quantized_on_its_images()
    {
        using PipelineFolder folder = new();
        File.Copy(TestFiles.Direction, folder.ModelPath);
        QuantizationResult result = folder.Run(request => request with { Data = [TestFiles.Lines], CalibrationSamples = 8, TimeBudget = TimeSpan.FromSeconds(4) });

        Assert.Equal(["model.float-optimized.onnx", "model.int8.onnx", "model.octet.json", "model.probe.npz"], folder.OutputFiles);
        Assert.Equal(["OCT3005"], folder.Diagnosed.Codes);
        VariantReport int8 = result.Report.Variants.Single(row => row.Name == "int8");
        Assert.Equal((54, 0), (int8.IntegerNodes, int8.FloatComputeNodes));
        Assert.Equal(("agreement", 8), (int8.Accuracy!.Metric, int8.Accuracy.Samples));
        Assert.InRange(int8.SizeBytes, 1, result.Report.Variants[0].SizeBytes / 2);
        Assert.Equal(54, result.Report.Layers.Length);
    }

    private sealed class Watch(Action<QuantizationProgress> seen) : IProgress<QuantizationProgress>
    {
        public void Report(QuantizationProgress value) => seen(value);
    }

    [Fact]
    public void A_variant_that_loses_too_much_is_made_anew_with_its_worst_layers_float()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.OneBadLayer()).WithSamples(12, SmallModels.Shape);
        QuantizationRequest Ask(QuantizationRequest request) => request with { Variants = ["int8"], Method = "minmax", TimeBudget = TimeSpan.FromSeconds(60) };
        double all = folder.Run(request => Ask(request)).Report.Variants[1].Accuracy!.Drop;

        ModelReport report = folder.Run(request => Ask(request) with { MaxAccuracyDrop = all / 10 }).Report;
        VariantReport int8 = report.Variants[1];
        Assert.InRange(int8.Accuracy!.Drop, 0, all / 10);
        Assert.Equal("faster", int8.Verdict);
        JsonObject left = (JsonObject)Assert.Single((JsonArray)int8.Recipe!["float"]!)!;
        Assert.Equal("bad", (string?)left["node"]);
        Assert.Equal("it costs more accuracy than is allowed", (string?)left["reason"]);
        Assert.Equal(3, int8.IntegerNodes);
        Assert.False(report.Layers.Single(layer => layer.Node == "bad").Quantized);
        Assert.Contains("'model': int8 has 1 of its 4 compute nodes left float", folder.Diagnosed.Said.Single(said => said.Code == "OCT4005").Text);
        Assert.Equal(12, int8.Accuracy.Samples);
    }

    [Fact]
    public void The_recipe_says_what_was_tried_on_how_many_samples_held_out()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(12, SmallModels.Shape);
        JsonObject recipe = folder.Run(request => request with { TimeBudget = TimeSpan.FromSeconds(60) }).Report.Variants.Single(row => row.Name == "int8").Recipe!;
        Assert.Equal(3, (int?)recipe["heldOut"]);
        Assert.Equal(12L, (long?)recipe["samples"]);
        Assert.Equal(5, ((JsonArray)recipe["calibrationsTried"]!).Count);
        Assert.NotNull(recipe["refinements"]);
    }

    [Fact]
    public void An_output_that_cannot_be_compared_leaves_the_model_as_it_is()
    {
        GraphBuilder graph = new();
        string text = graph.Node("Cast", [graph.Conv(graph.Input("x", SmallModels.Shape), 4, 3, 3)], Nodes.Attribute("to", (long)TensorProto.Types.DataType.String));
        graph.Graph.Output.Add(new ValueInfoProto { Name = text, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.String } } });
        using PipelineFolder folder = new PipelineFolder(graph.Build()).WithSamples(2, SmallModels.Shape);
        Assert.Equal("float", folder.Run().Report.Selected);
        Assert.Contains("no tensor of numbers", folder.Diagnosed.Said.Single(said => said.Code == "OCT2007").Text, StringComparison.Ordinal);
    }
}
