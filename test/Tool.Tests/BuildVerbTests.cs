using System.Diagnostics;
using System.Text.Json;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Reporting;
using Octet.Quantization.Tests;
using Octet.Quantization.Tests.Pipeline;

namespace Octet.Tool.Tests;

/// <summary><c>octet build @plan</c> as the targets call it: exit codes, what is printed, what is written.</summary>
public class BuildVerbTests
{
    private static readonly string[] NothingShips = ["--min-speedup=1000000"];

    [Fact]
    public void A_build_writes_the_files_that_the_targets_read()
    {
        using Workshop workshop = new();
        Outcome outcome = workshop.Build("out");
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Equal("", outcome.Error);

        string[] variants = ["model.float-optimized.onnx", "model.int8.onnx", "model.octet.json", "model.probe.npz"];
        string[] reports = ["models.txt", "outputs.txt", "report.html", "report.json", "report.md", "summary.txt"];
        Assert.Equal([.. reports, .. variants.Select(file => $"variants/models/{file}")], workshop.Files("out"));

        string[] outputs = File.ReadAllLines(workshop.File("out/outputs.txt"));
        Assert.Equal(
            [.. variants.Select(file => $"{workshop.File($"out/variants/models/{file}")}|models/{file}"), .. reports.Select(file => $"{workshop.File($"out/{file}")}|")],
            outputs.Order(StringComparer.Ordinal).OrderBy(line => line.EndsWith('|')));

        ModelReport report = Assert.Single(workshop.Report("out").Models);
        Assert.Equal(["models/model.onnx", "variants/models/model.float-optimized.onnx", "variants/models/model.int8.onnx"], report.Variants.Select(row => row.Path));
        Assert.Equal($"model\t{report.Selected}\tx: float[1,3,8,8]\tGemm14_out: float[1,10]\n", File.ReadAllText(workshop.File("out/models.txt")));
        Assert.Contains("int8", File.ReadAllText(workshop.File("out/summary.txt")), StringComparison.Ordinal);
        Assert.Contains("int8", File.ReadAllText(workshop.File("out/report.md")), StringComparison.Ordinal);
        Assert.Contains("<html", File.ReadAllText(workshop.File("out/report.html")), StringComparison.Ordinal);
        Assert.True(File.GetLastWriteTimeUtc(workshop.File("out/report.json")) >= Directory.EnumerateFiles(workshop.File("out"), "*", SearchOption.AllDirectories).Max(File.GetLastWriteTimeUtc));
    }

    [Fact]
    public void Messages_carry_their_importance()
    {
        using Workshop workshop = new();
        Outcome outcome = workshop.Build("out");
        Assert.Contains(outcome.Lines, line => line.StartsWith("[high] Octet: model: quantizing models/model.onnx", StringComparison.Ordinal));
        Assert.Contains(outcome.Lines, line => line.StartsWith("[low] Octet: model: no cache entry ", StringComparison.Ordinal));
        Assert.Contains("Octet: model: calibrating on 2 inputs", outcome.Lines);
    }

