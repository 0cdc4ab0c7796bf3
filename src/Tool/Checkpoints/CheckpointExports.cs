using System.Collections.Immutable;
using Octet.Quantization;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Tool.Cache;
using Octet.Tool.Output;
using Octet.Torch.Export;

namespace Octet.Tool.Checkpoints;

/// <summary>Gets the float model of a checkpoint: from the cache, or by exporting it.</summary>
internal sealed class CheckpointExports(ICheckpointExporter exporter, OutcomeCache? cache, DiagnosticPrinter diagnostics, Action<string> writeLine, CancellationToken cancellation)
{
    /// <summary>Exports or restores the model.</summary>
    /// <param name="export">The checkpoint and the file to write.</param>
    /// <param name="request">What is asked for of it: its model is the checkpoint.</param>
    /// <returns>The model's files, absolute: the .onnx file, then its external data.</returns>
    /// <exception cref="DiagnosticException">It cannot be exported.</exception>
    public ImmutableArray<string> Make(ExportRequest export, QuantizationRequest request)
    {
        if (cache is null)
        {
            Export(export, request);
            return Files(export.Output);
        }

        string key = ExportKey.Of(export);
        using IDisposable? held = cache.Lock(key, () => writeLine($"[high] Octet: {request.Name}: another build is exporting the same, waiting for it"), cancellation);
        PortablePaths paths = new(request);
        if (cache.TryRestore<CachedExport>(key, Path.GetDirectoryName(export.Output)!) is { } restored)
        {
            writeLine($"[low] Octet: {request.Name}: the export of {request.Source} is cache entry {key} in {cache.Root}");
            foreach (Diagnostic diagnostic in restored.Diagnostics)
                diagnostics.Report(paths.Unpack(diagnostic));
            return Files(export.Output);
        }

        writeLine($"[low] Octet: {request.Name}: no cache entry {key} in {cache.Root}");
        int before = diagnostics.Seen.Count;
        Export(export, request);
        ImmutableArray<string> files = Files(export.Output);
        // A message is of this very run, as that a library was patched for the machine.
        Diagnostic[] warnings = [.. diagnostics.Seen.Skip(before).Where(diagnostic => diagnostic.Severity != DiagnosticSeverity.Message)];
        cache.Publish(key, files, kept => new CachedExport(kept, [.. warnings.Select(paths.Pack)]));
        return files;
    }

    private void Export(ExportRequest export, QuantizationRequest request)
    {
        writeLine($"[high] Octet: {request.Name}: exporting {request.Source}");
        exporter.Export(export, diagnostics, cancellation);
    }

    private static ImmutableArray<string> Files(string path) => [path, .. ExternalData.Files(OnnxFile.ReadWithoutExternalData(path), path)];
}
