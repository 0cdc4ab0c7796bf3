using System.Reflection;
using Microsoft.Build.Framework;

namespace Octet.Tasks.Tests;

public sealed class RunQuantizationToolTests : IDisposable
{
    private static readonly string FakeTool =
        typeof(RunQuantizationToolTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "FakeTool").Value!;

    private static readonly string DotNet = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");

    private readonly ProjectFolder _project = new();
    private readonly RecordingEngine _engine = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public void Lines_become_messages_and_diagnostics()
    {
        RunQuantizationTool task = Task(
            "print [high] calibrating",
            "print [low] cache miss",
            "print plain {0} é",
            "print models/direction.onnx : warning OCT3002: A file is bad.",
            "print octet : message OCT5001: The cache is not used.",
            "error only for the log");
        Assert.True(task.Execute());

        Assert.Empty(_engine.Errors);
        Assert.Equal(MessageImportance.High, Importance("calibrating"));
        Assert.Equal(MessageImportance.Low, Importance("cache miss"));
        Assert.Equal(MessageImportance.Normal, Importance("plain {0} é"));
        Assert.Equal(MessageImportance.Low, Importance("only for the log"));
        Assert.Equal(MessageImportance.High, Importance("| direction | int8 |"));
        Assert.Contains(_engine.Messages, message => message.Code == "OCT5001" && message.File == _project.ProjectFile);
        BuildWarningEventArgs warning = Assert.Single(_engine.Warnings);
        Assert.Equal(("OCT3002", "models/direction.onnx", "A file is bad."), (warning.Code, warning.File, warning.Message));
        Assert.EndsWith("/OCT3002.md", warning.HelpLink, StringComparison.Ordinal);
        Assert.True(File.Exists(_project["obj/octet/report.json"]));
    }

    [Fact]
    public void The_command_can_be_repeated_by_hand()
    {
        RunQuantizationTool task = Task("model");
        Assert.True(task.Execute());
        TaskCommandLineEventArgs command = Assert.Single(_engine.Messages.OfType<TaskCommandLineEventArgs>());
        Assert.Equal(MessageImportance.Low, command.Importance);
        Assert.EndsWith($" exec {FakeTool} build \"@{_project["obj/octet/octet.rsp"]}\"", command.CommandLine.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_report_there_is_no_table()
    {
        RunQuantizationTool task = Task("model");
        task.Report = "none";
        Assert.True(task.Execute());
        Assert.DoesNotContain(_engine.Messages, message => message.Message == "| direction | int8 |");
    }

    [Fact]
    public void A_failure_that_the_tool_explained_gets_no_second_error()
    {
        Assert.False(Task("print octet : error OCT5002: No space.", "exit 1").Execute());
        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal(("OCT5002", "No space.", _project.ProjectFile), (error.Code, error.Message, error.File));
    }

    [Theory]
    [InlineData("crash", "crash was asked for")]
    [InlineData("error out of luck|exit 3", "out of luck")]
    [InlineData("error no word|exit 1", "no word")]
    [InlineData("print octet : error OCT2001: Unreadable.|error torn|exit 139", "torn", "OCT2001")]
    public void A_crash_is_one_error_with_a_log(string script, string inLog, params string[] before)
    {
        Assert.False(Task(script.Split('|')).Execute());
        Assert.Equal([.. before, "OCT9001"], _engine.Errors.Select(error => error.Code));
        string log = _project["obj/octet/octet.log"];
        Assert.Contains($"'{log}'", _engine.Errors.Last().Message, StringComparison.Ordinal);
        Assert.Contains(inLog, File.ReadAllText(log), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tool_that_says_done_without_a_result_crashed()
    {
        Assert.False(Task("exit 0").Execute());
        Assert.Equal("OCT9001", Assert.Single(_engine.Errors).Code);
    }

    [Fact]
    public void A_failed_run_leaves_the_old_result_out_of_date()
    {
        Assert.True(Task("model").Execute());
        DateTime made = File.GetLastWriteTimeUtc(_project["obj/octet/report.json"]);
        Assert.False(Task("exit 1").Execute());
        Assert.True(File.GetLastWriteTimeUtc(_project["obj/octet/report.json"]) < made.AddYears(-10));
    }

    [Fact]
    public async Task Cancelling_ends_the_tool_without_an_error_of_ours()
    {
        RunQuantizationTool task = Task("print started", "sleep 100000");
        Task<bool> run = System.Threading.Tasks.Task.Run(task.Execute);
        while (!run.IsCompleted && !_engine.Messages.Any(message => message.Message == "started"))
            await System.Threading.Tasks.Task.Delay(20);
        task.Cancel();
        Assert.False(await run);
        Assert.Empty(_engine.Errors);
        Assert.False(File.Exists(_project["obj/octet/report.json"]));
    }

    [Fact]
    public void Without_a_native_library_the_tool_is_not_started()
    {
        RunQuantizationTool task = Task("print started");
        task.OnnxRuntimeNative = "";
        Assert.False(task.Execute());
        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal("OCT1004", error.Code);
        Assert.Contains("(osx-arm64): libonnxruntime.dylib is in none", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_engine.Messages, message => message.Message == "started");
    }

    [Fact]
    public void A_tool_that_is_not_there_cannot_be_started()
    {
        RunQuantizationTool task = Task("model");
        task.Tool = "none/octet.dll";
        Assert.False(task.Execute());
        BuildErrorEventArgs error = Assert.Single(_engine.Errors);
        Assert.Equal("OCT9002", error.Code);
        Assert.Contains(_project["none/octet.dll"], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_is_not_there_cannot_be_started()
    {
        RunQuantizationTool task = Task("model");
        task.DotNetHost = "";
        task.NetCoreRoot = _project.Root;
        Assert.False(task.Execute());
        Assert.Equal("OCT9002", Assert.Single(_engine.Errors).Code);
    }

    [Fact]
    public void A_file_that_is_no_program_cannot_be_started()
    {
        RunQuantizationTool task = Task("model");
        task.Tool = _project.Write("octet", "no program");
        Assert.False(task.Execute());
        Assert.Equal("OCT9002", Assert.Single(_engine.Errors).Code);
    }

    private MessageImportance Importance(string text) => Assert.Single(_engine.Messages, message => message.Message == text).Importance;

    private RunQuantizationTool Task(params string[] script)
    {
        string model = _project.Write("models/direction.onnx", string.Join('\n', script));
        _project.Write("obj/octet/octet.rsp", $"--output={_project["obj/octet"]}\n--model={model}\n--name=direction\n--link=models/direction.onnx\n");
        return new RunQuantizationTool
        {
            BuildEngine = _engine,
            Tool = FakeTool,
            DotNetHost = Path.GetFullPath(DotNet),
            ProjectFile = _project.ProjectFile,
            PlanFile = "obj/octet/octet.rsp",
            ResultFile = "obj/octet/report.json",
            SummaryFile = "obj/octet/summary.txt",
            LogFile = "obj/octet/octet.log",
            Report = "Summary",
            OnnxRuntimeNative = "/packages/libonnxruntime.so",
            BuildRuntimeIdentifier = "osx-arm64",
        };
    }
}
