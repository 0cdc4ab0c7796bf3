using Octet.Quantization.Diagnostics;
using Octet.Torch.Export;

namespace Octet.Tool.Checkpoints;

/// <summary>Makes a float ONNX model of a checkpoint.</summary>
internal interface ICheckpointExporter
{
    /// <summary>Writes the model, whole or not at all.</summary>
    /// <param name="request">The checkpoint, its module, and the .onnx file to write.</param>
    /// <param name="diagnostics">Takes warnings and messages.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="DiagnosticException">It cannot be exported; the diagnostic says why.</exception>
    void Export(ExportRequest request, IDiagnosticSink diagnostics, CancellationToken cancellation);
}
