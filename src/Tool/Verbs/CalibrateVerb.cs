using System.CommandLine;
using Octet.Quantization;
using Octet.Quantization.Calibration;
using Octet.Tool.Output;

namespace Octet.Tool.Verbs;

/// <summary><c>octet calibrate MODEL</c>: the statistics of a model's activations, or of a part of the samples, in a file.</summary>
internal static class CalibrateVerb
{
    public static Command Create()
    {
        Argument<string> model = new("model") { Description = "The float .onnx file." };
        CommonOptions common = new();
        common.Calibration.DefaultValueFactory = null;
        common.Calibration.Required = true;
        Option<string> output = new("--output", "-o") { Description = "The statistics file to write.", Required = true };
        Option<string> shard = new("--shard") { Description = "K/N: only the Kth of N parts of the samples. The parts' files merge to what one run gives.", DefaultValueFactory = _ => "1/1" };
        shard.Validators.Add(result =>
        {
            if (!Shard.TryParse(result.GetValueOrDefault<string>() ?? "", out _))
                result.AddError("--shard takes K/N with K from 1 to N.");
        });
        Option<int> samples = NumberOption.Whole("--calibration-samples", "The most inputs that are read, by all shards together.", least: 1, standard: 300);
        Command command = new("calibrate", "Runs a model on inputs and writes the statistics of its activations, to be merged or used by quantize.")
        {
            model, output, shard, samples, common.Calibration, common.Preprocessing, common.Input, common.Batch,
        };
        command.SetAction((parsed, cancellation) => Task.FromResult(Guarded.Run(() =>
        {
            OnnxRuntimeLibrary.EnsureLoads();
            Shard.TryParse(parsed.GetValue(shard)!, out Shard part);
            CalibrationRequest request = new()
            {
                ModelPath = Path.GetFullPath(parsed.GetValue(model)!),
                Data = common.Data(parsed),
                Preprocessing = parsed.GetValue(common.Preprocessing),
                InputShapes = common.Shapes(parsed),
                BatchSize = parsed.GetValue(common.Batch),
                CalibrationSamples = parsed.GetValue(samples),
                Shard = part,
            };
            string path = Path.GetFullPath(parsed.GetValue(output)!);
            StatisticsFile file = TerminalProgress.Show(
                $"calibrating {parsed.GetValue(model)}", progress => CalibrationRun.Run(request, new DiagnosticPrinter(Console.Error.WriteLine), progress, cancellation));
            file.Write(path);
            Console.WriteLine($"{path}: {file.Statistics.Tensors.Count} values on {file.Statistics.Samples} inputs");
            return ExitCode.Done;
        })));
        return command;
    }
}
