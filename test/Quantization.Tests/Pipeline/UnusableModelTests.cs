using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Reporting;

namespace Octet.Quantization.Tests.Pipeline;

/// <summary>Models that cannot be used, or not wholly: one coded sentence each, and the float model ships where it can.</summary>
public class UnusableModelTests
{
    private static readonly byte[] Whole = SmallModels.Classifier().ToByteArray();

    public static TheoryData<string, byte[], string> NotModels => new()
    {
        { "empty", [], "it is empty" },
        { "truncated", Whole[..(Whole.Length / 2)], "it is truncated or no ONNX file" },
        { "text", "not a model, just words"u8.ToArray(), "no ONNX file" },
        { "LFS pointer", Encoding.UTF8.GetBytes($"version https://git-lfs.github.com/spec/v1\noid sha256:{new string('4', 64)}\nsize 578966\n"), "" },
        { "zip", Zip(), "" },
        { "noise", [.. Enumerable.Range(0, 4096).Select(i => (byte)(i * 2654435761 >> 13))], "" },
        { "zeros", new byte[4096], "" },
        { "model without graph", new ModelProto { IrVersion = 8 }.ToByteArray(), "it holds no graph" },
    };

    [Theory]
    [MemberData(nameof(NotModels))]
    public void A_file_that_is_no_model_is_an_error(string what, byte[] content, string reason)
    {
        using PipelineFolder folder = new();
        File.WriteAllBytes(folder.ModelPath, content);
        Diagnostic diagnostic = Diagnosed.Throws("OCT2001", () => folder.Run());
        Assert.StartsWith("The file is not a readable ONNX model: ", diagnostic.Text, StringComparison.Ordinal);
        Assert.Contains(reason, diagnostic.Text, StringComparison.Ordinal);
        Assert.Equal(folder.ModelPath, diagnostic.File);
        AssertNothingLeft(folder, what);
    }

    [Fact]
    public void A_missing_file_is_an_error()
    {
        using PipelineFolder folder = new();
        Diagnosed.Throws("OCT2001", () => folder.Run());
        AssertNothingLeft(folder, "missing");
    }

    [Theory]
    [InlineData("weights.bin", "'weights.bin' does not exist")]
    [InlineData("../secret.bin", "leads out of the model's folder")]
    [InlineData("sub/../../secret.bin", "leads out of the model's folder")]
    [InlineData("/etc/hostname", "is not a relative path")]
    [InlineData("", "is not a relative path")]
    [InlineData("short.bin", "lie outside 'short.bin', which has 10")]
    [InlineData("link.bin", "is a link out of the model's folder")]
    [InlineData("linked/secret.bin", "is a link out of the model's folder")]
    public void External_data_that_cannot_be_used_is_an_error(string location, string reason)
    {
        using ScratchFolder outside = new();
        File.WriteAllBytes(outside.File("secret.bin"), new byte[4096]);
        using PipelineFolder folder = new(WithExternalWeights(location));
        File.WriteAllBytes(folder.File("short.bin"), new byte[10]);
        File.CreateSymbolicLink(folder.File("link.bin"), outside.File("secret.bin"));
        Directory.CreateSymbolicLink(folder.File("linked"), outside.Path);

        Diagnostic diagnostic = Diagnosed.Throws("OCT2006", () => folder.Run());
        Assert.Contains(reason, diagnostic.Text, StringComparison.Ordinal);
        Assert.Contains("'w1'", diagnostic.Text, StringComparison.Ordinal);
        AssertNothingLeft(folder, location);
    }

    [Theory]
    [InlineData("offset", "4000000000")]
    [InlineData("offset", "9223372036854775807")]
    [InlineData("offset", "-4")]
    [InlineData("length", "4000000000")]
    [InlineData("length", "many")]
    public void External_data_out_of_bounds_is_an_error(string key, string value)
    {
        using PipelineFolder folder = new(WithExternalWeights("weights.bin", (key, value)));
        File.WriteAllBytes(folder.File("weights.bin"), new byte[4096]);
        Diagnosed.Throws("OCT2006", () => folder.Run());
    }

