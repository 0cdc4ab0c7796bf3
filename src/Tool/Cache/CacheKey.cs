using System.Text.Json;
using Octet.Quantization;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Tool.Cache;

/// <summary>The address of an outcome: a hash over everything that decides it. Where a file lies or when it was written does not count.</summary>
internal static class CacheKey
{
    /// <summary>Hashes a request: the model with its external data, the calibration files and labels, the options, the tool, ONNX Runtime, and the machine, because figures were measured on it.</summary>
    /// <returns>Lower-case hexadecimal SHA-256.</returns>
    /// <exception cref="Quantization.Diagnostics.DiagnosticException">The model or its external data cannot be read.</exception>
    public static string Of(QuantizationRequest request)
    {
        using ContentKey key = new();
        // First of all: the model, and what it names, can be read.
        ModelProto model = OnnxFile.ReadWithoutExternalData(request.ModelPath);
        ExternalData.Check(model, request.ModelPath);
        foreach (string file in ExternalData.Files(model, request.ModelPath).Prepend(request.ModelPath))
            key.AddFile(file);
        key.AddTool();
        MachineDescription machine = MachineDescription.Current;
        key.Add(JsonSerializer.Serialize(new { machine.Cpu, Features = machine.Features.ToArray(), machine.Cores, machine.Os, machine.OnnxRuntime }));

        key.Add(JsonSerializer.Serialize(new
        {
            request.Name,
            request.Source,
            request.FloatFileName,
            Variants = request.Variants.ToArray(),
            request.Preprocessing,
            Shapes = request.InputShapes.OrderBy(shape => shape.Key, StringComparer.Ordinal).Select(shape => $"{shape.Key}={string.Join(',', shape.Value)}").ToArray(),
            Exclude = request.Exclude.Select(pattern => pattern.Pattern).ToArray(),
            request.MaxAccuracyDrop,
            request.MinSpeedup,
            request.TimeBudget,
            request.Threads,
            request.BatchSize,
            Conditions = request.Conditions.Select(condition => condition.ToString()).ToArray(),
            request.CustomOperators,
            request.CalibrationSamples,
            request.Target,
            request.Method,
            request.Search,
            Form = request.Pinned?.Form.Name,
            Rewrites = request.Pinned?.Rewrites.ToArray(),
            Refinements = request.Pinned?.Refinements.ToArray(),
            LeftFloat = request.Pinned?.LeftFloat.ToArray(),
        }));

        // Names count where they carry the labels: the folder of a class, the rows of a csv.
        string? root = PortablePaths.CommonFolder(request.Data);
        foreach (string path in request.Data)
            foreach (string file in FilesAt(path))
            {
                key.Add(PortablePaths.Below(root, file));
                key.AddFile(file);
            }
        key.AddFile(request.Statistics);
        AddLabels(request.Labels, key);
        return key.Finish();
    }

    private static IEnumerable<string> FilesAt(string path) =>
        Directory.Exists(path) ? Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal) : [path];

    // A list counts by its content. A folder counts by its classes: an empty one among them moves the others' indexes.
    private static void AddLabels(string? labels, ContentKey key)
    {
        if (File.Exists(labels))
            key.AddFile(labels);
        else
            key.Add(labels is null ? "" : "folders");
        if (Directory.Exists(labels))
            foreach (string folder in Directory.EnumerateDirectories(labels).Order(StringComparer.Ordinal))
                key.Add(Path.GetFileName(folder));
    }
}
