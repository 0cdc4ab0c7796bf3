using Microsoft.Build.Logging.StructuredLogger;

namespace Octet.Package.Tests;

/// <summary>One finished build of a consumer: what it printed, and its binary log.</summary>
internal sealed class BuildLog
{
    private readonly Build _build;

    public BuildLog(CommandResult result, string binaryLog)
    {
        Succeeded = result.ExitCode == 0;
        Output = result.Output;
        Assert.True(File.Exists(binaryLog), Output);
        _build = BinaryLog.ReadBuild(binaryLog);
    }

    public bool Succeeded { get; }

    public string Output { get; }

    /// <summary>How often the tool was started.</summary>
    public int ToolRuns => _build.FindChildrenRecursive<Microsoft.Build.Logging.StructuredLogger.Task>(task => task.Name == "RunQuantizationTool").Count;

    /// <summary>The runs of the compiler (Csc) and of the tool (RunQuantizationTool), in order.</summary>
    public IReadOnlyList<string> CompilerAndToolRuns =>
        [.. _build.FindChildrenRecursive<Microsoft.Build.Logging.StructuredLogger.Task>(task => task.Name is "Csc" or "RunQuantizationTool").OrderBy(task => task.StartTime).Select(task => task.Name)];

    /// <summary>The codes of all errors, in order.</summary>
    public IReadOnlyList<string> Errors => Codes<Error>();

    /// <summary>The codes of our warnings, each once: MSBuild repeats them at the end.</summary>
    public IReadOnlyList<string> Warnings => [.. Codes<Warning>().Where(code => code.StartsWith("OCT", StringComparison.Ordinal)).Distinct()];

    /// <summary>Fails unless the build succeeded, showing what it printed.</summary>
    public BuildLog MustSucceed()
    {
        Assert.True(Succeeded, Output);
        return this;
    }

    /// <summary>Fails unless the build failed with exactly these errors.</summary>
    public void MustFail(params string[] codes)
    {
        Assert.False(Succeeded, Output);
        Assert.Equal(codes, Errors);
    }

    private string[] Codes<TDiagnostic>()
        where TDiagnostic : AbstractDiagnostic => [.. _build.FindChildrenRecursive<TDiagnostic>().Select(diagnostic => diagnostic.Code)];
}