    [Fact]
    public void External_data_beside_the_model_is_used()
    {
        ModelProto model = WithExternalWeights("weights.bin", ("offset", "8"), ("length", $"{16 * 3 * 9 * 4}"));
        using PipelineFolder folder = new PipelineFolder(model).WithSamples(2, SmallModels.Shape);
        byte[] weights = SmallModels.Convolutions().Graph.Initializer[0].RawData.ToByteArray();
        File.WriteAllBytes(folder.File("weights.bin"), [.. new byte[8], .. weights]);
        folder.Run();
        Assert.Contains("model.int8.onnx", folder.OutputFiles);

        using PipelineFolder inside = new PipelineFolder(SmallModels.Convolutions()).WithSamples(2, SmallModels.Shape);
        inside.Run();
        Assert.Equal(File.ReadAllBytes(Path.Combine(inside.Output, "model.int8.onnx")), File.ReadAllBytes(Path.Combine(folder.Output, "model.int8.onnx")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("com.example")]
    public void An_operator_that_onnx_runtime_does_not_know_keeps_the_model_float(string domain)
    {
        GraphBuilder graph = new();
        graph.Output(graph.Node("Swirl", [graph.Conv(graph.Input("x", SmallModels.Shape), 8, 3, 3)]));
        ModelProto model = graph.Build();
        model.Graph.Node[^1].Domain = domain;
        if (domain.Length > 0)
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = 1 });
        using PipelineFolder folder = new PipelineFolder(model).WithSamples(2, SmallModels.Shape);

        QuantizationResult result = folder.Run();
        Diagnostic diagnostic = Assert.Single(folder.Diagnosed.Said);
        Assert.Equal(("OCT2002", DiagnosticSeverity.Warning), (diagnostic.Code, diagnostic.Severity));
        Assert.Contains("Swirl", diagnostic.Text, StringComparison.Ordinal);
        Assert.Contains(domain, diagnostic.Text, StringComparison.Ordinal);
        AssertFloatOnly(folder, result);
    }

    [Fact]
    public void An_operator_of_onnx_runtimes_own_domain_stays_and_the_rest_is_quantized()
    {
        GraphBuilder graph = new();
        graph.Output(graph.Node("Gelu", [graph.Conv(graph.Input("x", SmallModels.Shape), 8, 3, 3)]));
        ModelProto model = graph.Build();
        model.Graph.Node[^1].Domain = "com.microsoft";
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        using PipelineFolder folder = new PipelineFolder(model).WithSamples(2, SmallModels.Shape);

        Assert.Equal(1, folder.Run().Report.Variants.Single(row => row.Name == "int8").IntegerNodes);
        Assert.Empty(folder.Diagnosed.Said);
    }

    [Fact]
    public void A_quantized_model_that_cannot_be_taken_over_is_passed_through()
    {
        using PipelineFolder folder = new PipelineFolder(Quantized.Variant(SmallModels.Classifier(), "int8-dynamic").Model).WithSamples(2, SmallModels.Shape);
        QuantizationResult result = folder.Run();
        Assert.Equal("OCT2003", Assert.Single(folder.Diagnosed.Codes));
        Assert.Contains("already quantized", result.Report.Reason, StringComparison.Ordinal);
        AssertFloatOnly(folder, result);
    }

    [Fact]
    public void An_opset_that_is_too_old_to_lift_keeps_the_model_float()
    {
        GraphBuilder graph = new(opset: 6);
        graph.Output(graph.Conv(graph.Input("x", SmallModels.Shape), 8, 3, 3));
        using PipelineFolder folder = new PipelineFolder(graph.Build()).WithSamples(2, SmallModels.Shape);

        QuantizationResult result = folder.Run();
        Diagnostic diagnostic = Assert.Single(folder.Diagnosed.Said);
        Assert.Equal("OCT2004", diagnostic.Code);
        Assert.Contains("opset 6", diagnostic.Text, StringComparison.Ordinal);
        AssertFloatOnly(folder, result);
    }

