using System.CommandLine;
using Octet.Tool;
using Octet.Tool.Output;
using Octet.Tool.Verbs;

RootCommand root = new("Octet quantizes ONNX models, measures that the result is faster and still right, and says why where it is not.")
{
    QuantizeVerb.Create(),
    BenchVerb.Create(),
    CompareVerb.Create(),
    InspectVerb.Create(),
    CalibrateVerb.Create(),
    MergeVerb.Create(),
    BuildVerb.Create(),
    CacheVerb.Create(),
    ExportVerb.Create(),
    ExportWorkerCommand.Create(),
};

if (args.Length == 0)
{
    root.Parse(["--help"]).Invoke();
    return ExitCode.BadUsage;
}

// 'build @octet.rsp' reads its plan itself: one value a line, no quoting, so that every path is taken as it is.
ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
// A mistyped option is no file name, even where any number of files is taken.
string[] errors = [.. parsed.CommandResult.Tokens.Where(token => token.Value.StartsWith("--", StringComparison.Ordinal)).Select(token => $"Unrecognized option '{token.Value}'."), .. parsed.Errors.Select(error => error.Message)];
if (errors.Length > 0)
{
    foreach (string error in errors)
        Console.Error.WriteLine(error);
    Console.Error.WriteLine($"See: octet {(parsed.CommandResult.Command == root ? "" : $"{parsed.CommandResult.Command.Name} ")}--help");
    return ExitCode.BadUsage;
}
return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
