using System.Diagnostics;
using System.Text;

namespace Octet.Package.Tests;

/// <summary>What a finished command said.</summary>
/// <param name="ExitCode">0 for success.</param>
/// <param name="Output">Standard output and standard error in the order of arrival.</param>
internal sealed record CommandResult(int ExitCode, string Output);

/// <summary>A child process of the tests, without what the process of the tests inherited from its own build.</summary>
internal sealed class Command : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private Command(Process process) => _process = process;

    /// <summary>Runs a command to its end.</summary>
    public static CommandResult Run(string program, IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string>? environment = null)
    {
        using Command command = Start(program, arguments, folder, environment);
        return command.WaitForEnd();
    }

    /// <summary>Starts a command.</summary>
    public static Command Start(string program, IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (string name in start.Environment.Keys.Where(IsOfTheOuterBuild).ToList())
            start.Environment.Remove(name);
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        Command command = new(new Process { StartInfo = start });
        command._process.OutputDataReceived += command.Append;
        command._process.ErrorDataReceived += command.Append;
        command._process.Start();
        command._process.BeginOutputReadLine();
        command._process.BeginErrorReadLine();
        return command;
    }

    /// <summary>Waits until something is so, or fails if the process ends before.</summary>
    public void WaitUntil(Func<bool> isSo)
    {
        while (!isSo())
        {
            Thread.Sleep(50);
            Assert.False(_process.HasExited && !isSo(), "The command ended early.");
        }
    }

    /// <summary>Waits for the process's end.</summary>
    public CommandResult WaitForEnd()
    {
        bool ended = _process.WaitForExit(Patience);
        if (!ended)
            Kill();
        _process.WaitForExit();
        lock (_output)
        {
            Assert.True(ended, $"The command did not end:\n{_output}");
            return new CommandResult(_process.ExitCode, _output.ToString());
        }
    }

    /// <summary>Ends the process and all that it started.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    public void Dispose() => _process.Dispose();

    // MSBuild and the test host tell their children where they are; a build of its own must find its SDK by itself.
    private static bool IsOfTheOuterBuild(string name) =>
        new[] { "MSBUILD", "VSTEST", "DOTNET_HOST_PATH", "DOTNET_CLI_", "TESTINGPLATFORM", "NUGET_PACKAGES", "QuantizeModels", "OCTET_", "_IsPublishing" }
            .Any(start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase));

    private void Append(object sender, DataReceivedEventArgs e)
    {
        lock (_output)
            _output.AppendLine(e.Data);
    }
}
