using Octet.Quantization.Diagnostics;
using Octet.Torch.TorchScript;
using Octet.Torch.Tracing;
using TorchSharp;

namespace Octet.Torch.Export;

/// <summary>Exports a TorchScript archive, in a process that is bound to a rewritten TorchSharp.</summary>
internal static class ScriptExport
{
    /// <summary>Reads the archive and exports it.</summary>
    /// <param name="request">What is exported.</param>
    /// <param name="recorder">What has watched this process from its start.</param>
    /// <param name="diagnostics">Takes warnings.</param>
    /// <exception cref="DiagnosticException">It cannot be exported; nothing is written.</exception>
    public static ExportResponse Run(ExportRequest request, Recorder recorder, IDiagnosticSink diagnostics)
    {
        System.Diagnostics.Stopwatch clock = System.Diagnostics.Stopwatch.StartNew();
        using IDisposable inference = torch.no_grad();
        string path = request.Checkpoint ?? throw DiagnosticCatalog.Exception("OCT2121", null, "none is given");
        TorchScriptModel model = TorchScriptModel.Load(path, [.. request.Inputs.Select(input => input.Name)]);
        double loaded = clock.Elapsed.TotalSeconds;
        ExportResponse response = TraceableExport.Run(request, Path.GetFileNameWithoutExtension(path), model, recorder, diagnostics);
        return response with { Seconds = [loaded, .. response.Seconds] };
    }
}
