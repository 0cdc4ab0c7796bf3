using System.Collections.Immutable;
using System.CommandLine;
using Octet.Tool.Output;
using Octet.Torch.Export;

namespace Octet.Tool;

/// <summary>The hidden verb by which octet starts itself: a module's code and libtorch run in a process of their own.</summary>
internal static class ExportWorkerCommand
{
    private const string Verb = "export-worker";

    public static Command Create()
    {
        Argument<string[]> requests = new("requests") { Arity = ArgumentArity.OneOrMore };
        Option<string> managed = new("--onnxruntime-managed") { DefaultValueFactory = _ => "" };
        Option<string> native = new("--onnxruntime-native") { DefaultValueFactory = _ => "" };
        Command command = new(Verb, "Exports in this process; for octet itself.") { requests, managed, native };
        command.Hidden = true;
        command.SetAction(parsed => Guarded.Run(() =>
        {
            OnnxRuntimeLibrary.Use(parsed.GetValue(managed)!, parsed.GetValue(native)!);
            ExportWorker.Run(parsed.GetValue(requests)!);
            return ExitCode.Done;
        }));
        return command;
    }

    /// <summary>Exports in a process of its own.</summary>
    public static ExportResponse Export(ExportRequest request, CancellationToken cancellation)
    {
        // As a .dll octet has a host, which gets it as an argument; else it is the program itself.
        string program = Environment.ProcessPath!;
        ImmutableArray<string> arguments = Path.GetFileNameWithoutExtension(program) == "dotnet" ? ["exec", typeof(ExportWorkerCommand).Assembly.Location, Verb] : [Verb];
        if (request.OnnxRuntimeManaged.Length > 0)
            arguments = [.. arguments, "--onnxruntime-managed", request.OnnxRuntimeManaged];
        if (request.OnnxRuntimeNative.Length > 0)
            arguments = [.. arguments, "--onnxruntime-native", request.OnnxRuntimeNative];
        return ExportProcess.Run(request, program, arguments, cancellation);
    }
}
