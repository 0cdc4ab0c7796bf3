using System.CommandLine;
using Octet.Quantization;
using Octet.Quantization.Reporting;
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
            Run([parsed.GetValue(reference)!, .. parsed.GetValue(variants)!], compareOutputs: true, common, parsed, cancellation))));
        return command;
    }

    /// <summary>Measures files side by side, with outputs or without.</summary>
    internal static int Run(IEnumerable<string> paths, bool compareOutputs, CommonOptions common, ParseResult parsed, CancellationToken cancellation)
    {
        OnnxRuntimeLibrary.EnsureLoads();
        ComparisonRequest request = new()
        {
            Paths = [.. paths.Select(Path.GetFullPath)],
            CompareOutputs = compareOutputs,
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
        ModelReport report = ModelComparison.Run(request, new DiagnosticPrinter(Console.Error.WriteLine), cancellation);
        ReportPrinter.Print(report, parsed.GetValue(common.Json));
        return report.Variants.Any(row => row.Verdict == "failed") ? ExitCode.Failed : ExitCode.Done;
    }
}
