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
        Command command = new("bench", "Times model files side by side, in turns, with the interval of each ratio.") { models };
        foreach (Option option in common.All)
            command.Add(option);
        command.SetAction((parsed, cancellation) => Task.FromResult(Guarded.Run(() =>
            CompareVerb.Run(parsed.GetValue(models)!, compareOutputs: false, common, parsed, cancellation))));
        return command;
    }
}
