using Octet.Quantization.Diagnostics;
using Octet.Quantization.Reporting;

namespace Octet.Quantization.Tests.Pipeline;

/// <summary>Data that is missing, broken or of the wrong shape.</summary>
public class UnusableDataTests
{
    [Fact]
    public void Without_data_only_what_needs_none_is_made_and_nothing_is_verified()
    {
        using PipelineFolder folder = new(SmallModels.Convolutions());
        QuantizationResult result = folder.Run(request => request with { Variants = ["float-optimized", "int8"] });
        Diagnostic diagnostic = Assert.Single(folder.Diagnosed.Said);
        Assert.Equal(("OCT3001", DiagnosticSeverity.Warning), (diagnostic.Code, diagnostic.Severity));
        Assert.Contains("unverified", diagnostic.Text, StringComparison.Ordinal);
        Assert.Equal(["float", "float-optimized"], result.Report.Variants.Select(row => row.Name));
        Assert.All(result.Report.Variants, row => Assert.False(row.Accuracy!.Verified));
        Assert.All(folder.Manifest().Variants, variant => Assert.False(variant.Accuracy!.Verified));
    }

    [Fact]
    public void Without_data_batch_normalization_gives_the_ranges_and_nothing_is_verified()
    {
        using PipelineFolder folder = new(SmallModels.Classifier());
        QuantizationResult result = folder.Run();
        Assert.Contains("the ranges of 2 of 2 compute nodes are derived from BatchNormalization statistics", Assert.Single(folder.Diagnosed.Said).Text, StringComparison.Ordinal);
        VariantReport int8 = result.Report.Variants.Single(row => row.Name == "int8");
        Assert.Equal("batch-normalization", (string?)int8.Recipe!["calibration"]);
        Assert.Equal(2, int8.IntegerNodes);
        Assert.False(int8.Accuracy!.Verified);
        Assert.False(folder.Manifest().Variants.Single(variant => variant.Name == "int8").Accuracy!.Verified);
    }

    [Fact]
    public void Without_data_and_with_dynamic_shapes_nothing_is_made()
    {
        GraphBuilder graph = new();
        graph.Output(graph.Conv(graph.Input("x", -1, 3, -2, -3), 8, 3, 3));
        using PipelineFolder folder = new(graph.Build());
        QuantizationResult result = folder.Run();
        Assert.Contains("nothing is made", Assert.Single(folder.Diagnosed.Said).Text, StringComparison.Ordinal);
        Assert.Equal("OCT3001", folder.Diagnosed.Said[0].Code);
        Assert.Equal(["float"], result.Report.Variants.Select(row => row.Name));
        Assert.Equal(["model.octet.json"], folder.OutputFiles);
        Assert.Equal("x: float[d1,3,d2,d3]", result.Inputs);
    }

    [Fact]
    public void Given_shapes_stand_in_for_dynamic_ones()
    {
        GraphBuilder graph = new();
        graph.Output(graph.Conv(graph.Input("x", -1, 3, -2, -3), 8, 3, 3));
        using PipelineFolder folder = new(graph.Build());
        QuantizationResult result = folder.Run(request => request with { InputShapes = request.InputShapes.Add("x", [1, 3, 8, 8]), Variants = ["float-optimized"] });
        Assert.Equal(["float", "float-optimized"], result.Report.Variants.Select(row => row.Name));
    }

    [Theory]
    [InlineData("y", 1, 3, 8, 8)]
    [InlineData("x", 1, 3, 8)]
    [InlineData("x", 1, 4, 8, 8)]
    public void Given_shapes_that_are_not_the_models_are_an_error(string name, params int[] shape)
    {
        GraphBuilder graph = new();
        graph.Output(graph.Conv(graph.Input("x", -1, 3, -2, -3), 8, 3, 3));
        using PipelineFolder folder = new(graph.Build());
        Diagnostic diagnostic = Diagnosed.Throws("OCT3010", () => folder.Run(request => request with { InputShapes = request.InputShapes.Add(name, [.. shape.Select(extent => (long)extent)]) }));
        Assert.Contains($"'{name}'", diagnostic.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_does_not_decode_is_named_once_and_skipped()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(4, SmallModels.Shape);
        string broken = Path.Combine(folder.File("data"), "2.npy");
        File.WriteAllBytes(broken, File.ReadAllBytes(broken)[..40]);
        QuantizationResult result = folder.Run();
        Diagnostic diagnostic = Assert.Single(folder.Diagnosed.Said);
        Assert.Equal(("OCT3002", broken), (diagnostic.Code, diagnostic.File));
        Assert.All(result.Report.Variants, row => Assert.Equal(3, row.Accuracy!.Samples));
    }

    [Fact]
    public void An_image_that_does_not_decode_is_named_once_and_skipped()
    {
        using PipelineFolder folder = new();
        File.Copy(TestFiles.Direction, folder.ModelPath);
        string data = folder.File("images");
        Directory.CreateDirectory(data);
        string[] images = [.. Directory.EnumerateFiles(TestFiles.Lines, "*.png", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(2)];
        for (int i = 0; i < images.Length; i++)
            File.Copy(images[i], Path.Combine(data, $"{i}.png"));
        string broken = Path.Combine(data, "a.png");
        File.WriteAllBytes(broken, File.ReadAllBytes(images[0])[..60]);

        QuantizationResult result = folder.Run(request => request with { Data = [data], Variants = ["int8"], Preprocessing = "imagenet;size=48x192" });
        Assert.Equal(("OCT3002", broken), folder.Diagnosed.Said.Where(said => said.Code == "OCT3002").Select(said => (said.Code, said.File)).Single());
        Assert.Equal(2, result.Report.Variants[1].Accuracy!.Samples);
    }

    [Fact]
    public void Data_of_which_nothing_can_be_read_is_an_error()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(2, SmallModels.Shape);
        foreach (string file in Directory.EnumerateFiles(folder.File("data")))
            File.WriteAllText(file, "no array");
        Diagnostic diagnostic = Diagnosed.Throws("OCT3003", () => folder.Run());
        Assert.Contains("None of the 2", diagnostic.Text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Scratch));
    }

    [Fact]
    public void Data_of_another_shape_is_an_error_with_both_shapes()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(2, 1, 8, 8, 3);
        Diagnostic diagnostic = Diagnosed.Throws("OCT3004", () => folder.Run());
        Assert.Contains("[1,8,8,3]", diagnostic.Text, StringComparison.Ordinal);
        Assert.Contains("[1,3,8,8]", diagnostic.Text, StringComparison.Ordinal);
        Assert.Empty(folder.OutputFiles);
    }

    [Fact]
    public void A_later_file_of_another_shape_is_the_same_error()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(3, SmallModels.Shape);
        folder.Write("9.npy", Reference.Tensor("x", [1, 8, 8, 3]));
        Diagnostic diagnostic = Diagnosed.Throws("OCT3004", () => folder.Run());
        Assert.EndsWith("9.npy", diagnostic.File, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_that_makes_the_float_model_infinite_fails_the_variant_alone()
    {
        GraphBuilder graph = new();
        graph.Output(graph.Conv(graph.Node("Log", [graph.Input("x", SmallModels.Shape)]), 8, 3, 3));
        using PipelineFolder folder = new(graph.Build());
        folder.Write("0.npy", new("x", [.. SmallModels.Shape], new float[3 * 8 * 8]));
        VariantReport int8 = folder.Run().Report.Variants.Single(row => row.Name == "int8");
        Assert.Equal("failed", int8.Verdict);
        Assert.Contains("infinite", int8.Reason, StringComparison.Ordinal);
    }
}
