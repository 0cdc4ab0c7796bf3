using Octet.Quantization.Diagnostics;

namespace Octet.Tool.Output;

/// <summary>The edge between the work and the user: every failure ends as one coded line.</summary>
internal static class Guarded
{
    /// <summary>Runs a verb's work.</summary>
    /// <param name="work">Returns the exit code.</param>
    /// <param name="output">Takes the line; null for the error output, so that results can be piped.</param>
    /// <param name="logPath">Where the details of an unexpected failure go; null for a file in the temporary folder.</param>
    public static int Run(Func<int> work, TextWriter? output = null, Func<string?>? logPath = null)
    {
        output ??= Console.Error;
        try
        {
            return work();
        }
        catch (DiagnosticException exception)
        {
            output.WriteLine(exception.Diagnostic.ToCanonicalString());
            return ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            output.WriteLine("Cancelled.");
            return ExitCode.Failed;
        }
        catch (Exception exception)
        {
            string path = logPath?.Invoke() ?? Path.Combine(Path.GetTempPath(), $"octet-{Guid.NewGuid():N}.log");
            output.WriteLine(DiagnosticCatalog.Create("OCT9001", null, exception.GetType().Name, TryLog(path, exception)).ToCanonicalString());
            return ExitCode.Crashed;
        }
    }

    private static string TryLog(string path, Exception exception)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            File.WriteAllText(path, exception.ToString());
            return path;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // No place for a log: the console is the last one.
            Console.Error.WriteLine(exception);
            return "the console's error output";
        }
    }
}
