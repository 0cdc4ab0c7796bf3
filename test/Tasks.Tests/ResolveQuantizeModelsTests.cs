using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace Octet.Tasks.Tests;

public sealed class ResolveQuantizeModelsTests : IDisposable
{
    private readonly ProjectFolder _project = new();
    private readonly RecordingEngine _engine = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public void The_plan_is_as_written_here()
    {
        string outside = Path.Combine(_project.Root, "..", "octet-outside");
        _project.Write("models/direction.onnx");
        _project.Write("models/direction.onnx.data");
        _project.Write("calibration/up/1.png");
        _project.Write("calibration/down/2.png");
        _project.Write("calibration/labels.csv");
        _project.Write("recipe.json");
        ResolveQuantizeModels task = Task(Item(
            "models/direction.onnx",
            ("CalibrationData", "calibration; extra/*.npy"), ("Labels", "calibration/labels.csv"), ("Preprocessing", "scale=1/255;\n  mean=0.5"),
            ("ExcludeNodes", "/head/*;Softmax_?\\d"), ("Exclude", "LSTM"), ("Recipe", "recipe.json"), ("TimeBudget", "7.5"), ("Variants", " INT8 ;int8-portable;int8"), ("InputShapes", "x=1,3,48,192")));
        task.ManagedAssets = [new TaskItem("/packages/Microsoft.ML.OnnxRuntime.dll")];
        task.NativeAssets = [new TaskItem("/packages/libonnxruntime.so", new Dictionary<string, string> { ["PathInPackage"] = "runtimes/linux-x64/native/libonnxruntime.so" })];
        task.Options.Single(option => option.ItemSpec == "QuantizeModelsCachePath").SetMetadata("Value", "../octet-outside");

        Succeeds(task);

        Assert.Equal(
            $"""
            --output={_project["obj/octet"]}
            --project-directory={_project.Root}
            --report=Summary
            --cache={Path.GetFullPath(outside)}
            --use-cache=true
            --onnxruntime-managed=/packages/Microsoft.ML.OnnxRuntime.dll
            --onnxruntime-native=/packages/libonnxruntime.so
            --treat-verdicts-as-errors=false
            --log={_project["obj/octet/octet.log"]}
            --tool-version={OctetVersion.Current}
            --model={_project["models/direction.onnx"]}
            --name=direction
            --shim-name=Direction
            --link=models/direction.onnx
            --variants=int8;int8-portable
            --max-accuracy-drop=0.01
            --min-speedup=1.05
            --time-budget=7.5
            --threads=0
            --batch-size=1
            --target=auto
            --calibration-samples=300
            --method=auto
            --custom-operators=true
            --search=true
            --preprocessing=scale=1/255;   mean=0.5
            --labels={_project["calibration/labels.csv"]}
            --input-shapes=x=1,3,48,192
            --recipe={_project["recipe.json"]}
            --data={_project["calibration/down/2.png"]}
            --data={_project["calibration/up/1.png"]}
            --data-missing=extra/*.npy
            --exclude=/head/*
            --exclude=Softmax_?\d
            --exclude=LSTM

            """.ReplaceLineEndings("\n"),
            File.ReadAllText(_project["obj/octet/octet.rsp"]));
        Assert.Equal(
            new[] { "models/direction.onnx", "models/direction.onnx.data", "calibration/down/2.png", "calibration/up/1.png", "calibration/labels.csv", "recipe.json" }.Select(file => _project[file]),
            task.InputFiles.Select(item => item.ItemSpec));
        Assert.Equal(
            [(_project["models/direction.onnx"], "models/direction.onnx"), (_project["models/direction.onnx.data"], "models/direction.onnx.data")],
            task.FloatFiles.Select(item => (item.ItemSpec, item.GetMetadata("TargetPath"))));
        ITaskItem model = Assert.Single(task.Models);
        Assert.Equal("direction", model.GetMetadata("QuantizeModelName"));
        Assert.Equal("My.App.QuantizedModels.Direction", model.GetMetadata("QuantizeModelShim"));
        Assert.Equal("models/direction.onnx", model.GetMetadata("QuantizeModelLink"));
        Assert.Equal("models/direction.octet.json", model.GetMetadata("QuantizeModelManifest"));
        Assert.Equal("/packages/libonnxruntime.so", task.OnnxRuntimeNative);
    }

