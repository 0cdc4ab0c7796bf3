using System.Collections.Immutable;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Methods;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization;

/// <summary>A variant that ships, still in the scratch folder.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Files">The model's file, and that of its weights where they did not fit into it.</param>
internal sealed record ShippedVariant(string Name, IReadOnlyList<string> Files);

/// <summary>Writes what an application carries beside its float model: the variants, the probe, and the manifest that names them.</summary>
public static class ShippedFiles
{
    /// <summary>Writes the files, the manifest last, and removes what an earlier run shipped and this one does not.</summary>
    /// <returns>The files, absolute.</returns>
    internal static ImmutableArray<string> Write(
        QuantizationRequest request, ModelReport report, IReadOnlyList<ShippedVariant> variants, Probe? probe, IReadOnlyDictionary<string, double> probeSqnrDb)
    {
        string stem = Path.GetFileNameWithoutExtension(request.FloatFileName);
        ImmutableArray<string>.Builder files = ImmutableArray.CreateBuilder<string>();
        Dictionary<string, (string File, string Hash)> written = new(StringComparer.Ordinal);
        foreach (ShippedVariant variant in variants)
        {
            // The model last: whoever finds it finds its weights too.
            foreach (string file in variant.Files.Reverse())
            {
                string path = Path.Combine(request.OutputDirectory, Path.GetFileName(file));
                AtomicFile.Write(path, stream =>
                {
                    using FileStream source = File.OpenRead(file);
                    source.CopyTo(stream);
                });
                files.Add(path);
            }
            string model = files[^1];
            written[variant.Name] = (Path.GetFileName(model), FileHash.Of(model));
        }

        string? probeFile = null;
        if (probe is { Cases.IsEmpty: false } && variants.Count > 0)
        {
            probeFile = $"{stem}.probe.npz";
            AtomicFile.Write(Path.Combine(request.OutputDirectory, probeFile), probe.Write);
            files.Add(Path.Combine(request.OutputDirectory, probeFile));
        }

        ModelManifest manifest = new()
        {
            Name = report.Name,
            Float = request.FloatFileName,
            FloatSha256 = report.Sha256,
            FloatSizeBytes = report.Variants[0].SizeBytes,
            Selected = report.Selected,
            Reason = report.Reason,
            Probe = probeFile,
            Threads = report.Threads,
            BatchSize = report.BatchSize,
            OnnxRuntime = MachineDescription.Current.OnnxRuntime,
            Cpu = MachineDescription.Current.Cpu,
            Cores = MachineDescription.Current.Cores,
            MinSpeedup = request.MinSpeedup,
            Variants = [.. report.Variants.Select(row => ToManifest(row, written, report, request, probeSqnrDb))],
        };
        string manifestPath = Path.Combine(request.OutputDirectory, $"{stem}.octet.json");
        AtomicFile.Write(manifestPath, manifest.Write);
        files.Add(manifestPath);

        RemoveStale(request, files);
        return files.ToImmutable();
    }

    /// <summary>Removes what an earlier run shipped for the model and this one does not.</summary>
    /// <param name="request">The model and its output folder.</param>
    /// <param name="files">The files that ship, absolute.</param>
    /// <exception cref="DiagnosticException">OCT5002.</exception>
    public static void RemoveStale(QuantizationRequest request, IReadOnlyCollection<string> files)
    {
        string stem = Path.GetFileNameWithoutExtension(request.FloatFileName);
        IEnumerable<string> known = Variants.All.SelectMany(variant => new[] { $"{stem}.{variant}.onnx", $"{stem}.{variant}.onnx.data" }).Append($"{stem}.probe.npz").Select(name => Path.Combine(request.OutputDirectory, name));
        try
        {
            foreach (string stale in known.Where(file => !files.Contains(file)))
                File.Delete(stale);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiagnosticCatalog.Exception("OCT5002", request.OutputDirectory, exception.Message.TrimEnd('.'));
        }
    }

    private static ManifestVariant ToManifest(
        VariantReport row, Dictionary<string, (string File, string Hash)> written, ModelReport report, QuantizationRequest request, IReadOnlyDictionary<string, double> probeSqnrDb)
    {
        bool isFloat = row.Name == Variants.Float;
        (string File, string Hash)? file = isFloat ? (request.FloatFileName, report.Sha256) : written.TryGetValue(row.Name, out (string, string) found) ? found : null;
        return new ManifestVariant
        {
            Name = row.Name,
            File = file?.File,
            Sha256 = file?.Hash ?? "",
            SizeBytes = row.SizeBytes,
            CustomOperators = file is not null && !isFloat && QuantizedOperators.IsNeededBy(Path.Combine(request.OutputDirectory, file.Value.File)),
            RecommendedThreads = row.RecommendedThreads,
            Conditions = row.Conditions.IsEmpty ? default : row.Conditions,
            MedianMilliseconds = Finite(row.MedianMilliseconds),
            MadMilliseconds = Finite(row.MadMilliseconds),
            Speedup = Finite(row.Speedup),
            SpeedupLow = Finite(row.SpeedupLow),
            SpeedupHigh = Finite(row.SpeedupHigh),
            Accuracy = row.Accuracy is { } accuracy ? new ManifestAccuracy(accuracy.Metric, accuracy.Float, accuracy.Value, accuracy.Drop, accuracy.Samples, accuracy.Verified) : null,
            ProbeSqnrDb = probeSqnrDb.TryGetValue(row.Name, out double sqnr) ? sqnr : null,
            Verdict = row.Verdict,
            Reason = row.Reason,
        };
    }

    // Json has no NaN; a variant that was not measured has no time.
    private static double Finite(double value) => double.IsFinite(value) ? value : 0;
}
