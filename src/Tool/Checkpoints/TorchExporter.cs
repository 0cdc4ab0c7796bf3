using Octet.Quantization.Diagnostics;

namespace Octet.Tool.Checkpoints;

/// <summary>placeholder</summary>
internal sealed class TorchExporter : ICheckpointExporter
{
    public void Export(CheckpointExport export, string path, IDiagnosticSink diagnostics, CancellationToken cancellation) => throw new NotSupportedException();
}