    [Theory]
    [InlineData("data", "data/1.png data/2.png")]
    [InlineData("data/*", "data/1.png data/2.png")]
    [InlineData("data/all.csv", "data/all.csv")]
    public void A_list_of_labels_is_data_only_where_it_is_named_as_such(string data, string expected)
    {
        _project.Write("a.onnx");
        foreach (string file in new[] { "data/1.png", "data/2.png", "data/all.csv" })
            _project.Write(file);
        Succeeds(Task(Item("a.onnx", ("CalibrationData", data), ("Labels", "data/all.csv"))));
        Assert.Equal(
            expected.Split(' ').Select(file => "--data=" + _project[file]),
            File.ReadLines(_project["obj/octet/octet.rsp"]).Where(line => line.StartsWith("--data=", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_same_plan_is_not_written_again()
    {
        _project.Write("a.onnx");
        Succeeds(Task(Item("a.onnx")));
        DateTime longAgo = new(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(_project["obj/octet/octet.rsp"], longAgo);
        Succeeds(Task(Item("a.onnx")));
        Assert.Equal(longAgo, File.GetLastWriteTimeUtc(_project["obj/octet/octet.rsp"]));

        Succeeds(Task(Item("a.onnx", ("Threads", "2"))));
        Assert.NotEqual(longAgo, File.GetLastWriteTimeUtc(_project["obj/octet/octet.rsp"]));
    }

    [Fact]
    public void A_design_time_build_gets_the_models_but_writes_nothing()
    {
        _project.Write("a.onnx");
        ResolveQuantizeModels task = Task(Item("a.onnx"));
        task.PlanFile = "";
        Succeeds(task);
        Assert.Single(task.Models);
        Assert.False(Directory.Exists(_project["obj"]));
    }

    [Fact]
    public void Without_items_the_projects_onnx_files_are_taken_once_each_but_not_our_own()
    {
        string one = _project.Write("a/one.onnx");
        _project.Write("obj/octet/variants/a/one.int8.onnx");
        ResolveQuantizeModels task = Task();
        task.Candidates = [Item("a/one.onnx"), EscapedItem.Create(one), Item("obj/octet/variants/a/one.int8.onnx")];
        Succeeds(task);
        Assert.Equal([one], task.Models.Select(model => model.ItemSpec));
    }

    [Fact]
    public void With_items_the_other_onnx_files_are_left_alone()
    {
        _project.Write("one.onnx");
        _project.Write("two.onnx");
        ResolveQuantizeModels task = Task(Item("two.onnx"));
        task.Candidates = [Item("one.onnx")];
        Succeeds(task);
        Assert.Equal([_project["two.onnx"]], task.Models.Select(model => model.ItemSpec));
    }

    [Fact]
    public void No_model_at_all_is_a_warning()
    {
        ResolveQuantizeModels task = Task();
        Assert.True(task.Execute());
        BuildWarningEventArgs warning = Assert.Single(_engine.Warnings);
        Assert.Equal("OCT1001", warning.Code);
        Assert.Equal("OCT1001", warning.HelpKeyword);
        Assert.EndsWith("/docs/diagnostics/OCT1001.md", warning.HelpLink, StringComparison.Ordinal);
        Assert.Equal(_project.ProjectFile, warning.File);
        Assert.False(File.Exists(_project["obj/octet/octet.rsp"]));
    }

    [Fact]
    public void A_missing_model_is_an_error() => Fails(Task(Item("models/none.onnx")), "OCT1002", "'models/none.onnx'", _project["models/none.onnx"]);

    [Theory]
    [InlineData("MaxAccuracyDrop", "1%")]
    [InlineData("MaxAccuracyDrop", "0,01")]
    [InlineData("MaxAccuracyDrop", "2")]
    [InlineData("MinSpeedup", "-1")]
    [InlineData("TimeBudget", "0")]
    [InlineData("TimeBudget", "1e3")]
    [InlineData("Threads", "-1")]
    [InlineData("Threads", "1;two")]
    [InlineData("BatchSize", "0")]
    [InlineData("BatchSize", ";")]
    [InlineData("CustomOperators", "no")]
    [InlineData("Search", "fast")]
    [InlineData("Target", "x64")]
    [InlineData("CalibrationSamples", "many")]
    [InlineData("CalibrationMethod", "kl")]
    [InlineData("Variants", "int8;int7")]
    public void An_invalid_value_is_named_as_the_user_wrote_it(string name, string value)
    {
        _project.Write("a.onnx");
        _project.Write("b.onnx");
        Fails(Task(Item("a.onnx", (name, value)), Item("b.onnx")), "OCT1003", $"{name} of 'a.onnx' is '{value}', but must be ");

        _engine.Errors.Clear();
        ResolveQuantizeModels task = Task(Item("a.onnx"), Item("b.onnx"));
        task.Options.Single(option => option.ItemSpec == "QuantizeModels" + name).SetMetadata("Value", value);
        Fails(task, "OCT1003", $"QuantizeModels{name} is '{value}', but must be ");
    }

    [Theory]
    [InlineData("", "yes")]
    [InlineData("OnBuild", "1")]
    [InlineData("OnPublish", "")]
    [InlineData("UseCache", "on")]
    [InlineData("StartupBenchmark", "never")]
    [InlineData("TreatVerdictsAsErrors", "warn")]
    [InlineData("Report", "Full")]
    public void An_invalid_property_is_an_error(string name, string value)
    {
        _project.Write("a.onnx");
        ResolveQuantizeModels task = Task(Item("a.onnx"));
        task.Options.Single(option => option.ItemSpec == "QuantizeModels" + name).SetMetadata("Value", value);
        Fails(task, "OCT1003", $"QuantizeModels{name} is '{value}', but must be ");
    }

    [Theory]
    [InlineData("Link", "../a.onnx")]
    [InlineData("Link", "/a.onnx")]
    [InlineData("Link", "models/")]
    [InlineData("ShimName", "my model")]
    [InlineData("ShimName", "class")]
    [InlineData("Recipe", "none.json")]
    public void Invalid_metadata_is_an_error(string name, string value)
    {
        _project.Write("a.onnx");
        Fails(Task(Item("a.onnx", (name, value))), "OCT1003", $"{name} of 'a.onnx' is '{value}', but must be ");
    }

    [Fact]
    public void The_variants_to_choose_from_are_the_engines() => Assert.Equal(Quantization.Methods.Variants.All, ModelItem.Variants);

    [Fact]
    public void Two_models_of_one_name_need_a_shim_name()
    {
        _project.Write("a/model.onnx");
        _project.Write("b/model.onnx");
        Fails(Task(Item("a/model.onnx"), Item("b/model.onnx")), "OCT1005", "'a/model.onnx' and 'b/model.onnx' get the same shim name 'Model'. Set ShimName=");
        _engine.Errors.Clear();
        Succeeds(Task(Item("a/model.onnx"), Item("b/model.onnx", ("ShimName", "Other"))));
    }

    [Theory]
    [InlineData("a/model.onnx", "Models/A.onnx", "models/a.onnx")]
    [InlineData("b/model.onnx", "models/a.bin", "models/a.bin")]
    [InlineData("b/model.onnx", "models/a.int8.onnx", "models/a.int8.onnx")]
    public void Two_models_must_not_write_the_same_file(string include, string link, string shared)
    {
        _project.Write("first.onnx");
        _project.Write(include);
        ITaskItem first = Item("first.onnx", ("Link", "models/a.onnx"), ("ShimName", "First"));
        ITaskItem second = Item(include, ("Link", link));
        Fails(Task(first, second), "OCT1005", "get the same output path", "Link=", Path.GetFileName(shared));
        _engine.Errors.Clear();
        Fails(Task(second, first), "OCT1005", "get the same output path", "Link=", "a.");
    }

    [Fact]
    public void A_model_outside_the_project_goes_to_the_root_of_the_output_unless_it_has_a_link()
    {
        using ProjectFolder elsewhere = new();
        ITaskItem outside = EscapedItem.Create(elsewhere.Write("x/model.v2.onnx"));
        ResolveQuantizeModels task = Task(outside);
        Succeeds(task);
        Assert.Equal(("model.v2", "model.v2.onnx", "ModelV2"), Describe(task.Models[0]));

        outside.SetMetadata("Link", "./models\\direction.onnx");
        task = Task(outside);
        Succeeds(task);
        Assert.Equal(("direction", "models/direction.onnx", "Direction"), Describe(task.Models[0]));

        static (string Name, string Link, string Member) Describe(ITaskItem model) =>
            (model.GetMetadata("QuantizeModelName"), model.GetMetadata("QuantizeModelLink"), model.GetMetadata("QuantizeModelMember"));
    }

    [Fact]
    public void What_somebody_deleted_is_missing()
    {
        _project.Write("a.onnx");
        string kept = _project.Write("obj/octet/variants/a.octet.json");
        string deleted = _project["obj/octet/variants/a.int8.onnx"];
        _project.Write("obj/octet/outputs.txt", $"{kept}|a.octet.json\n{deleted}|a.int8.onnx\n");
        Assert.Empty(Missing());

        _project.Write("obj/octet/report.json");
        Assert.Equal([deleted], Missing());

        File.Delete(_project["obj/octet/outputs.txt"]);
        Assert.Equal([_project["obj/octet/outputs.txt"]], Missing());

        IEnumerable<string> Missing()
        {
            ResolveQuantizeModels task = Task(Item("a.onnx"));
            Succeeds(task);
            return task.MissingOutputs.Select(item => item.ItemSpec);
        }
    }

    [Theory]
    [InlineData("17.7.99", false)]
    [InlineData("17.8.0", true)]
    [InlineData("18.9.11", true)]
    public void An_old_MSBuild_is_refused(string version, bool works)
    {
        _project.Write("a.onnx");
        ResolveQuantizeModels task = Task(Item("a.onnx"));
        task.MSBuildVersion = version;
        if (works)
            Succeeds(task);
        else
            Fails(task, "OCT1006", "17.8", version);
    }

    [Fact]
    public void A_plan_that_cannot_be_written_is_an_error()
    {
        _project.Write("a.onnx");
        _project.Write("obj");
        Fails(Task(Item("a.onnx")), "OCT5002");
    }

    private static ITaskItem Item(string include, params (string Name, string Value)[] metadata) => EscapedItem.Create(include, metadata);

    private ResolveQuantizeModels Task(params ITaskItem[] items) => ResolveTask.Create(_project, _engine, items);

    private void Succeeds(ResolveQuantizeModels task)
    {
        Assert.True(task.Execute(), string.Join("; ", _engine.Errors.Select(error => error.Message)));
        Assert.Empty(_engine.Errors);
        Assert.Empty(_engine.Warnings);
    }

    private void Fails(ResolveQuantizeModels task, string code, params string[] parts)
    {
        Assert.False(task.Execute());
        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal(code, error.Code);
        Assert.Equal(_project.ProjectFile, error.File);
        Assert.EndsWith($"/docs/diagnostics/{code}.md", error.HelpLink, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.OrdinalIgnoreCase));
    }
}
