using Microsoft.Build.Framework;

namespace Octet.Tasks.Tests;

/// <summary>What becomes of a QuantizeModel item that is a TorchSharp checkpoint.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly ProjectFolder _project = new();
    private readonly RecordingEngine _engine = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public void The_plan_says_how_to_export_it()
    {
        Write("models/weights.dat");
        ResolveQuantizeModels task = Task(Item("models/weights.dat", ("ModuleType", " MyApp.Net "), ("InputShapes", "input=1,3,32,32"), ("ConstructorArguments", "10; wide ;;0.5")));
        Restore(task, "torchsharp/0.107.0", "libtorch-cpu-linux-x64/2.10.0");
        Succeeds(task);

        string[] plan = File.ReadAllLines(_project["obj/octet/octet.rsp"]);
        string packages = _project["packages"];
        Assert.Equal(
            [
                $"--torchsharp={Path.Combine(packages, "torchsharp/0.107.0/lib/net8.0/TorchSharp.dll")}",
                $"--torchsharp-native={Path.Combine(packages, "torchsharp/0.107.0/runtimes/linux-x64/native")}",
                $"--libtorch={Path.Combine(packages, "libtorch-cpu-linux-x64/2.10.0/runtimes/linux-x64/native")}",
                $"--references={_project["obj/octet/references.txt"]}",
            ],
            plan.SkipWhile(line => !line.StartsWith("--torchsharp=", StringComparison.Ordinal)).TakeWhile(line => !line.StartsWith("--model=", StringComparison.Ordinal)));
        Assert.Equal(
            [
                "--checkpoint=true", "--module-type=MyApp.Net", $"--module-assembly={_project["obj/App.dll"]}",
                "--constructor-argument=10", "--constructor-argument=wide", "--constructor-argument=0.5",
            ],
            plan.SkipWhile(line => line != "--checkpoint=true"));
        Assert.Contains("--input-shapes=input=1,3,32,32", plan);
        Assert.Equal([_project["obj/App.dll"]], task.ModuleAssemblies.Select(item => item.ItemSpec));
        Assert.Equal(("", ""), (task.CheckpointWithoutTorch, task.MissingTorchLibrary));
    }

    [Fact]
    public void Its_names_are_those_of_the_exported_model_and_the_checkpoint_itself_does_not_ship()
    {
        Write("models/weights.v2.dat");
        ResolveQuantizeModels task = Task(Item("models/weights.v2.dat", ("ModuleType", "Net"), ("InputShapes", "x=1,2")));
        Succeeds(task);
        ITaskItem model = Assert.Single(task.Models);
        Assert.Equal(_project["models/weights.v2.dat"], model.ItemSpec);
        Assert.Equal(("weights.v2", "models/weights.v2.onnx", "WeightsV2"), (model.GetMetadata("QuantizeModelName"), model.GetMetadata("QuantizeModelLink"), model.GetMetadata("QuantizeModelMember")));
        Assert.Equal([_project["models/weights.v2.dat"]], task.InputFiles.Select(item => item.ItemSpec));
        Assert.Empty(task.FloatFiles);

        task = Task(Item("models/weights.v2.dat", ("ModuleType", "Net"), ("InputShapes", "x=1,2"), ("Link", "nets/net.onnx"), ("ShimName", "Best")));
        Succeeds(task);
        Assert.Equal(("net", "nets/net.onnx", "Best"), (task.Models[0].GetMetadata("QuantizeModelName"), task.Models[0].GetMetadata("QuantizeModelLink"), task.Models[0].GetMetadata("QuantizeModelMember")));
    }

    [Fact]
    public void A_model_of_the_same_place_in_the_output_is_refused()
    {
        Write("net.dat");
        Write("net.onnx");
        Fails(Task(Item("net.dat", ("ModuleType", "Net"), ("InputShapes", "x=1,2"), ("ShimName", "One")), Item("net.onnx")), "OCT1005", "net.onnx");
    }

    [Theory]
    [InlineData("net.pt")]
    [InlineData("net.PTH")]
    public void An_archive_with_its_own_code_needs_no_module_and_no_compiler(string file)
    {
        Write(file);
        ResolveQuantizeModels task = Task(Item(file, ("InputShapes", "x=1,2")));
        Succeeds(task);
        Assert.Empty(task.ModuleAssemblies);
        Assert.Contains("--module-type=", File.ReadAllLines(_project["obj/octet/octet.rsp"]));
        Assert.Contains("--checkpoint=true", File.ReadAllLines(_project["obj/octet/octet.rsp"]));
    }

    [Fact]
    public void The_module_may_be_of_another_assembly()
    {
        Write("net.pt");
        ResolveQuantizeModels task = Task(Item("net.pt", ("ModuleType", "Net"), ("InputShapes", "x=1,2"), ("ModuleAssembly", "../nets/Nets.dll")));
        Succeeds(task);
        Assert.Equal([Path.GetFullPath(Path.Combine(_project.Root, "..", "nets", "Nets.dll"))], task.ModuleAssemblies.Select(item => item.ItemSpec));
    }

    [Theory]
    [InlineData("net.dat")]
    [InlineData("net.pt")]
    public void Without_shapes_of_the_inputs_it_is_an_error(string file)
    {
        Write(file);
        Fails(Task(Item(file, ("ModuleType", "Net"))), "OCT1007", $"'{file}'", "InputShapes=\"input=1,3,32,32\"");
    }

    [Theory]
    [InlineData("net.dat")]
    [InlineData("net.safetensors")]
    public void Weights_without_a_module_are_an_error(string file)
    {
        Write(file);
        Fails(Task(Item(file, ("InputShapes", "x=1,2"))), "OCT1009", $"'{file}'", "ModuleType=");
    }

    [Theory]
    [InlineData("TorchSharp.dll")]
    [InlineData("libtorch_cpu.so", "torchsharp/0.107.0")]
    [InlineData("libtorch_cpu.so", "torchsharp/0.107.0", "libtorch-cpu-win-x64/2.10.0")]
    [InlineData("TorchSharp.dll", "libtorch-cpu-linux-x64/2.10.0")]
    public void What_the_restore_lacks_is_told_to_the_task_that_runs_the_tool(string missing, params string[] packages)
    {
        Write("a.onnx");
        Write("net.dat");
        ResolveQuantizeModels task = Task(Item("a.onnx"), Item("net.dat", ("ModuleType", "Net"), ("InputShapes", "x=1,2")));
        Restore(task, packages);
        Succeeds(task);
        Assert.Equal(("net.dat", missing), (task.CheckpointWithoutTorch, task.MissingTorchLibrary));
    }

    [Fact]
    public void Without_libtorch_the_tool_is_not_started()
    {
        RunQuantizationTool task = new()
        {
            BuildEngine = _engine,
            Tool = "octet.dll",
            ProjectFile = _project.ProjectFile,
            PlanFile = "octet.rsp",
            ResultFile = "report.json",
            SummaryFile = "summary.txt",
            LogFile = "octet.log",
            OnnxRuntimeNative = "/packages/libonnxruntime.so",
            BuildRuntimeIdentifier = "linux-x64",
            CheckpointWithoutTorch = "net.dat",
            MissingTorchLibrary = "libtorch_cpu.so",
        };
        Assert.False(task.Execute());
        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal("OCT1008", error.Code);
        foreach (string part in new[] { "'net.dat'", "linux-x64", "libtorch_cpu.so", "TorchSharp-cpu", "libtorch-cpu-linux-x64" })
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restore_of_libtorch_changes_no_plan_without_checkpoints()
    {
        Write("a.onnx");
        Succeeds(Task(Item("a.onnx")));
        string plan = File.ReadAllText(_project["obj/octet/octet.rsp"]);
        ResolveQuantizeModels task = Task(Item("a.onnx"));
        Restore(task, "torchsharp/0.107.0", "libtorch-cpu-linux-x64/2.10.0");
        Succeeds(task);
        Assert.Equal(plan, File.ReadAllText(_project["obj/octet/octet.rsp"]));
        Assert.Empty(task.ModuleAssemblies);
    }

    private static ITaskItem Item(string include, params (string Name, string Value)[] metadata) => EscapedItem.Create(include, metadata);

    private void Write(string file) => _project.Write(file);

    private ResolveQuantizeModels Task(params ITaskItem[] items)
    {
        ResolveQuantizeModels task = ResolveTask.Create(_project, _engine, items);
        task.ProjectAssembly = "obj/App.dll";
        task.ReferencesFile = "obj/octet/references.txt";
        task.ProjectAssetsFile = "obj/project.assets.json";
        task.PackageFolders = [EscapedItem.Create(_project["fallback"]), EscapedItem.Create(_project["packages"])];
        return task;
    }

    // A restore leaves its record, and the packages in one of the folders.
    private void Restore(ResolveQuantizeModels task, params string[] packages)
    {
        _project.Write(task.ProjectAssetsFile, $$"""
            { "targets": { "net10.0": { {{string.Join(", ", packages.Select(package => $"\"{package}\": {{}}"))}} } },
              "libraries": { {{string.Join(", ", packages.Select(package => $$"""
                "{{package}}": { "type": "package", "path": "{{package}}" }
                """))}} } }
            """);
        foreach (string file in new[]
        {
            "torchsharp/0.107.0/lib/net8.0/TorchSharp.dll", "torchsharp/0.107.0/runtimes/linux-x64/native/libLibTorchSharp.so",
            "libtorch-cpu-linux-x64/2.10.0/runtimes/linux-x64/native/libtorch_cpu.so", "libtorch-cpu-linux-x64/9.9.9/runtimes/linux-x64/native/libtorch_cpu.so",
        })
            _project.Write($"packages/{file}");
    }

    private void Succeeds(ResolveQuantizeModels task)
    {
        Assert.True(task.Execute(), string.Join("; ", _engine.Errors.Select(error => error.Message)));
        Assert.Empty(_engine.Errors);
    }

    private void Fails(ResolveQuantizeModels task, string code, params string[] parts)
    {
        Assert.False(task.Execute());
        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal(code, error.Code);
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }
}
