using System.Text.Json;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Reporting;
using Octet.Quantization.Tests;
using Octet.Quantization.Tests.Pipeline;

namespace Octet.Tool.Tests;

/// <summary>The verbs that people type.</summary>
public class CommandLineTests
{
    private static readonly string[] Quick = ["--time-budget", "1", "--threads", "1"];
    private static readonly string[] EverythingShips = ["--min-speedup", "0.000001", "--max-accuracy-drop", "1", "--variants", "float-optimized", "int8"];

    [Fact]
    public void Quantize_makes_measures_and_says_what_it_wrote()
    {
        using Workshop workshop = new();
        Outcome outcome = OctetProcess.Run(["quantize", workshop.Model, "--calibration", workshop.Data, "-o", workshop.File("out"), .. Quick, .. EverythingShips]);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Equal(["model.float-optimized.onnx", "model.int8.onnx", "model.octet.json", "model.probe.npz"], workshop.Files("out"));
        Assert.Contains("Verdict", outcome.Output, StringComparison.Ordinal);
        Assert.Contains(workshop.File("out/model.int8.onnx"), outcome.Lines);
        Assert.Contains("model: calibrating on 3 inputs\n", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("calibrating", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantize_gives_the_same_bytes_twice()
    {
        using Workshop workshop = new();
        foreach (string folder in new[] { "first", "second" })
            OctetProcess.Run(["quantize", workshop.Model, "--calibration", workshop.Data, "-o", workshop.File(folder), "--no-search", .. Quick, .. EverythingShips]);
        foreach (string file in new[] { "model.float-optimized.onnx", "model.int8.onnx", "model.probe.npz" })
            Assert.Equal(workshop.Bytes($"first/{file}"), workshop.Bytes($"second/{file}"));
    }

    [Fact]
    public void Quantize_writes_beside_the_model_unless_told_otherwise()
    {
        using Workshop workshop = new();
        OctetProcess.Run(["quantize", workshop.Model, "--calibration", workshop.Data, .. Quick, .. EverythingShips]);
        Assert.Equal(["model.float-optimized.onnx", "model.int8.onnx", "model.octet.json", "model.onnx", "model.probe.npz"], workshop.Files("project/models"));
    }

    [Fact]
    public void Quantize_without_data_says_what_it_did_not_make()
    {
        using Workshop workshop = new();
        Outcome outcome = OctetProcess.Run(["quantize", workshop.Model, "-o", workshop.File("out"), .. Quick]);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains(" : warning OCT3001: ", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("OCT3001", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_goes_to_a_file_beside_the_table()
    {
        using Workshop workshop = new();
        Outcome outcome = OctetProcess.Run(["bench", workshop.Model, "--json", workshop.File("deep/figures.json"), .. Quick]);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Contains("Verdict", outcome.Output, StringComparison.Ordinal);
        using FileStream stream = File.OpenRead(workshop.File("deep/figures.json"));
        Assert.Equal("model", Assert.Single(ReportJson.Read(stream).Models).Name);
    }

    [Fact]
    public void Json_to_the_console_is_all_that_is_printed_there()
    {
        using Workshop workshop = new();
        foreach (string[] arguments in new string[][]
        {
            ["quantize", workshop.Model, "--calibration", workshop.Data, "-o", workshop.File("out"), .. Quick],
            ["bench", workshop.Model, .. Quick],
            ["compare", workshop.Model, workshop.Model, .. Quick],
        })
        {
            Outcome outcome = OctetProcess.Run([.. arguments, "--json", "-"]);
            Assert.True(outcome.ExitCode == 0, outcome.ToString());
            using JsonDocument report = JsonDocument.Parse(outcome.Output);
            Assert.Equal(1, report.RootElement.GetProperty("schema").GetInt32());
        }
    }

    [Fact]
    public void Bench_times_files_against_the_first()
    {
        using Workshop workshop = new();
        string second = workshop.AddModel("second", SmallModels.Convolutions());
        Outcome outcome = OctetProcess.Run(["bench", workshop.Model, second, "--json", "-", .. Quick]);
        VariantReport[] rows = Rows(outcome);
        Assert.Equal(["model", "second"], rows.Select(row => row.Name));
        Assert.All(rows, row => Assert.Null(row.Accuracy));
        Assert.Equal("baseline", rows[0].Verdict);
        Assert.True(rows[1].MedianMilliseconds > 0);
    }

    [Fact]
    public void Bench_takes_many_files_and_writes_a_page_with_the_plot()
    {
        using Workshop workshop = new();
        string second = workshop.AddModel("second", SmallModels.Convolutions());
        Outcome outcome = OctetProcess.Run(["bench", workshop.Model, second, workshop.Model, "--html", workshop.File("deep/bench.html"), .. Quick]);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        string page = File.ReadAllText(workshop.File("deep/bench.html"));
        Assert.Contains("Each dot is a run", page, StringComparison.Ordinal);
        foreach (string name in new[] { "models/model", "models/second", "models/model (2)" })
            Assert.Contains($"{name}: median", page, StringComparison.Ordinal);
        // A bar is for terminals.
        Assert.DoesNotContain("in turns", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_finds_a_file_equal_to_itself()
    {
        using Workshop workshop = new();
        Outcome outcome = OctetProcess.Run(["compare", workshop.Model, workshop.Model, "--calibration", workshop.Data, "--json", "-", .. Quick]);
        VariantReport[] rows = Rows(outcome);
        Assert.Equal(["models/model", "models/model (2)"], rows.Select(row => row.Name));
        Assert.Equal((0, 3, true), (rows[1].Accuracy!.Drop, rows[1].Accuracy!.Samples, rows[1].Accuracy!.Verified));
    }

    [Fact]
    public void Compare_fails_where_a_file_has_other_outputs()
    {
        using Workshop workshop = new();
        string second = workshop.AddModel("second", SmallModels.Convolutions());
        Outcome outcome = OctetProcess.Run(["compare", workshop.Model, second, "--calibration", workshop.Data, .. Quick]);
        Assert.True(outcome.ExitCode == 1, outcome.ToString());
        Assert.Contains("its outputs are", outcome.Output.ReplaceLineEndings(" "), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Compare_fails_where_a_file_takes_other_inputs()
    {
        using Workshop workshop = new();
        GraphBuilder graph = new();
        graph.Output(graph.Conv(graph.Input("y", 1, 1, 4, 4), 8, 1, 3));
        Outcome outcome = OctetProcess.Run(["compare", workshop.Model, workshop.AddModel("second", graph.Build()), "--calibration", workshop.Data, .. Quick]);
        Assert.True(outcome.ExitCode == 1, outcome.ToString());
        Assert.Contains("failed", outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bench")]
    [InlineData("compare")]
    [InlineData("quantize")]
    [InlineData("inspect")]
    public void A_file_that_is_no_model_is_one_line_on_the_error_output(string verb)
    {
        using Workshop workshop = new();
        string broken = workshop.File("broken.onnx");
        File.WriteAllText(broken, "no model");
        Outcome outcome = OctetProcess.Run([verb, broken, .. verb == "compare" ? [broken] : Array.Empty<string>()]);
        Assert.Equal((1, ""), (outcome.ExitCode, outcome.Output));
        Assert.StartsWith($"{broken} : error OCT2001: ", Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_dynamic_model_without_data_asks_for_its_shape()
    {
        using Workshop workshop = new();
        GraphBuilder graph = new();
        graph.Output(graph.Conv(graph.Input("x", -1, 3, -2, -3), 8, 3, 3));
        string model = workshop.AddModel("dynamic", graph.Build());
        Outcome outcome = OctetProcess.Run(["bench", model, .. Quick]);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("[?,3,?,?]", Assert.Single(outcome.Said("OCT3010")), StringComparison.Ordinal);
        Assert.Equal(0, OctetProcess.Run(["bench", model, "--input", "x=1,3,8,8", .. Quick]).ExitCode);
    }

    [Fact]
    public void Inspect_shows_what_would_become_integer()
    {
        using Workshop workshop = new();
        Outcome outcome = OctetProcess.Run("inspect", workshop.Model, "--exclude", "Gemm");
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Contains("integer   1 of 2 compute nodes", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("it is excluded", outcome.Output, StringComparison.Ordinal);

        using JsonDocument json = JsonDocument.Parse(OctetProcess.Run("inspect", workshop.Model, "--json").Output);
        Assert.Equal(2, json.RootElement.GetProperty("integerComputeNodes").GetInt32());
        Assert.Equal(13, json.RootElement.GetProperty("opset").GetInt32());
    }

    [Fact]
    public void Inspect_names_the_operators_of_ours_that_a_file_needs()
    {
        using Workshop workshop = new();
        GraphBuilder graph = new();
        string quantized = graph.Node("QuantizeNhwc", [graph.Input("x", 1, 3, 8, 8)], Nodes.Attribute("scale", 0.5f));
        graph.Output(graph.Node("DequantizeNhwc", [quantized], Nodes.Attribute("scale", 0.5f)));
        ModelProto operators = graph.Build();
        foreach (NodeProto node in operators.Graph.Node)
            node.Domain = QuantizedOperators.Domain;
        operators.OpsetImport.Add(new OperatorSetIdProto { Domain = QuantizedOperators.Domain, Version = 1 });
        string model = workshop.AddModel("operators", operators);

        Outcome outcome = OctetProcess.Run("inspect", model);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Contains("custom    1 DequantizeNhwc, 1 QuantizeNhwc: ", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("domains", outcome.Output, StringComparison.Ordinal);

        Assert.DoesNotContain("custom", OctetProcess.Run("inspect", workshop.Model).Output, StringComparison.Ordinal);
        // Whoever opens it in the tool gets them.
        Assert.Equal(0, OctetProcess.Run(["bench", model, model, .. Quick]).ExitCode);
    }

    [Fact]
    public void Inspect_says_why_nothing_would_be_quantized()
    {
        using Workshop workshop = new();
        Outcome outcome = OctetProcess.Run("inspect", workshop.AddModel("empty", SmallModels.WithoutCompute()));
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("nothing would be quantized: ", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Cache_shows_and_clears_itself()
    {
        using Workshop workshop = new();
        workshop.Build("out");
        Outcome shown = OctetProcess.Run("cache", "--path", workshop.Cache);
        Assert.True(shown.ExitCode == 0, shown.ToString());
        Assert.Contains("1 entry, ", shown.Output, StringComparison.Ordinal);

        Assert.Contains("0 entries removed", OctetProcess.Run("cache", "--path", workshop.Cache, "--clear", "--older-than", "3").Output, StringComparison.Ordinal);
        using JsonDocument cleared = JsonDocument.Parse(OctetProcess.Run("cache", "--path", workshop.Cache, "--clear", "--json").Output);
        Assert.Equal((1, 0), (cleared.RootElement.GetProperty("removed").GetInt32(), cleared.RootElement.GetProperty("entries").GetInt32()));
        Assert.Empty(workshop.Entries);
    }

    [Theory]
    [InlineData("frob")]
    [InlineData("quantize")]
    [InlineData("compare", "one.onnx")]
    [InlineData("bench", "m.onnx", "--threads", "x")]
    [InlineData("bench", "m.onnx", "--threads", "-1")]
    [InlineData("bench", "m.onnx", "--threads", "1,2")]
    [InlineData("quantize", "m.onnx", "--threads", "1,x")]
    [InlineData("quantize", "m.onnx", "--batch", "1;0")]
    [InlineData("bench", "m.onnx", "--batch", "0")]
    [InlineData("bench", "m.onnx", "--time-budget", "0")]
    [InlineData("bench", "m.onnx", "--time-budget", "1e300")]
    [InlineData("bench", "m.onnx", "--min-speedup", "NaN")]
    [InlineData("bench", "m.onnx", "--max-accuracy-drop", "-1")]
    [InlineData("bench", "m.onnx", "--input", "x")]
    [InlineData("bench", "m.onnx", "--input", "x=1,two")]
    [InlineData("bench", "m.onnx", "--speed")]
    [InlineData("quantize", "m.onnx", "--variants", "int7")]
    [InlineData("quantize", "m.onnx", "--method", "magic")]
    [InlineData("quantize", "m.onnx", "--calibration-samples", "0")]
    [InlineData("cache", "--older-than", "3")]
    [InlineData("cache", "--clear", "--older-than", "-3")]
    public void Bad_usage_is_said_with_the_way_to_help(params string[] arguments)
    {
        Outcome outcome = OctetProcess.Run(arguments);
        Assert.True(outcome.ExitCode == 2, outcome.ToString());
        Assert.Equal("", outcome.Output);
        string[] lines = outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length >= 2, outcome.ToString());
        Assert.Equal(arguments[0] == "frob" ? "See: octet --help" : $"See: octet {arguments[0]} --help", lines[^1]);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void No_verb_shows_the_verbs()
    {
        Outcome outcome = OctetProcess.Run();
        Assert.Equal(2, outcome.ExitCode);
        foreach (string verb in new[] { "quantize", "bench", "compare", "inspect", "build", "cache" })
            Assert.Contains($"  {verb}", outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("quantize", "--help")]
    [InlineData("bench", "-h")]
    [InlineData("compare", "--help")]
    [InlineData("inspect", "--help")]
    [InlineData("build", "--help")]
    [InlineData("cache", "--help")]
    public void Help_is_no_failure(params string[] arguments)
    {
        Outcome outcome = OctetProcess.Run(arguments);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Contains("Usage:", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_version_is_a_number()
    {
        Outcome outcome = OctetProcess.Run("--version");
        Assert.Equal(0, outcome.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+", outcome.Output);
    }

    private static VariantReport[] Rows(Outcome outcome)
    {
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        using MemoryStream stream = new(System.Text.Encoding.UTF8.GetBytes(outcome.Output));
        return [.. Assert.Single(ReportJson.Read(stream).Models).Variants];
    }
}
