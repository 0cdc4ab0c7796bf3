using System.Diagnostics;

namespace Octet.Tool.Tests;

/// <summary>What a call of the command line printed and returned.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    /// <summary>The lines of the standard output.</summary>
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The lines that hold a diagnostic of this code, on either output.</summary>
    public string[] Said(string code) => [.. Lines.Concat(Error.Split('\n')).Where(line => line.Contains($" {code}: ", StringComparison.Ordinal))];

    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Error}";
}

/// <summary>Runs octet as a user does: a process of its own.</summary>
internal static class OctetProcess
{
    private static readonly string Assembly = Path.Combine(AppContext.BaseDirectory, "octet.dll");

    public static Process Start(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in (string[])["exec", Assembly, .. arguments])
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    public static Outcome Run(params string[] arguments) => Finish(Start(arguments));

    public static Outcome Finish(Process process)
    {
        using (process)
        {
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return new Outcome(process.ExitCode, output.ReplaceLineEndings("\n"), error.Result.ReplaceLineEndings("\n"));
        }
    }
}
