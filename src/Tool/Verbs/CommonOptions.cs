using System.Collections.Immutable;
using System.CommandLine;

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

    public Option<int> Threads { get; } = NumberOption.Whole("--threads", "Intra-operator threads to measure with; 0 is ONNX Runtime's own choice.", least: 0, standard: 0);

    public Option<int> Batch { get; } = NumberOption.Whole("--batch", "Extent of a dynamic batch dimension.", least: 1, standard: 1);

    public Option<double> TimeBudget { get; } = NumberOption.Real("--time-budget", "Seconds that a model may take.", number => number is > 0 and <= 1e6, "of seconds, above 0 and up to 1000000", 120);

    public Option<double> MaxAccuracyDrop { get; } = NumberOption.Real("--max-accuracy-drop", "The largest accuracy drop that still counts as right.", number => number >= 0, "from 0 on", 0.01);

    public Option<double> MinSpeedup { get; } = NumberOption.Real("--min-speedup", "The speed-up that the interval must lie beyond.", number => number > 0, "above 0", 1.05);

    public Option<string?> Json { get; } = new("--json") { Description = "Writes the figures as json to this file; '-' prints them instead of the table." };

    public CommonOptions()
    {
        Input.Validators.Add(result =>
        {
            if (InputShapes.Parse(result.Tokens.Select(token => token.Value)) is null)
                result.AddError($"--input takes NAME=1,3,224,224; '{string.Join(' ', result.Tokens.Select(token => token.Value))}' is not of that form.");
        });
    }

    public IEnumerable<Option> All => [Calibration, Preprocessing, Labels, Input, Threads, Batch, TimeBudget, MaxAccuracyDrop, MinSpeedup, Json];

    public ImmutableArray<string> Data(ParseResult parsed) => [.. parsed.GetValue(Calibration)!.Select(Path.GetFullPath)];

    public string? LabelSource(ParseResult parsed) => parsed.GetValue(Labels) is { } labels && File.Exists(labels) ? Path.GetFullPath(labels) : parsed.GetValue(Labels);

    public ImmutableDictionary<string, ImmutableArray<long>> Shapes(ParseResult parsed) => InputShapes.Parse(parsed.GetValue(Input)!)!;
}
