using System.Collections.Immutable;
using Octet.Quantization;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx;
using Octet.Tool.Cache;
using Octet.Tool.Output;

namespace Octet.Tool.Checkpoints;

/// <summary>Gets the float model of a checkpoint: from the cache, or by exporting it.</summary>
internal sealed class CheckpointExports(ICheckpointExporter exporter, OutcomeCache? cache, DiagnosticPrinter diagnostics, Action<string> writeLine, CancellationToken cancellation)
{
    /// <summary>Exports or restores the model.</summary>
    /// <param name="export">The checkpoint.</param>
    /// <param name="request">What is asked for of it: its model is the checkpoint.</param>
    /// <returns>The model's files, absolute, in the request's output folder: the .onnx file under the request's name for it, then its external data.</returns>
    /// <exception cref="DiagnosticException">It cannot be exported.</exception>
    public ImmutableArray<string> Make(CheckpointExport export, QuantizationRequest request)
    {
        string path = Path.Combine(request.OutputDirectory, request.FloatFileName);
        if (cache is null)
        {
            Export(export, request, path);
            return Files(path);
        }

        string key = ExportKey.Of(export, request.FloatFileName);
        using IDisposable? held = cache.Lock(key, () => writeLine($"[high] Octet: {request.Name}: another build is exporting the same, waiting for it"), cancellation);
        PortablePaths paths = new(request);
        if (cache.TryRestore<CachedExport>(key, request.OutputDirectory) is { } restored)
        {
            writeLine($"[low] Octet: {request.Name}: the export of {request.Source} is cache entry {key} in {cache.Root}");
            foreach (Diagnostic diagnostic in restored.Diagnostics)
                diagnostics.Report(paths.Unpack(diagnostic));
            return Files(path);
        }

        writeLine($"[low] Octet: {request.Name}: no cache entry {key} in {cache.Root}");
        int before = diagnostics.Seen.Count;
        Export(export, request, path);
        ImmutableArray<string> files = Files(path);
        cache.Publish(key, files, kept => new CachedExport(kept, [.. diagnostics.Seen.Skip(before).Select(paths.Pack)]));
        return files;
    }

    private void Export(CheckpointExport export, QuantizationRequest request, string path)
    {
        writeLine($"[high] Octet: {request.Name}: exporting {request.Source}");
        exporter.Export(export, path, diagnostics, cancellation);
    }

    private static ImmutableArray<string> Files(string path) => [path, .. ExternalData.Files(OnnxFile.ReadWithoutExternalData(path), path)];
}
