using System.Text.Json.Nodes;

namespace Octet.Package.Tests;

/// <summary>The whole way with the packed tool and a real model.</summary>
[Collection(PackageTests.Name)]
public class QuantizedBuildTests(PackageFeed feed)
{
    [Fact]
    public void A_model_is_quantized_measured_and_shipped_and_a_second_build_finds_it_done()
    {
        Consumer consumer = new(feed);
        BuildLog build = consumer.Build().MustSucceed();
        Assert.Equal(1, build.ToolRuns);

        JsonNode model = JsonNode.Parse(File.ReadAllText(consumer["obj/Debug/net10.0/octet/report.json"]))!["models"]![0]!;
        string selected = (string)model["selected"]!;
        Assert.Equal("direction", (string?)model["name"]);
        Assert.Contains(model["variants"]!.AsArray(), variant => (string?)variant!["name"] == "int8" || (string?)variant["name"] == "int8-portable");
        Assert.All(model["variants"]!.AsArray(), variant => Assert.True((double)variant!["medianMilliseconds"]! > 0));
        Assert.Contains($"direction: {selected} is selected", build.Output, StringComparison.Ordinal);
        Assert.Contains("baseline", build.Output, StringComparison.Ordinal);

        // What ships is what the manifest names, and the probe.
        JsonNode manifest = JsonNode.Parse(File.ReadAllText(consumer["bin/Debug/net10.0/models/direction.octet.json"]))!;
        Assert.Equal(selected, (string?)manifest["selected"]);
        Assert.Equal(
            manifest["variants"]!.AsArray().Select(variant => (string?)variant!["file"]).OfType<string>().Append("direction.octet.json").Append((string)manifest["probe"]!).Order(StringComparer.Ordinal),
            consumer.Files("bin/Debug/net10.0/models"));
        Assert.Contains($"The build selected <c>{selected}</c>", File.ReadAllText(consumer["obj/Debug/net10.0/octet/QuantizedModels.g.cs"]), StringComparison.Ordinal);
        foreach (string report in new[] { "report.md", "report.html" })
            Assert.True(File.Exists(consumer["obj/Debug/net10.0/octet/" + report]), report);

        CommandResult run = consumer.RunApplication();
        Assert.True(run.ExitCode == 0, run.Output);
        Assert.StartsWith("direction: ", run.Output, StringComparison.Ordinal);

        Assert.Equal(0, consumer.Build("--no-restore").MustSucceed().ToolRuns);
    }

    [Fact]
    public void After_a_fresh_clone_the_cache_has_the_result()
    {
        Consumer consumer = new(feed);
        consumer.Properties["QuantizeModelsVariants"] = "float-optimized";
        consumer.Build().MustSucceed();
        string report = File.ReadAllText(consumer["obj/Debug/net10.0/octet/report.json"]);
        Assert.NotEmpty(consumer.Files("../cache"));

        consumer.DotNet("clean").MustSucceed();
        Directory.Delete(consumer["obj"], recursive: true);
        BuildLog build = consumer.Build().MustSucceed();
        Assert.Contains("restored from the cache", build.Output, StringComparison.Ordinal);
        // Measured figures never come out twice the same: this is the first run's report.
        Assert.Equal(report, File.ReadAllText(consumer["obj/Debug/net10.0/octet/report.json"]));
        Assert.Equal(0, consumer.Build("--no-restore").MustSucceed().ToolRuns);
    }

    [Fact]
    public void A_broken_model_is_one_error()
    {
        Consumer consumer = new(feed);
        consumer.Write("../models/direction.onnx", "version https://git-lfs.github.com/spec/v1");
        consumer.Build().MustFail("OCT2001");
        consumer.Build("--no-restore").MustFail("OCT2001");
    }

    [Fact]
    public void The_analyzer_points_at_code_that_opens_the_float_model()
    {
        Consumer consumer = new(feed, "model");
        consumer.Write("Program.cs", """
            using Microsoft.ML.OnnxRuntime;

            using InferenceSession session = new("models/direction.onnx");
            """);
        BuildLog build = consumer.Build().MustSucceed();
        Assert.Equal(["OCT0002"], build.Warnings);
        Assert.Contains("SingleModel.QuantizedModels.Direction", build.Output, StringComparison.Ordinal);
    }
}
