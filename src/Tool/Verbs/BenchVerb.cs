using System.CommandLine;
using Octet.Tool.Output;

namespace Octet.Tool.Verbs;

/// <summary><c>octet bench MODEL...</c>: which file is faster here, measured in turns?</summary>
internal static class BenchVerb
{
    public static Command Create()
    {
        Argument<string[]> models = new("models") { Description = "The files; the first is the baseline.", Arity = ArgumentArity.OneOrMore };
        CommonOptions common = new();
        Option<string?> html = new("--html") { Description = "Writes a page with the table and the latency plot to this file." };
        Command command = new("bench", "Times model files side by side, in turns, with the interval of each ratio.") { models, html };
        foreach (Option option in common.All)
            command.Add(option);
        command.SetAction((parsed, cancellation) => Task.FromResult(Guarded.Run(() =>
            CompareVerb.Run(CompareVerb.Request(parsed.GetValue(models)!, common, parsed) with { CheckNoise = true }, parsed.GetValue(common.Json), parsed.GetValue(html), cancellation))));
        return command;
    }
}
