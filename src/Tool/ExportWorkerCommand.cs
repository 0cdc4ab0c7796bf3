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
        Command command = new(Verb, "Exports in this process; for octet itself.") { requests };
        command.Hidden = true;
        command.SetAction(parsed => Guarded.Run(() =>
        {
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
        return ExportProcess.Run(request, program, arguments, cancellation);
    }
}
