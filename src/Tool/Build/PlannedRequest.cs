using Octet.Quantization;
using Octet.Quantization.Calibration;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Methods;

namespace Octet.Tool.Build;

/// <summary>Turns a planned model into the engine's request.</summary>
internal static class PlannedRequest
{
    /// <exception cref="DiagnosticException">OCT5005: a value of the plan is malformed. OCT3008: calibration data names no file.</exception>
    public static QuantizationRequest Create(BuildPlan plan, PlannedModel model)
    {
        string path = model.Option("model");
        string link = model.Option("link");
        if (model.Option("data-missing") is { Length: > 0 } missing)
            throw DiagnosticCatalog.Exception("OCT3008", path, missing);

        string[] shapes = model.Option("input-shapes").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        QuantizationRequest request = new()
        {
            ModelPath = path,
            Name = model.Option("name"),
            Source = Path.GetRelativePath(plan.Option("project-directory"), path).Replace('\\', '/'),
            OutputDirectory = Path.Combine(plan.Option("output"), "variants", Path.GetDirectoryName(link) ?? ""),
            FloatFileName = Path.GetFileName(link),
            Variants = [.. model.Option("variants").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)],
            Data = model.All("data"),
            Preprocessing = NullIfEmpty(model.Option("preprocessing")),
            Labels = NullIfEmpty(model.Option("labels")),
            InputShapes = Octet.Tool.InputShapes.Parse(shapes) ?? throw DiagnosticCatalog.Exception("OCT5005", model.PlanPath, $"--input-shapes={model.Option("input-shapes")} is not of the form input=1,3,224,224"),
            Exclude = [.. model.All("exclude").Select(pattern => new NodePattern(pattern))],
            MaxAccuracyDrop = model.Number("max-accuracy-drop", 0.01),
            MinSpeedup = model.Number("min-speedup", 1.05),
            TimeBudget = TimeSpan.FromSeconds(model.Number("time-budget", 120)),
            Threads = (int)model.Number("threads", 0),
            BatchSize = (int)model.Number("batch-size", 1),
            CalibrationSamples = (int)model.Number("calibration-samples", 300),
            Method = Method(model),
            Target = model.Option("target") is { Length: > 0 } target ? target : "auto",
        };
        return RecipeFile.Apply(request, model.Option("recipe"));
    }

    private static string Method(PlannedModel model)
    {
        string method = NullIfEmpty(model.Option("method")) ?? CalibrationMethods.MinMax;
        return CalibrationMethods.IsKnown(method)
            ? method
            : throw DiagnosticCatalog.Exception("OCT5005", model.PlanPath, $"--method={method} is none of {string.Join(", ", CalibrationMethods.All)}, {CalibrationMethods.Auto}");
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
