using System.CommandLine;
using Octet.Quantization;
using Octet.Quantization.Reporting;
using Octet.Runtime;
using Octet.Tool.Output;

namespace Octet.Tool.Verbs;

/// <summary><c>octet compare FLOAT VARIANT...</c>: are these files as right as that one, and how fast?</summary>
internal static class CompareVerb
{
    public static Command Create()
    {
        Argument<string> reference = new("float") { Description = "The model that the others are held against." };
        Argument<string[]> variants = new("variants") { Description = "The files to compare.", Arity = ArgumentArity.OneOrMore };
        CommonOptions common = new();
        Command command = new("compare", "Compares outputs and speed of model files with those of a float model.") { reference, variants };
        foreach (Option option in common.All)
            command.Add(option);
        command.SetAction((parsed, cancellation) => Task.FromResult(Guarded.Run(() =>
            Run(Request([parsed.GetValue(reference)!, .. parsed.GetValue(variants)!], common, parsed) with { CompareOutputs = true }, parsed.GetValue(common.Json), html: null, cancellation))));
        return command;
    }

    /// <summary>What the options that compare and bench share ask for.</summary>
    internal static ComparisonRequest Request(IEnumerable<string> paths, CommonOptions common, ParseResult parsed) => new()
    {
        Paths = [.. paths.Select(Path.GetFullPath)],
        Data = common.Data(parsed),
        Preprocessing = parsed.GetValue(common.Preprocessing),
        Labels = common.LabelSource(parsed),
        InputShapes = common.Shapes(parsed),
        Threads = parsed.GetValue(common.Threads),
        BatchSize = parsed.GetValue(common.Batch),
        Budget = TimeSpan.FromSeconds(Math.Min(30, parsed.GetValue(common.TimeBudget) / 2)),
        MaxAccuracyDrop = parsed.GetValue(common.MaxAccuracyDrop),
        MinSpeedup = parsed.GetValue(common.MinSpeedup),
    };

    /// <summary>Measures files side by side and shows the figures.</summary>
    internal static int Run(ComparisonRequest request, string? json, string? html, CancellationToken cancellation)
    {
        OnnxRuntimeLibrary.EnsureLoads();
        DiagnosticPrinter diagnostics = new(Console.Error.WriteLine);
        ModelReport report = TerminalProgress.ShowBar($"measuring {request.Paths.Length} files in turns", progress => ModelComparison.Run(request, diagnostics, progress, cancellation));
        ReportPrinter.Print(report, json);
        if (html is not null)
            AtomicFile.WriteText(Path.GetFullPath(html), HtmlReport.Render(new QuantizationReport(ReportJson.Schema, MachineDescription.Current, [report])));
        return report.Variants.Any(row => row.Verdict == "failed") ? ExitCode.Failed : ExitCode.Done;
    }
}
