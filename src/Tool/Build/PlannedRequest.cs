using System.Collections.Immutable;
using Octet.Quantization;
using Octet.Quantization.Calibration;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Methods;

namespace Octet.Tool.Build;

/// <summary>Turns a planned model into the engine's request.</summary>
internal static class PlannedRequest
{
    /// <exception cref="DiagnosticException">OCT5005: a value of the plan is missing or malformed. OCT5006: the recipe is. OCT3008: calibration data names no file.</exception>
    public static QuantizationRequest Create(BuildPlan plan, PlanOptions model)
    {
        string path = model.Required("model");
        string link = model.Required("link");
        if (model.Text("data-missing") is { Length: > 0 } missing)
            throw DiagnosticCatalog.Exception("OCT3008", path, missing);

        ImmutableArray<MeasuringCondition> conditions = MeasuringCondition.Combine(model.Wholes("threads", 0, least: 0), model.Wholes("batch-size", 1, least: 1));
        QuantizationRequest request = new()
        {
            ModelPath = path,
            Name = model.Required("name"),
            Source = Path.GetRelativePath(plan.Options.Required("project-directory"), path).Replace('\\', '/'),
            OutputDirectory = Path.Combine(plan.Options.Required("output"), "variants", Path.GetDirectoryName(link) ?? ""),
            FloatFileName = Path.GetFileName(link),
            Variants = KnownVariants(model),
            Data = model.All("data"),
            Preprocessing = NullIfEmpty(model.Text("preprocessing")),
            Labels = NullIfEmpty(model.Text("labels")),
            // The exporter fixes all extents of a checkpoint's inputs but the batch, and that one is BatchSize's to say.
            InputShapes = PlannedCheckpoint.Is(model) ? ImmutableDictionary<string, ImmutableArray<long>>.Empty : InputShapes.Parse(model.List("input-shapes")) ?? throw model.Unreadable($"--input-shapes={model.Text("input-shapes")} is not of the form input=1,3,224,224"),
            Exclude = [.. model.All("exclude").Select(pattern => new NodePattern(pattern))],
            MaxAccuracyDrop = model.Number("max-accuracy-drop", 0.01, 0, double.MaxValue),
            MinSpeedup = model.Number("min-speedup", 1.05, 0, double.MaxValue),
            TimeBudget = TimeSpan.FromSeconds(model.Number("time-budget", 120, 0, 1e6)),
            Threads = conditions[0].Threads,
            BatchSize = conditions[0].BatchSize,
            Conditions = conditions[1..],
            CalibrationSamples = model.Whole("calibration-samples", 300, least: 1),
            Method = KnownMethod(model),
            Target = KnownTarget(model),
            Search = model.Text("search").Length == 0 || model.Switch("search"),
            CustomOperators = model.Text("custom-operators").Length == 0 || model.Switch("custom-operators"),
        };
        return RecipeFile.Apply(request, model.Text("recipe"));
    }

    private static ImmutableArray<string> KnownVariants(PlanOptions model)
    {
        ImmutableArray<string> variants = [.. model.List("variants")];
        return variants.FirstOrDefault(variant => variant != Variants.Float && !Variants.All.Contains(variant)) is { } unknown
            ? throw model.Unreadable($"'{unknown}' in --variants is none that this version makes: {string.Join(", ", Variants.All)}")
            : variants;
    }

    private static string KnownMethod(PlanOptions model)
    {
        string method = NullIfEmpty(model.Text("method")) ?? CalibrationMethods.Auto;
        return CalibrationMethods.IsKnown(method)
            ? method
            : throw model.Unreadable($"--method={method} is none of {string.Join(", ", CalibrationMethods.All)}, {CalibrationMethods.Auto}");
    }

    private static string KnownTarget(PlanOptions model)
    {
        string target = model.Text("target") is { Length: > 0 } text ? text : Targets.Auto;
        return Targets.All.Contains(target) ? target : throw model.Unreadable($"--target={target} is none of {string.Join(", ", Targets.All)}");
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
