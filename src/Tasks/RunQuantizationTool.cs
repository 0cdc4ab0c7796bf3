using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace Octet.Tasks;

/// <summary>
/// Starts <c>dotnet exec octet.dll build @octet.rsp</c> and turns what it prints into the build's messages, warnings
/// and errors. The tool's exit code: 0 done, 1 errors were printed, anything else a crash, which becomes one error.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class RunQuantizationTool : ToolTask
{
    // What the host exits with where no fitting runtime is installed; outside Windows the low byte of it.
    private const int NoRuntime = unchecked((int)0x80008096), NoRuntimeByte = NoRuntime & 0xff;
    private const int ErrorsWerePrinted = 1;
    private const int KeptErrorLines = 200;

    // A result of this time is older than every input: the next build runs the tool again.
    private static readonly DateTime OutOfDate = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly Queue<string> _errorLines = new();
    private TaskDiagnostics? _diagnostics;
    private bool _isCanceled;

    /// <summary>octet.dll, or a program that is started as it is.</summary>
    [Required]
    public string Tool { get; set; } = "";

    /// <summary>The dotnet that runs the build; may be empty.</summary>
    public string DotNetHost { get; set; } = "";

    /// <summary>The folder of the .NET installation, where DotNetHost is not known.</summary>
    public string NetCoreRoot { get; set; } = "";

    /// <summary>The project: relative paths begin at its folder.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>The plan of ResolveQuantizeModels.</summary>
    [Required]
    public string PlanFile { get; set; } = "";

    /// <summary>The file that the tool writes last.</summary>
    [Required]
    public string ResultFile { get; set; } = "";

    /// <summary>The table that the tool writes.</summary>
    [Required]
    public string SummaryFile { get; set; } = "";

    /// <summary>Where the details of a crash go.</summary>
    [Required]
    public string LogFile { get; set; } = "";

    /// <summary>Whether the table is shown: anything but None.</summary>
    public string Report { get; set; } = "";

    /// <summary>The native ONNX Runtime that the tool loads. Required in effect: OCT1004 where it is empty.</summary>
    public string OnnxRuntimeNative { get; set; } = "";

    /// <summary>A checkpoint that needs libtorch, where the application has none for the build machine: OCT1008.</summary>
    public string CheckpointWithoutTorch { get; set; } = "";

    /// <summary>The library that is missing.</summary>
    public string MissingTorchLibrary { get; set; } = "";

    /// <summary>The build machine's runtime identifier.</summary>
    public string BuildRuntimeIdentifier { get; set; } = "";

    /// <inheritdoc/>
    protected override string ToolName => Path.GetFileName(GenerateFullPathToTool());

    /// <inheritdoc/>
    protected override Encoding StandardOutputEncoding => Encoding.UTF8;

    /// <inheritdoc/>
    protected override Encoding StandardErrorEncoding => Encoding.UTF8;

    /// <inheritdoc/>
    protected override MessageImportance StandardOutputLoggingImportance => MessageImportance.Normal;

    /// <inheritdoc/>
    protected override MessageImportance StandardErrorLoggingImportance => MessageImportance.Low;

    private TaskDiagnostics Diagnostics => _diagnostics ??= new TaskDiagnostics(Log, ProjectFile);

    private bool IsManaged => Tool.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override bool Execute()
    {
        string result = Absolute(ResultFile);
        string summary = Absolute(SummaryFile);
        try
        {
            // A tool that is killed half-way must not leave a result that looks like its own.
            SetOutOfDate(result);
            File.Delete(summary);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Diagnostics.Error("OCT5002", exception.Message.TrimEnd('.'));
            return false;
        }

        bool succeeded = base.Execute();
        if (succeeded && !File.Exists(result))
        {
            ReportCrash();
            succeeded = false;
        }
        if (!Report.Equals("None", StringComparison.OrdinalIgnoreCase))
        {
            foreach (string line in TextFile.ReadLines(summary))
                Log.LogMessage(MessageImportance.High, "{0}", line);
        }
        // Also a warning that the project treats as an error must fail the next build again.
        if (!succeeded)
            SetOutOfDate(result);
        return succeeded;
    }

    /// <summary>Ends the tool and every process that it started.</summary>
    public override void Cancel()
    {
        _isCanceled = true;
        base.Cancel();
    }

    /// <inheritdoc/>
    protected override bool ValidateParameters()
    {
        if (OnnxRuntimeNative.Length == 0)
            Diagnostics.Error("OCT1004", BuildRuntimeIdentifier, OnnxRuntimeAssets.NativeName(BuildRuntimeIdentifier));
        else if (CheckpointWithoutTorch.Length > 0)
            Diagnostics.Error("OCT1008", CheckpointWithoutTorch, BuildRuntimeIdentifier, MissingTorchLibrary);
        else if (new[] { Absolute(Tool), GenerateFullPathToTool() }.FirstOrDefault(file => !File.Exists(file)) is { } missing)
            Diagnostics.Error("OCT9002", $"there is no file '{missing}'");
        return !Log.HasLoggedErrors;
    }

    /// <inheritdoc/>
    protected override string GenerateFullPathToTool()
    {
        if (!IsManaged)
            return Absolute(Tool);
        string name = Path.DirectorySeparatorChar == '\\' ? "dotnet.exe" : "dotnet";
        return DotNetHost.Length > 0 ? DotNetHost : Path.Combine(NetCoreRoot, name);
    }

    /// <inheritdoc/>
    protected override string GenerateCommandLineCommands()
    {
        CommandLineBuilder commands = new();
        if (IsManaged)
        {
            commands.AppendSwitch("exec");
            commands.AppendFileNameIfNotNull(Absolute(Tool));
        }
        commands.AppendSwitch("build");
        commands.AppendFileNameIfNotNull("@" + Absolute(PlanFile));
        return commands.ToString();
    }

    /// <inheritdoc/>
    protected override string GetWorkingDirectory() => Path.GetDirectoryName(ProjectFile);

    /// <inheritdoc/>
    protected override ProcessStartInfo GetProcessStartInfo(string pathToTool, string commandLineCommands, string responseFileSwitch)
    {
        ProcessStartInfo start = base.GetProcessStartInfo(pathToTool, commandLineCommands, responseFileSwitch);
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        return start;
    }

    /// <summary>The command is complete: it can be repeated by hand.</summary>
    protected override void LogToolCommand(string message) => Log.LogCommandLine(MessageImportance.Low, message);

    /// <inheritdoc/>
    protected override void LogEventsFromTextOutput(string singleLine, MessageImportance messageImportance)
    {
        if (messageImportance == StandardErrorLoggingImportance)
        {
            _errorLines.Enqueue(singleLine);
            if (_errorLines.Count > KeptErrorLines)
                _errorLines.Dequeue();
            Log.LogMessage(messageImportance, "{0}", singleLine);
        }
        else if (ToolDiagnostic.TryParse(singleLine) is { } diagnostic)
        {
            Diagnostics.Report(diagnostic);
        }
        else
        {
            (MessageImportance importance, string text) = ReadImportance(singleLine, messageImportance);
            Log.LogMessage(importance, "{0}", text);
        }
    }

    /// <inheritdoc/>
    protected override int ExecuteTool(string pathToTool, string responseFileCommands, string commandLineCommands)
    {
        try
        {
            return base.ExecuteTool(pathToTool, responseFileCommands, commandLineCommands);
        }
        catch (Win32Exception exception)
        {
            Diagnostics.Error("OCT9002", exception.Message.TrimEnd('.'));
            return ErrorsWerePrinted;
        }
    }

    /// <inheritdoc/>
    protected override bool HandleTaskExecutionErrors()
    {
        // MSBuild itself turns exit code 0 into -1 where errors were printed.
        bool saidWhy = Log.HasLoggedErrors && ExitCode is -1 or ErrorsWerePrinted;
        if (_isCanceled || saidWhy)
            return false;
        if (ExitCode is NoRuntime or NoRuntimeByte)
            Diagnostics.Error("OCT9002", "no .NET runtime that it can use is installed; it needs .NET 8 or newer");
        else
            ReportCrash();
        return false;
    }

    private static (MessageImportance Importance, string Text) ReadImportance(string line, MessageImportance otherwise)
    {
        const string High = "[high] ", Low = "[low] ";
        if (line.StartsWith(High, StringComparison.Ordinal))
            return (MessageImportance.High, line.Substring(High.Length));
        if (line.StartsWith(Low, StringComparison.Ordinal))
            return (MessageImportance.Low, line.Substring(Low.Length));
        return (otherwise, line);
    }

    private void ReportCrash()
    {
        string log = Absolute(LogFile);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(log));
            File.AppendAllLines(log, _errorLines);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The error below counts more than its details, which the build's own log holds too.
        }
        Diagnostics.Error("OCT9001", ExitCode, log);
    }

    private static void SetOutOfDate(string file)
    {
        if (File.Exists(file))
            File.SetLastWriteTimeUtc(file, OutOfDate);
    }

    private string Absolute(string path) => ProjectPath.Absolute(path, Path.GetDirectoryName(ProjectFile));
}