    [Fact]
    public void Diagnostics_are_printed_in_canonical_form()
    {
        using Workshop workshop = new();
        string broken = Path.Combine(workshop.Data, "1.npy");
        File.WriteAllText(broken, "no array");
        Outcome outcome = workshop.Build("out");
        Assert.Equal(0, outcome.ExitCode);
        Assert.StartsWith($"{broken} : warning OCT3002: The calibration file cannot be read and is skipped: ", Assert.Single(outcome.Said("OCT3002")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_second_build_is_restored_from_the_cache()
    {
        using Workshop workshop = new();
        File.WriteAllText(Path.Combine(workshop.Data, "1.npy"), "no array");
        Outcome first = workshop.Build("first");
        Outcome second = workshop.Build("second");
        Assert.True(second.ExitCode == 0, second.ToString());
        Assert.DoesNotContain(second.Lines, line => line.Contains("calibrating", StringComparison.Ordinal));
        Assert.Contains("[high] Octet: model: restored from the cache, nothing to do", second.Lines);
        Assert.Equal(first.Said("OCT3002"), second.Said("OCT3002"));
        Assert.Equal(workshop.Files("first"), workshop.Files("second"));
        foreach (string file in workshop.Files("first/variants").Select(file => $"variants/{file}").Append("report.json").Append("models.txt").Append("summary.txt"))
            Assert.Equal(workshop.Bytes($"first/{file}"), workshop.Bytes($"second/{file}"));
    }

    [Fact]
    public void A_restored_build_removes_what_an_earlier_one_shipped()
    {
        using Workshop workshop = new();
        workshop.Build("out", null, ("model", NothingShips));
        workshop.Build("out");
        Assert.Contains("model.int8.onnx", workshop.Files("out/variants/models"));
        Outcome restored = workshop.Build("out", null, ("model", NothingShips));
        Assert.Contains("[high] Octet: model: restored from the cache, nothing to do", restored.Lines);
        Assert.Equal(["model.octet.json"], workshop.Files("out/variants/models"));
    }

    [Fact]
    public void A_checkout_elsewhere_shares_the_entry_and_warns_of_its_own_files()
    {
        using Workshop one = new();
        using Workshop other = new();
        foreach (Workshop workshop in new[] { one, other })
            File.WriteAllText(Path.Combine(workshop.Data, "1.npy"), "no array");
        one.Build("out");
        Outcome outcome = other.Build("out", [$"--cache={one.Cache}"], ("model", []));
        Assert.Contains("[high] Octet: model: restored from the cache, nothing to do", outcome.Lines);
        Assert.StartsWith(Path.Combine(other.Data, "1.npy"), Assert.Single(outcome.Said("OCT3002")), StringComparison.Ordinal);
        Assert.DoesNotContain(one.Path, outcome.Said("OCT3002")[0], StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_search_learned_is_kept_in_the_cache_and_gone_on_from()
    {
        using Workshop workshop = new();
        (string, string[]) model = ("model", ["--search=true", "--time-budget=40", "--variants=int8"]);
        Assert.DoesNotContain("going on after", workshop.Build("first", null, model).Output, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(workshop.Cache, "v1", "search")));
        foreach (string entry in workshop.Entries)
            Directory.Delete(entry, recursive: true);
        string second = workshop.Build("second", null, model).Output;
        Assert.Contains("going on with what an earlier search found", second, StringComparison.Ordinal);
        Assert.Contains("going on after", second, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_entry_is_ignored_and_made_again()
    {
        using Workshop workshop = new();
        workshop.Build("first");
        string file = Path.Combine(Assert.Single(workshop.Entries), "model.int8.onnx");
        File.WriteAllBytes(file, [.. File.ReadAllBytes(file)[..^1], 99]);
        Outcome second = workshop.Build("second");
        Assert.Equal(0, second.ExitCode);
        Assert.Contains(" : message OCT5003: ", Assert.Single(second.Said("OCT5003")), StringComparison.Ordinal);
        Assert.Equal(workshop.Bytes("first/variants/models/model.int8.onnx"), workshop.Bytes("second/variants/models/model.int8.onnx"));
        Assert.Contains("restored", workshop.Build("third").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_that_cannot_be_written_does_not_stop_the_work()
    {
        using Workshop workshop = new();
        Outcome outcome = workshop.Build("out", [$"--cache={workshop.Model}/below"]);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.NotEmpty(outcome.Said("OCT5001"));
        Assert.Contains("variants/models/model.int8.onnx", workshop.Files("out"));
    }

    [Fact]
    public void Without_the_cache_nothing_is_kept()
    {
        using Workshop workshop = new();
        Assert.Equal(0, workshop.Build("out", ["--use-cache=false"]).ExitCode);
        Assert.Empty(workshop.Files("cache"));
    }

    [Fact]
    public void Two_builds_of_the_same_at_once_do_the_work_once()
    {
        using Workshop workshop = new();
        string[] plans = [workshop.Plan("first"), workshop.Plan("second")];
        Process[] processes = [.. plans.Select(plan => OctetProcess.Start("build", $"@{plan}"))];
        Outcome[] outcomes = [.. processes.Select(OctetProcess.Finish)];
        Assert.All(outcomes, outcome => Assert.True(outcome.ExitCode == 0, outcome.ToString()));
        Assert.Single(outcomes, outcome => outcome.Output.Contains("calibrating", StringComparison.Ordinal));
        Assert.Single(outcomes, outcome => outcome.Output.Contains("restored from the cache", StringComparison.Ordinal));
        Assert.Equal(workshop.Bytes("first/report.json"), workshop.Bytes("second/report.json"));
    }

    [Fact]
    public void A_killed_build_is_made_up_for_by_the_next()
    {
        using Workshop workshop = new();
        using (Process process = OctetProcess.Start("build", $"@{workshop.Plan("out")}"))
        {
            while (process.StandardOutput.ReadLine() is { } line && !line.Contains("comparing outputs", StringComparison.Ordinal))
            {
            }
            process.Kill();
            process.WaitForExit();
        }
        Assert.False(File.Exists(workshop.File("out/report.json")));
        Assert.Empty(workshop.Entries);

        Outcome outcome = workshop.Build("out");
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.DoesNotContain(workshop.Files("out"), file => file.Contains("scratch", StringComparison.Ordinal) || file.EndsWith(".tmp", StringComparison.Ordinal));
        workshop.Build("undisturbed", ["--use-cache=false"]);
        Assert.Equal(workshop.Bytes("undisturbed/variants/models/model.int8.onnx"), workshop.Bytes("out/variants/models/model.int8.onnx"));
    }

    [Fact]
    public void A_broken_model_fails_the_build_but_not_the_others_work()
    {
        using Workshop workshop = new();
        byte[] good = File.ReadAllBytes(workshop.AddModel("second", SmallModels.Convolutions()));
        string broken = workshop.File("project/models/second.onnx");
        File.WriteAllBytes(broken, good[..100]);
        (string, string[])[] models = [("second", []), ("model", [])];

        Outcome first = workshop.Build("out", null, models);
        Assert.True(first.ExitCode == 1, first.ToString());
        Assert.StartsWith($"{broken} : error OCT2001: ", Assert.Single(first.Said("OCT2001")), StringComparison.Ordinal);
        Assert.DoesNotContain("report.json", workshop.Files("out"));

        File.WriteAllBytes(broken, good);
        Outcome second = workshop.Build("out", null, models);
        Assert.True(second.ExitCode == 0, second.ToString());
        Assert.Contains("[high] Octet: model: restored from the cache, nothing to do", second.Lines);
        Assert.Equal(["second", "model"], workshop.Report("out").Models.Select(model => model.Name));
    }

    [Theory]
    [InlineData("weights.bin")]
    [InlineData("../../../etc/hostname")]
    public void External_data_that_cannot_be_used_is_an_error_with_the_cache_too(string location)
    {
        using Workshop workshop = new();
        ModelProto model = SmallModels.Classifier();
        model.Graph.Initializer[0].ClearRawData();
        model.Graph.Initializer[0].DataLocation = TensorProto.Types.DataLocation.External;
        model.Graph.Initializer[0].ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        workshop.AddModel("model", model);
        Outcome outcome = workshop.Build("out");
        Assert.True(outcome.ExitCode == 1, outcome.ToString());
        Assert.Single(outcome.Said("OCT2006"));
    }

    [Fact]
    public void Verdicts_are_messages_unless_they_are_asked_to_be_errors()
    {
        using Workshop workshop = new();
        Outcome lenient = workshop.Build("lenient", null, ("model", NothingShips));
        Assert.Equal(0, lenient.ExitCode);
        Assert.All(lenient.Said("OCT4001"), line => Assert.Contains(" : message OCT4001: ", line, StringComparison.Ordinal));

        Outcome strict = workshop.Build("strict", ["--treat-verdicts-as-errors=true"], ("model", NothingShips));
        Assert.Equal(1, strict.ExitCode);
        Assert.Equal(2, strict.Said("OCT4001").Count(line => line.StartsWith($"{workshop.Model} : error OCT4001: model: variant ", StringComparison.Ordinal)));
        Assert.Contains("report.md", workshop.Files("strict"));
    }

    [Fact]
    public void Each_model_that_stays_float_is_an_error_of_its_own()
    {
        using Workshop workshop = new();
        workshop.AddModel("dynamic", Dynamic());
        Outcome outcome = workshop.Build("out", ["--treat-verdicts-as-errors=true"], ("model", NothingShips), ("dynamic", ["--data"]));
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("no calibration data", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("models/dynamic.onnx : error OCT4004: 'dynamic' stays float", Assert.Single(outcome.Said("OCT4004")), StringComparison.Ordinal);
        Assert.Contains(outcome.Said("OCT4001"), line => line.Contains(" : error OCT4001: model: ", StringComparison.Ordinal));
    }

    [Fact]
    public void A_model_that_is_faster_is_no_error()
    {
        using Workshop workshop = new();
        Outcome outcome = workshop.Build("out", ["--treat-verdicts-as-errors=true"]);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
    }

    [Fact]
    public void A_recipe_of_the_report_makes_the_same_bytes()
    {
        using Workshop workshop = new();
        workshop.Build("out", null, ("model", ["--exclude=Gemm", "--method=mse"]));
        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(workshop.File("out/report.json")));
        JsonElement recipe = report.RootElement.GetProperty("models")[0].GetProperty("variants").EnumerateArray().Single(row => row.GetProperty("name").GetString() == "int8").GetProperty("recipe");
        File.WriteAllText(workshop.File("recipe.json"), recipe.GetRawText());

        Outcome outcome = workshop.Build("pinned", null, ("model", [$"--recipe={workshop.File("recipe.json")}"]));
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.Contains("\"mse\"", recipe.GetProperty("calibration").GetRawText(), StringComparison.Ordinal);
        Assert.Equal(["float", "int8"], workshop.Report("pinned").Models[0].Variants.Select(row => row.Name));
        Assert.Equal(workshop.Bytes("out/variants/models/model.int8.onnx"), workshop.Bytes("pinned/variants/models/model.int8.onnx"));
    }

    [Theory]
    [InlineData(null, "Could not find")]
    [InlineData("not json", "")]
    [InlineData("[]", "it is no json object")]
    [InlineData("{}", "it names no variant")]
    [InlineData("{\"variant\": [1]}", "it names no variant")]
    [InlineData("{\"variant\": \"int8\", \"target\": \"riscv\"}", "'riscv' is no target")]
    [InlineData("{\"variant\": \"int8\", \"calibration\": \"kl\"}", "'kl' is no calibration method of this version")]
    [InlineData("{\"variant\": \"int3\"}", "'int3' is no variant of this version")]
    [InlineData("{\"variant\": \"int8\", \"exclude\": [7]}", "'exclude' holds what is no text")]
    [InlineData("{\"variant\": \"int8\", \"exclude\": [null]}", "'exclude' holds what is no text")]
    public void A_recipe_that_is_none_is_an_error(string? content, string reason)
    {
        using Workshop workshop = new();
        if (content is not null)
            File.WriteAllText(workshop.File("recipe.json"), content);
        Outcome outcome = workshop.Build("out", null, ("model", [$"--recipe={workshop.File("recipe.json")}"]));
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(reason, Assert.Single(outcome.Said("OCT5006")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--onnxruntime-managed")]
    [InlineData("--onnxruntime-native")]
    public void An_onnx_runtime_that_is_not_there_is_an_error(string option)
    {
        using Workshop workshop = new();
        Outcome outcome = workshop.Build("out", [$"{option}={workshop.File("missing.dll")}"]);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains($"'{workshop.File("missing.dll")}' does not exist", Assert.Single(outcome.Said("OCT5004")), StringComparison.Ordinal);
        Assert.Empty(workshop.Files("out"));
    }

    [Fact]
    public void A_broken_plan_is_an_error()
    {
        using ScratchFolder folder = new();
        File.WriteAllText(folder.File("octet.rsp"), "--output=/o\nquantize it all\n");
        Outcome outcome = OctetProcess.Run("build", $"@{folder.File("octet.rsp")}");
        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith($"{folder.File("octet.rsp")} : error OCT5005: The build plan cannot be read: line 2, 'quantize it all'", Assert.Single(outcome.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_without_models_writes_an_empty_report()
    {
        using ScratchFolder folder = new();
        File.WriteAllText(folder.File("octet.rsp"), $"--output={folder.File("out")}\n");
        Outcome outcome = OctetProcess.Run("build", $"@{folder.File("octet.rsp")}");
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.True(File.Exists(folder.File("out/report.json")));
    }

    [Fact]
    public void An_output_folder_that_cannot_be_made_is_an_error()
    {
        using Workshop workshop = new();
        Outcome outcome = workshop.Build("out", [$"--output={workshop.Model}/out"]);
        Assert.True(outcome.ExitCode == 1, outcome.ToString());
        Assert.Single(outcome.Said("OCT5002"));
    }

    private static ModelProto Dynamic()
    {
        GraphBuilder graph = new();
        graph.Output(graph.Conv(graph.Input("x", -1, 3, -2, -3), 8, 3, 3));
        return graph.Build();
    }
}
