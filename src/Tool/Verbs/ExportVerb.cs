using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Octet.Quantization.Diagnostics;
using Octet.Tool.Output;
using Octet.Torch.Conversion;
using Octet.Torch.Export;

namespace Octet.Tool.Verbs;

/// <summary><c>octet export CHECKPOINT</c>: a TorchSharp checkpoint and its module to an ONNX model that calculates the same.</summary>
internal static class ExportVerb
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static Command Create()
    {
        Argument<string> checkpoint = new("checkpoint") { Description = "A file of module.save (.dat), safetensors, a state dictionary (.pt), or a TorchScript archive (.pt)." };
        CheckpointOptions options = new();
        Option<string[]> input = new("--input") { Description = "An input's name and extents, the batch first: NAME=1,3,32,32; with its element type where forward could take several: tokens=1,16:int64. May be given several times.", Required = true };
        Option<string?> output = new("--output", "-o") { Description = "The .onnx file; beside the checkpoint where it is not given." };
        Option<int> opset = NumberOption.Whole("--opset", "The version of ONNX's operators.", least: (int)GraphConverter.OldestOpset, standard: (int)GraphConverter.DefaultOpset);
        Option<bool> fixedBatch = new("--fixed-batch") { Description = "Keeps the batch to that of the inputs' extents." };
        Option<bool> json = new("--json") { Description = "Prints json." };
        input.Validators.Add(result =>
        {
            foreach (string text in result.Tokens.Select(token => token.Value).Where(text => ExportInputs.Parse(text) is null))
                result.AddError($"--input takes NAME=1,3,32,32 or NAME=1,16:int64; '{text}' is not of that form.");
        });
        Command command = new("export", "Makes an ONNX model of a TorchSharp checkpoint, and checks that it calculates the same.") { checkpoint, input, output, opset, fixedBatch, json };
        foreach (Option option in options.All)
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(options.Module) is not null && result.GetResult(options.Assembly) is null)
                result.AddError("--module needs --assembly, the .dll that has it.");
        });
        command.SetAction((parsed, cancellation) => Task.FromResult(Guarded.Run(() =>
        {
            string file = Path.GetFullPath(parsed.GetValue(checkpoint)!);
            ExportRequest request = options.Request(parsed, file, parsed.GetValue(input)!, Path.GetFullPath(parsed.GetValue(output) ?? Path.ChangeExtension(file, ".onnx"))) with
            {
                Opset = parsed.GetValue(opset),
                FixedBatch = parsed.GetValue(fixedBatch),
            };
            ExportResponse response = TerminalProgress.ShowBar($"exporting {Path.GetFileName(file)}", _ => ExportWorkerCommand.Export(request, cancellation));
            foreach (Diagnostic diagnostic in response.Diagnostics)
                Console.Error.WriteLine(diagnostic.ToCanonicalString());
            if (parsed.GetValue(json))
                Console.WriteLine(JsonSerializer.Serialize(response, Indented));
            else if (response.Written)
                Print(request, response);
            return response.Written ? ExitCode.Done : ExitCode.Failed;
        })));
        return command;
    }

    private static void Print(ExportRequest request, ExportResponse response)
    {
        Console.WriteLine($"inputs    {string.Join(", ", response.Inputs)}");
        Console.WriteLine($"outputs   {string.Join(", ", response.Outputs)}");
        Console.WriteLine($"graph     {response.Nodes} nodes of {response.Calls} native calls, opset {request.Opset}");
        Console.WriteLine($"verified  at batch {string.Join(", ", response.Verification.Select(error => error.Batch).Distinct())}: off by at most {response.Verification.Max(error => error.Error).ToString("0.0e0", CultureInfo.InvariantCulture)} of the largest magnitude");
        Console.WriteLine($"written   {request.Output}");
    }
}
