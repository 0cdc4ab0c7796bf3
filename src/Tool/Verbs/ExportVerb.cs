using System.Collections.Immutable;
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

    // The element types that an input can have, as they are written behind its extents.
    private static readonly ImmutableDictionary<string, string> ElementTypes = new Dictionary<string, string>
    {
        ["float32"] = "Float32",
        ["float64"] = "Float64",
        ["int64"] = "Int64",
        ["int32"] = "Int32",
        ["uint8"] = "Byte",
        ["bool"] = "Bool",
    }.ToImmutableDictionary();

    public static Command Create()
    {
        Argument<string> checkpoint = new("checkpoint") { Description = "A file of module.save (.dat)." };
        Option<string> module = new("--module") { Description = "The full name of the class that derives from torch.nn.Module.", Required = true };
        Option<string> assembly = new("--assembly") { Description = "The .dll that has it.", Required = true };
        Option<string[]> input = new("--input") { Description = "An input's name and extents, the batch first: NAME=1,3,32,32; with its element type where forward could take several: tokens=1,16:int64. May be given several times.", Required = true };
        Option<string[]> arguments = new("--constructor-argument") { Description = "An argument of the module's constructor. May be given several times, in order.", DefaultValueFactory = _ => [] };
        Option<string?> output = new("--output", "-o") { Description = "The .onnx file; beside the checkpoint where it is not given." };
        Option<int> opset = NumberOption.Whole("--opset", "The version of ONNX's operators.", least: (int)GraphConverter.OldestOpset, standard: (int)GraphConverter.DefaultOpset);
        Option<bool> fixedBatch = new("--fixed-batch") { Description = "Keeps the batch to that of the inputs' extents." };
        Option<string[]> torchFolders = new("--torch-folder") { Description = "A folder with TorchSharp.dll, its native library or libtorch, looked at before the packages of the assembly. May be given several times.", DefaultValueFactory = _ => [] };
        Option<bool> json = new("--json") { Description = "Prints json." };
        input.Validators.Add(result =>
        {
            foreach (string text in result.Tokens.Select(token => token.Value).Where(text => ParseInput(text) is null))
                result.AddError($"--input takes NAME=1,3,32,32 or NAME=1,16:int64; '{text}' is not of that form.");
        });
        Command command = new("export", "Makes an ONNX model of a TorchSharp checkpoint, and checks that it calculates the same.") { checkpoint, module, assembly, input, arguments, output, opset, fixedBatch, torchFolders, json };
        command.SetAction((parsed, cancellation) => Task.FromResult(Guarded.Run(() =>
        {
            string file = Path.GetFullPath(parsed.GetValue(checkpoint)!);
            ExportRequest request = new()
            {
                Checkpoint = file,
                ModuleType = parsed.GetValue(module)!,
                Assembly = Path.GetFullPath(parsed.GetValue(assembly)!),
                ConstructorArguments = [.. parsed.GetValue(arguments)!],
                Inputs = [.. parsed.GetValue(input)!.Select(text => ParseInput(text)!)],
                Output = Path.GetFullPath(parsed.GetValue(output) ?? Path.ChangeExtension(file, ".onnx")),
                Opset = parsed.GetValue(opset),
                FixedBatch = parsed.GetValue(fixedBatch),
                TorchFolders = [.. parsed.GetValue(torchFolders)!.Select(Path.GetFullPath)],
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

    private static ExportInput? ParseInput(string text)
    {
        int colon = text.LastIndexOf(':');
        string? type = null;
        if (colon > text.LastIndexOf('='))
        {
            if (!ElementTypes.TryGetValue(text[(colon + 1)..], out type))
                return null;
            text = text[..colon];
        }
        return InputShapes.Parse([text]) is { } shapes ? new ExportInput(shapes.Single().Key, shapes.Single().Value, type) : null;
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
