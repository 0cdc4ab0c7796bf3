using System.CommandLine;
using Octet.Quantization.Calibration;
using Octet.Tool.Output;

namespace Octet.Tool.Verbs;

/// <summary><c>octet merge FILE...</c>: the statistics of shards that were calibrated apart, as one run would give them.</summary>
internal static class MergeVerb
{
    public static Command Create()
    {
        Argument<string[]> files = new("files") { Description = "Statistics files of one model, in any order.", Arity = ArgumentArity.OneOrMore };
        Option<string> output = new("--output", "-o") { Description = "The statistics file to write.", Required = true };
        Command command = new("merge", "Merges statistics files that 'octet calibrate --shard' wrote.") { files, output };
        command.SetAction((parsed, cancellation) => Task.FromResult(Guarded.Run(() =>
        {
            string[] paths = [.. parsed.GetValue(files)!.Select(Path.GetFullPath)];
            StatisticsFile merged = StatisticsFile.Read(paths[0]);
            foreach (string path in paths.Skip(1))
            {
                cancellation.ThrowIfCancellationRequested();
                merged = merged.Merge(StatisticsFile.Read(path), path);
            }
            string target = Path.GetFullPath(parsed.GetValue(output)!);
            merged.Write(target);
            Console.WriteLine($"{target}: {merged.Statistics.Tensors.Count} values on {merged.Statistics.Samples} inputs");
            return ExitCode.Done;
        })));
        return command;
    }
}
