using Octet.Quantization.Diagnostics;

namespace Octet.Tool.Checkpoints;

/// <summary>Makes a float ONNX model of a checkpoint.</summary>
internal interface ICheckpointExporter
{
    /// <summary>Writes the model, whole or not at all.</summary>
    /// <param name="export">The checkpoint.</param>
    /// <param name="path">The .onnx file to write, absolute; external data go beside it.</param>
    /// <param name="diagnostics">Takes warnings and messages.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="DiagnosticException">It cannot be exported; the diagnostic says why.</exception>
    void Export(CheckpointExport export, string path, IDiagnosticSink diagnostics, CancellationToken cancellation);
}
