using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Octet.Quantization.Diagnostics;
using Octet.Runtime;
using Octet.Torch.Interception;

namespace Octet.Torch.Export;

/// <summary>
/// The process that exports. It runs the module's code and libtorch, either of which may end it without a word; libtorch cannot be unloaded; and one process can have only one TorchSharp.
/// </summary>
public static class ExportWorker
{
    /// <summary>Does what the request files ask for, one after the other, and leaves a response beside each. All must be of the same assembly.</summary>
    /// <param name="requests">The request files, as <see cref="ExportProcess"/> writes them.</param>
    public static void Run(IReadOnlyList<string> requests)
    {
        ExportSession? session = null;
        foreach (string path in requests)
        {
            Collected diagnostics = new();
            ExportResponse response;
            try
            {
                ExportRequest request = WithAssembly(ExportFiles.Read<ExportRequest>(path));
                if (session is null)
                    Bind(request);
                session ??= Open(request, diagnostics);
                response = session.Export(request, diagnostics);
            }
            catch (DiagnosticException exception)
            {
                // Its cause goes into the log.
                Console.Error.WriteLine(exception);
                diagnostics.Report(exception.Diagnostic);
                response = new ExportResponse();
            }
            catch (Exception exception)
            {
                string log = Path.ChangeExtension(path, ".log");
                File.WriteAllText(log, exception.ToString());
                diagnostics.Report(DiagnosticCatalog.Create("OCT9001", null, exception.GetType().Name, log));
                response = new ExportResponse();
            }
            ExportFiles.Write(ExportFiles.ResponsePath(path), response with { Diagnostics = diagnostics.Seen });
        }
    }

    private static void Bind(ExportRequest request)
    {
        if (!File.Exists(request.Assembly))
            throw DiagnosticCatalog.Exception("OCT2102", request.Assembly, "it does not exist");
        string cache = Path.Combine(UserCacheFolder.Find() ?? Directory.CreateTempSubdirectory("octet-").FullName, "torch");
        TorchSharpLibrary.Use(request.Assembly, request.References, GivenTorchSharp(request), cache);
    }

    // An archive needs no assembly but TorchSharp's own.
    private static ExportRequest WithAssembly(ExportRequest request) => request.Assembly.Length > 0 ? request : request with
    {
        Assembly = GivenTorchSharp(request)
            ?? throw DiagnosticCatalog.Exception("OCT2101", request.Checkpoint, "no folder with TorchSharp.dll is given. Give one with --torch-folder, or an assembly that refers to TorchSharp"),
    };

    private static string? GivenTorchSharp(ExportRequest request) =>
        request.TorchFolders.SelectMany(folder => new[] { folder, Path.Combine(folder, "lib", "net8.0") }).Select(folder => Path.Combine(folder, "TorchSharp.dll")).FirstOrDefault(File.Exists);

    // Has types of TorchSharp's in it: they must not be looked for before the process is bound to one.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ExportSession Open(ExportRequest request, IDiagnosticSink diagnostics) => new(request, diagnostics);

    private sealed class Collected : IDiagnosticSink
    {
        private readonly List<Diagnostic> _seen = [];

        public ImmutableArray<Diagnostic> Seen => [.. _seen];

        public void Report(Diagnostic diagnostic) => _seen.Add(diagnostic);
    }
}
