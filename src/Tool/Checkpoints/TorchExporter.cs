using Octet.Quantization.Diagnostics;
using Octet.Torch.Export;

namespace Octet.Tool.Checkpoints;

/// <summary>Exports by running the module on TorchSharp, in a process of its own.</summary>
internal sealed class TorchExporter : ICheckpointExporter
{
    public void Export(ExportRequest request, IDiagnosticSink diagnostics, CancellationToken cancellation)
    {
        ExportResponse response = ExportWorkerCommand.Export(request, cancellation);
        Diagnostic? error = response.Diagnostics.LastOrDefault(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
        foreach (Diagnostic diagnostic in response.Diagnostics.Where(diagnostic => !ReferenceEquals(diagnostic, error)))
            diagnostics.Report(diagnostic);
        if (error is not null)
            throw new DiagnosticException(error);
    }
}
