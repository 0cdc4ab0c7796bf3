using System.Collections.Immutable;
using System.CommandLine;
using Octet.Quantization;
using Octet.Quantization.Calibration;
using Octet.Quantization.Methods;
using Octet.Tool.Checkpoints;
using Octet.Tool.Output;
using Octet.Torch.Export;

namespace Octet.Tool.Verbs;

/// <summary><c>octet quantize MODEL</c>: what the build does, for one model by hand.</summary>
internal static class QuantizeVerb
{
    public static Command Create()
    {
        Argument<string> model = new("model") { Description = "The float .onnx file; or a TorchSharp checkpoint, with --module, --assembly and --input." };
        CommonOptions common = new();
        CheckpointOptions checkpoint = new();
        Option<string?> outputFolder = new("--output", "-o") { Description = "The folder for what ships: variants that won, the manifest, the probe. The model's own folder where it is left out." };
        Option<string> method = new("--method") { Description = $"How activation ranges are found: {string.Join(", ", CalibrationMethods.All)}, or auto for the one that is the most accurate on samples held out.", DefaultValueFactory = _ => CalibrationMethods.Auto };
        method.AcceptOnlyFromAmong([.. CalibrationMethods.All, CalibrationMethods.Auto]);
        Option<string?> statistics = new("--statistics") { Description = "A statistics file of 'octet calibrate' or 'octet merge', used in place of a calibration run." };
        Option<string[]> variants = new("--variants") { Description = $"What to try: {string.Join(", ", Variants.All)}. What suits the model where it is left out.", DefaultValueFactory = _ => [], AllowMultipleArgumentsPerToken = true };
        variants.AcceptOnlyFromAmong([.. Variants.All]);
        Option<string[]> exclude = new("--exclude") { Description = "A node's name or an operator that stays float; * and ? are wildcards. May be given several times.", DefaultValueFactory = _ => [] };
        Option<string> recipe = new("--recipe") { Description = "A recipe to repeat: the 'recipe' object of a variant in report.json.", DefaultValueFactory = _ => "" };
        Option<ImmutableArray<int>> threads = NumberOption.Wholes("--threads", "Intra-operator threads to measure with; 0 is ONNX Runtime's own choice. Several (1,8) are each measured.", least: 0, standard: 0);
        Option<ImmutableArray<int>> batch = NumberOption.Wholes("--batch", "Extent of a dynamic batch dimension. Several (1,16) are each measured.", least: 1, standard: 1);
        Option<bool> noSearch = new("--no-search") { Description = "Makes variants without measuring alternatives, the same on every machine." };
        Option<bool> noCustomOperators = new("--no-custom-operators") { Description = "Keeps every variant to ONNX Runtime's own operators." };
        Option<int> samples = NumberOption.Whole("--calibration-samples", "The most inputs that are read.", least: 1, standard: 300);
        Command command = new("quantize", "Makes integer variants of a model, measures them against it, and keeps what is faster and still right.") { model, outputFolder, method, variants, exclude, recipe, samples, statistics, threads, batch, noCustomOperators, noSearch };
        foreach (Option option in common.All.Except([common.Threads, common.Batch]).Concat(checkpoint.All))
            command.Add(option);
        command.Validators.Add(result =>
        {
            bool isCheckpoint = checkpoint.All.Any(option => result.GetResult(option) is { Implicit: false });
            if (isCheckpoint && new Option[] { checkpoint.Module, checkpoint.Assembly, common.Input }.Any(option => result.GetResult(option) is null or { Implicit: true }))
                result.AddError("A checkpoint takes --module, --assembly and --input.");
        });

        command.SetAction((parsed, cancellation) => Task.FromResult(Guarded.Run(() =>
        {
            string path = Path.GetFullPath(parsed.GetValue(model)!);
            bool isCheckpoint = parsed.GetValue(checkpoint.Module) is not null;
            string output = Path.GetFullPath(parsed.GetValue(outputFolder) ?? Path.GetDirectoryName(path)!);
            ImmutableArray<MeasuringCondition> conditions = MeasuringCondition.Combine(parsed.GetValue(threads), parsed.GetValue(batch));
            QuantizationRequest request = new()
            {
                ModelPath = path,
                Name = Path.GetFileNameWithoutExtension(path),
                Source = parsed.GetValue(model)!,
                OutputDirectory = output,
                FloatFileName = isCheckpoint ? Path.ChangeExtension(Path.GetFileName(path), ".onnx") : Path.GetFileName(path),
                Variants = [.. parsed.GetValue(variants)!],
                Data = common.Data(parsed),
                Preprocessing = parsed.GetValue(common.Preprocessing),
                Labels = common.LabelSource(parsed),
                // The exporter fixes all extents of a checkpoint's inputs but the batch, and that one is --batch's to say.
                InputShapes = isCheckpoint ? ImmutableDictionary<string, ImmutableArray<long>>.Empty : common.Shapes(parsed),
                Exclude = [.. parsed.GetValue(exclude)!.Select(pattern => new NodePattern(pattern))],
                MaxAccuracyDrop = parsed.GetValue(common.MaxAccuracyDrop),
                MinSpeedup = parsed.GetValue(common.MinSpeedup),
                TimeBudget = TimeSpan.FromSeconds(parsed.GetValue(common.TimeBudget)),
                Threads = conditions[0].Threads,
                BatchSize = conditions[0].BatchSize,
                Conditions = conditions[1..],
                Search = !parsed.GetValue(noSearch),
                CustomOperators = !parsed.GetValue(noCustomOperators),
                CalibrationSamples = parsed.GetValue(samples),
                Method = parsed.GetValue(method)!,
                Statistics = parsed.GetValue(statistics) is { } file ? Path.GetFullPath(file) : null,
            };
            request = RecipeFile.Apply(request, parsed.GetValue(recipe)!);
            ExportRequest? export = isCheckpoint ? checkpoint.Request(parsed, path, parsed.GetValue(common.Input)!, Path.Combine(output, request.FloatFileName)) : null;
            return Run(request, export, parsed.GetValue(common.Json), cancellation);
        })));
        return command;
    }

    private static int Run(QuantizationRequest request, ExportRequest? export, string? json, CancellationToken cancellation)
    {
        OnnxRuntimeLibrary.EnsureLoads();
        DiagnosticPrinter diagnostics = new(Console.Error.WriteLine);
        if (export is not null)
            TerminalProgress.ShowBar($"exporting {request.Source}", _ => Export(export, diagnostics, cancellation));
        QuantizationResult result = TerminalProgress.Show($"quantizing {request.Source}", progress =>
            QuantizationPipeline.Run(export is null ? request : request with { ModelPath = export.Output }, diagnostics, progress, cancellation));
        ReportPrinter.Print(export is null ? result.Report : ExportedModel.Describe(result.Report, request), json);
        if (json != "-")
            foreach (string file in export is null ? result.Files : [export.Output, .. result.Files])
                Console.WriteLine(file);
        return ExitCode.Done;
    }

    private static bool Export(ExportRequest export, DiagnosticPrinter diagnostics, CancellationToken cancellation)
    {
        new TorchExporter().Export(export, diagnostics, cancellation);
        return true;
    }
}