    [Fact]
    public void A_model_that_onnx_runtime_refuses_is_an_error()
    {
        GraphBuilder graph = new();
        graph.Output(graph.Node("Add", [graph.Input("x", 1, 3), graph.Input("y", 1, 4)]));
        using PipelineFolder folder = new(graph.Build());
        Diagnostic diagnostic = Diagnosed.Throws("OCT2005", () => folder.Run());
        Assert.Contains("1.31.1", diagnostic.Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', diagnostic.Text);
        AssertNothingLeft(folder, "refused");
    }

    [Theory]
    [InlineData(27)]
    [InlineData(99)]
    public void An_opset_that_onnx_runtime_does_not_know_yet_is_an_error(int opset)
    {
        using PipelineFolder folder = new(SmallModels.Convolutions(opset));
        Diagnostic diagnostic = Diagnosed.Throws("OCT2005", () => folder.Run());
        Assert.Contains($"{opset}", diagnostic.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_does_not_run_on_its_data_is_an_error()
    {
        GraphBuilder graph = new();
        string table = graph.Weights(4, 8);
        string row = graph.Node("Gather", [table, graph.Input("ids", TensorProto.Types.DataType.Int64, 1, 2)]);
        graph.Output(graph.Node("MatMul", [row, graph.ScaledWeights(8, 8)]));
        using PipelineFolder folder = new(graph.Build());
        folder.Write("0.npy", new("ids", [1, 2], new long[] { 3, 99 }));
        Diagnostic diagnostic = Diagnosed.Throws("OCT2005", () => folder.Run());
        Assert.Contains("0.npy", diagnostic.Text, StringComparison.Ordinal);
        AssertNothingLeft(folder, "out of range");
    }

    [Fact]
    public void A_model_without_compute_nodes_has_nothing_to_quantize()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.WithoutCompute()).WithSamples(2, SmallModels.Shape);
        QuantizationResult result = folder.Run();
        Assert.Equal(["OCT2007"], folder.Diagnosed.Codes);
        AssertFloatOnly(folder, result, "no variant could be tried");
    }

    [Fact]
    public void A_variant_that_is_asked_for_and_cannot_be_made_fails()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.WithoutCompute()).WithSamples(2, SmallModels.Shape);
        QuantizationResult result = folder.Run(request => request with { Variants = ["int8"] });
        Assert.Equal(["OCT2007", "OCT4003"], folder.Diagnosed.Codes);
        Assert.Equal("failed", result.Report.Variants.Single(row => row.Name == "int8").Verdict);
        Assert.Equal("float", result.Report.Selected);
    }

    [Fact]
    public void A_model_that_computes_nothing_from_its_input_stays_float()
    {
        GraphBuilder graph = new();
        graph.Input("x", SmallModels.Shape);
        graph.Output(graph.Node("Conv", [graph.Constant([1, 1, 2, 2], [1, 2, 3, 4]), graph.Constant([1, 1, 1, 1], [2])]));
        using PipelineFolder folder = new PipelineFolder(graph.Build()).WithSamples(2, SmallModels.Shape);
        Assert.Equal("float", folder.Run(request => request with { MinSpeedup = 1e6 }).Report.Selected);
    }

    [Fact]
    public void A_model_that_takes_a_sequence_stays_float()
    {
        GraphBuilder graph = new();
        graph.Graph.Input.Add(new ValueInfoProto
        {
            Name = "parts",
            Type = new TypeProto { SequenceType = new TypeProto.Types.Sequence { ElemType = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } } } },
        });
        graph.Output(graph.Node("MatMul", [graph.Node("ConcatFromSequence", ["parts"], Nodes.Attribute("axis", 0L)), graph.ScaledWeights(8, 8)]));
        using PipelineFolder folder = new(graph.Build());
        QuantizationResult result = folder.Run();
        Assert.Equal("OCT2007", Assert.Single(folder.Diagnosed.Codes));
        AssertFloatOnly(folder, result);
    }

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("model.onnx/below/it")]
    public void An_output_folder_that_cannot_be_made_is_an_error(string place)
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(2, SmallModels.Shape);
        Diagnostic diagnostic = Diagnosed.Throws("OCT5002", () => folder.Run(request => request with { OutputDirectory = folder.File(place) }));
        Assert.Equal(folder.File(place), diagnostic.File);
    }

    [Fact]
    public void A_folder_in_the_place_of_a_variant_is_an_error_and_leaves_no_temporary_files()
    {
        using PipelineFolder folder = new PipelineFolder(SmallModels.Classifier()).WithSamples(2, SmallModels.Shape);
        Directory.CreateDirectory(Path.Combine(folder.Output, "model.int8.onnx", "inside"));
        Diagnosed.Throws("OCT5002", () => folder.Run(request => request with { Variants = ["int8"] }));
        Assert.Empty(folder.OutputFiles);
        Assert.False(Directory.Exists(folder.Scratch));
    }

    private static void AssertFloatOnly(PipelineFolder folder, QuantizationResult result, string? reason = null)
    {
        Assert.Equal(["model.octet.json"], folder.OutputFiles);
        Assert.Equal(("float", "float"), (result.Report.Selected, folder.Manifest().Selected));
        VariantReport row = Assert.Single(result.Report.Variants);
        Assert.Equal("baseline", row.Verdict);
        Assert.Equal(reason ?? row.Reason, result.Report.Reason);
    }

    private static void AssertNothingLeft(PipelineFolder folder, string what) =>
        Assert.True(!Directory.Exists(folder.Output) || folder.OutputFiles.Length == 0, what);

    private static ModelProto WithExternalWeights(string location, params (string Key, string Value)[] entries)
    {
        ModelProto model = SmallModels.Convolutions();
        TensorProto weights = model.Graph.Initializer[0];
        Assert.Equal("w1", weights.Name);
        weights.ClearRawData();
        weights.FloatData.Clear();
        weights.DataLocation = TensorProto.Types.DataLocation.External;
        foreach ((string key, string value) in entries.Prepend(("location", location)))
            weights.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        return model;
    }

    private static byte[] Zip()
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        using (Stream entry = archive.CreateEntry("model.onnx").Open())
            entry.Write(Whole);
        return stream.ToArray();
    }
}
