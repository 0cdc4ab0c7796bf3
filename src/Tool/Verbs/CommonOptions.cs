using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;

namespace Octet.Tool.Verbs;

/// <summary>Options that several verbs share, each verb with instances of its own.</summary>
internal sealed class CommonOptions
{
    public Option<string[]> Calibration { get; } = new("--calibration")
    {
        Description = "A file or folder with real inputs: images, .npy, .npz, .pb or .csv. May be given several times.",
        DefaultValueFactory = _ => [],
    };

    public Option<string?> Preprocessing { get; } = new("--preprocessing") { Description = "How images become inputs: imagenet, or scale=1/255;mean=..;std=..;layout=nchw|nhwc;channels=rgb|bgr|gray;resize=stretch|fit|crop;size=HxW. Guessed where it is left out, and said." };

    public Option<string?> Labels { get; } = new("--labels") { Description = "'folders' for a folder a class, or a csv with file,label." };

    public Option<string[]> Input { get; } = new("--input")
    {
        Description = "The extents of an input whose own are dynamic: NAME=1,3,224,224.",
        DefaultValueFactory = _ => [],
    };

    public Option<int> Threads { get; } = new("--threads") { Description = "Intra-operator threads to measure with; 0 is ONNX Runtime's own choice." };

    public Option<int> Batch { get; } = new("--batch") { Description = "Extent of a dynamic batch dimension.", DefaultValueFactory = _ => 1 };

    public Option<double> TimeBudget { get; } = new("--time-budget") { Description = "Seconds that a model may take.", DefaultValueFactory = _ => 120 };

    public Option<double> MaxAccuracyDrop { get; } = new("--max-accuracy-drop") { Description = "The largest accuracy drop that still counts as right.", DefaultValueFactory = _ => 0.01 };

    public Option<double> MinSpeedup { get; } = new("--min-speedup") { Description = "The speed-up that the interval must lie beyond.", DefaultValueFactory = _ => 1.05 };

    public Option<string?> Json { get; } = new("--json") { Description = "Writes the figures as json to this file; '-' prints them instead of the table." };

    public CommonOptions()
    {
        Input.Validators.Add(result => Require(InputShapes.Parse(result.GetValueOrDefault<string[]>() ?? []) is not null, result, "--input takes NAME=1,3,224,224."));
        Threads.Validators.Add(result => Require(result.GetValueOrDefault<int>() >= 0, result, "--threads takes 0 or more."));
        Batch.Validators.Add(result => Require(result.GetValueOrDefault<int>() > 0, result, "--batch takes 1 or more."));
        TimeBudget.Validators.Add(result => Require(result.GetValueOrDefault<double>() > 0, result, "--time-budget takes a number of seconds above 0."));
        MinSpeedup.Validators.Add(result => Require(result.GetValueOrDefault<double>() > 0, result, "--min-speedup takes a number above 0."));
        MaxAccuracyDrop.Validators.Add(result => Require(result.GetValueOrDefault<double>() >= 0, result, "--max-accuracy-drop takes 0 or more."));
    }

    public IEnumerable<Option> All => [Calibration, Preprocessing, Labels, Input, Threads, Batch, TimeBudget, MaxAccuracyDrop, MinSpeedup, Json];

    public ImmutableArray<string> Data(ParseResult parsed) => [.. parsed.GetValue(Calibration)!.Select(Path.GetFullPath)];

    public string? LabelSource(ParseResult parsed) => parsed.GetValue(Labels) is { } labels && File.Exists(labels) ? Path.GetFullPath(labels) : parsed.GetValue(Labels);

    public ImmutableDictionary<string, ImmutableArray<long>> Shapes(ParseResult parsed) => InputShapes.Parse(parsed.GetValue(Input)!)!;

    private static void Require(bool condition, OptionResult result, string message)
    {
        if (!condition)
            result.AddError(message);
    }
}
