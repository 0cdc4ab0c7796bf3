using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Octet.Quantization.Diagnostics;

namespace Octet.Torch.Export;

/// <summary>Exports in another process, and makes a diagnostic of whatever happens to it.</summary>
public static class ExportProcess
{
    /// <summary>Exports.</summary>
    /// <param name="request">What is exported.</param>
    /// <param name="program">What is started.</param>
    /// <param name="arguments">Its arguments before the request's path; it calls <see cref="ExportWorker.Run"/> with those after them.</param>
    /// <param name="cancellation">Ends the process.</param>
    /// <exception cref="DiagnosticException">OCT2115: the process ended without a response.</exception>
    public static ExportResponse Run(ExportRequest request, string program, ImmutableArray<string> arguments, CancellationToken cancellation) => Run([request], program, arguments, cancellation)[0];

    /// <summary>Exports several modules of one assembly in one process, which saves starting libtorch for each.</summary>
    /// <inheritdoc cref="Run(ExportRequest, string, ImmutableArray{string}, CancellationToken)"/>
    public static ImmutableArray<ExportResponse> Run(IReadOnlyList<ExportRequest> requests, string program, ImmutableArray<string> arguments, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("octet-export-").FullName;
        string log = Path.Combine(folder, "export.log");
        string[] paths = [.. requests.Select((_, i) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{i}.json")))];
        foreach ((ExportRequest request, string path) in requests.Zip(paths))
            ExportFiles.Write(path, request);
        int exitCode = Start(program, [.. arguments, .. paths], log, cancellation);
        ImmutableArray<ExportResponse> responses = [.. requests.Zip(paths, (request, path) => File.Exists(ExportFiles.ResponsePath(path))
            ? ExportFiles.Read<ExportResponse>(ExportFiles.ResponsePath(path))
            : new ExportResponse { Diagnostics = [DiagnosticCatalog.Create("OCT2115", request.Checkpoint ?? request.Assembly, exitCode, log, LastWords(log))] })];
        // These two name a log in it.
        if (!responses.SelectMany(response => response.Diagnostics).Any(diagnostic => diagnostic.Code is "OCT2115" or "OCT9001"))
            Directory.Delete(folder, recursive: true);
        return responses;
    }

    private static int Start(string program, IReadOnlyList<string> arguments, string log, CancellationToken cancellation)
    {
        ProcessStartInfo start = new(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        // The module may be compiled for a newer framework than the tool is.
        start.Environment["DOTNET_ROLL_FORWARD"] = "LatestMajor";
        // A crash leaves a log, not a core of gigabytes.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using StreamWriter writer = new(log);
        object gate = new();
        using Process process = new() { StartInfo = start };
        void Write(object sender, DataReceivedEventArgs line)
        {
            lock (gate)
                if (line.Data is not null)
                    writer.WriteLine(line.Data);
        }

        process.OutputDataReceived += Write;
        process.ErrorDataReceived += Write;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using (cancellation.Register(() => process.Kill(entireProcessTree: true)))
            process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        return process.ExitCode;
    }

    // C++ says what it was that nobody caught.
    private static string LastWords(string log)
    {
        string? said = File.ReadLines(log).Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith("what():", StringComparison.Ordinal) || line.StartsWith("Unhandled exception", StringComparison.Ordinal));
        return said is null ? "It ends with what was printed last." : $"It says: {said}";
    }
}
