using System.Collections.Immutable;
using Octet.Quantization;
using Octet.Quantization.Diagnostics;
using Octet.Tool.Cache;
using Octet.Tool.Checkpoints;
using Octet.Tool.Output;
using Octet.Torch.Export;

namespace Octet.Tool.Build;

/// <summary>Gets one model's outcome: from the cache, or by doing the work.</summary>
internal sealed class ModelBuilder(ICheckpointExporter exporter, OutcomeCache? cache, DiagnosticPrinter diagnostics, Action<string> writeLine, CancellationToken cancellation)
{
    private readonly CheckpointExports _exports = new(exporter, cache, diagnostics, writeLine, cancellation);

    /// <summary>Makes or restores a checkpoint's float model, which ships with the variants that are made of it.</summary>
    /// <param name="export">What is exported.</param>
    /// <param name="request">The same as a model to quantize: its report speaks of the checkpoint, its files are of the exported model.</param>
    /// <param name="link">The exported model's place in the application's output.</param>
    /// <exception cref="DiagnosticException">The checkpoint cannot be exported, or its data cannot be used.</exception>
    public BuiltModel Build(ExportRequest export, QuantizationRequest request, string link)
    {
        ImmutableArray<string> exported = _exports.Make(export, request);
        BuiltModel model = Build(request with { ModelPath = export.Output }, link);
        return model with { Files = [.. exported, .. model.Files], Report = ExportedModel.Describe(model.Report, request) };
    }

    /// <summary>Makes or restores the model.</summary>
    /// <exception cref="DiagnosticException">The model or its data cannot be used.</exception>
    public BuiltModel Build(QuantizationRequest request, string link)
    {
        request = request with { SearchStateDirectory = cache is null ? null : Path.Combine(cache.Root, "search") };
        if (cache is null)
            return Make(request, link).Model;

        string key = CacheKey.Of(request);
        using IDisposable? held = cache.Lock(key, () => writeLine($"[high] Octet: {request.Name}: another build is making the same, waiting for it"), cancellation);
        if (cache.TryRestore<CachedOutcome>(key, request.OutputDirectory) is { } outcome)
        {
            writeLine($"[high] Octet: {request.Name}: restored from the cache, nothing to do");
            writeLine($"[low] Octet: {request.Name}: cache entry {key} in {cache.Root}");
            return Restored(outcome, request, link);
        }

        writeLine($"[low] Octet: {request.Name}: no cache entry {key} in {cache.Root}");
        (BuiltModel model, QuantizationResult result) = Make(request, link);
        PortablePaths paths = new(request);
        cache.Publish(key, result.Files, files => new CachedOutcome(result.Report, result.Inputs, result.Outputs, files, [.. model.Diagnostics.Select(paths.Pack)]));
        return model;
    }

    private BuiltModel Restored(CachedOutcome outcome, QuantizationRequest request, string link)
    {
        ImmutableArray<string> files = [.. outcome.Files.Select(file => Path.Combine(request.OutputDirectory, file.Name))];
        ShippedFiles.RemoveStale(request, files);
        PortablePaths paths = new(request);
        ImmutableArray<Diagnostic> said = [.. outcome.Diagnostics.Select(paths.Unpack)];
        foreach (Diagnostic diagnostic in said)
            diagnostics.Report(diagnostic);
        return new BuiltModel(link, outcome.Report, files, outcome.Inputs, outcome.Outputs, said);
    }

    private (BuiltModel Model, QuantizationResult Result) Make(QuantizationRequest request, string link)
    {
        writeLine($"[high] Octet: {request.Name}: quantizing {request.Source} and measuring the result (at most {request.TimeBudget.TotalSeconds:0} s)");
        int before = diagnostics.Seen.Count;
        QuantizationResult result = QuantizationPipeline.Run(request, diagnostics, new LineProgress(writeLine), cancellation);
        return (new BuiltModel(link, result.Report, result.Files, result.Inputs, result.Outputs, [.. diagnostics.Seen.Skip(before)]), result);
    }

    /// <summary>Prints each step at once, on the thread that does it: the build log keeps the order.</summary>
    private sealed class LineProgress(Action<string> writeLine) : IProgress<QuantizationProgress>
    {
        public void Report(QuantizationProgress value) => writeLine($"Octet: {value.Model}: {value.Activity}");
    }
}
