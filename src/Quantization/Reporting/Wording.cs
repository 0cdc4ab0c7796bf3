using System.Globalization;
using System.Text;
using Octet.Runtime;

namespace Octet.Quantization.Reporting;

/// <summary>The phrases that the renderings share, so that all of them say the same.</summary>
internal sealed class Wording(Format format)
{
    /// <summary>Why accuracy may be called unverified, in a sentence.</summary>
    public const string UnverifiedNote =
        "Unverified: there were no real inputs, so accuracy was measured on made-up ones. Set CalibrationData= on the item to measure it on yours.";

    public static bool IsBaseline(VariantReport variant) => variant.Verdict == "baseline";

    /// <summary>Whether the variant was tried and will not ship.</summary>
    public static bool IsLost(VariantReport variant) => variant.Verdict is "slower" or "inaccurate" or "failed";

    public static bool IsUnverified(VariantReport variant) => variant.Accuracy is { Verified: false };

    public static VariantReport? Baseline(ModelReport model) => model.Variants.FirstOrDefault(IsBaseline);

    public static VariantReport? Selected(ModelReport model) => model.Variants.FirstOrDefault(variant => variant.Name == model.Selected);

    /// <summary>What was chosen: "int8 is selected" or "stays float".</summary>
    public static string Choice(ModelReport model) => Selected(model) switch
    {
        _ when model.Selected.Length == 0 => "nothing is selected",
        { } variant when IsBaseline(variant) => "stays float",
        null when model.Selected == "float" => "stays float",
        _ => $"{OneLine(model.Selected)} is selected",
    };

    /// <summary>The same as a sentence of its own; a variant's name keeps its case.</summary>
    public static string ChoiceSentence(ModelReport model)
    {
        string choice = Choice(model);
        return choice.EndsWith(" is selected", StringComparison.Ordinal) ? choice + "." : Sentence(choice);
    }

    /// <summary>Why, as a sentence; made from the figures where the report has no words.</summary>
    public string ChoiceReason(ModelReport model)
    {
        if (Sentence(model.Reason) is { Length: > 0 } reason)
            return reason;
        if (Selected(model) is not { } selected || IsBaseline(selected))
            return model.Variants.Count(IsLost) is var lost and > 0 ? $"None of {Format.Count(lost, "variant")} is both faster and right." : "There is no other variant.";
        return Sentence($"{format.Ratio(selected.Speedup)} as fast as float, {Accuracy(selected)}");
    }

    /// <summary>What became of a lost variant: "is slower", "failed".</summary>
    public static string Loss(VariantReport variant) => variant.Verdict == "failed" ? "failed" : $"is {variant.Verdict}";

    /// <summary>The verdict's reason as a sentence.</summary>
    public static string VerdictReason(VariantReport variant) =>
        Sentence(variant.Reason) is { Length: > 0 } reason ? reason : "No reason was given.";

    /// <summary>1.59x (1.54-1.63)</summary>
    public string Speedup(VariantReport variant)
    {
        string ratio = format.Ratio(variant.Speedup);
        string interval = IsBaseline(variant) || ratio == format.None ? "" : format.RatioInterval(variant.SpeedupLow, variant.SpeedupHigh);
        return interval.Length == 0 ? ratio : $"{ratio} ({interval})";
    }

    /// <summary>The figure, its metric and what it was measured on: "top1 98.3 % -> 98.1 % on 60", "31.2 dB on 40".</summary>
    public string Accuracy(VariantReport variant)
    {
        if (variant.Accuracy is not { } accuracy)
            return IsBaseline(variant) ? "reference" : format.None;
        if (IsBaseline(variant) && accuracy.Metric != "top1")
            return "reference";
        string samples = accuracy.Samples > 0 ? string.Create(CultureInfo.InvariantCulture, $" on {accuracy.Samples}") : "";
        return AccuracyFigure(variant) + samples + (accuracy.Verified ? "" : ", unverified");
    }

    /// <summary>The same without what it was measured on.</summary>
    public string AccuracyFigure(VariantReport variant)
    {
        if (variant.Accuracy is not { } accuracy)
            return format.None;
        return accuracy.Metric switch
        {
            "sqnr-db" => format.Decibels(accuracy.Value),
            "top1" when !IsBaseline(variant) && accuracy.Float is { } before && double.IsFinite(before) =>
                $"top1 {format.Percent(before)} {format.Arrow} {format.Percent(accuracy.Value)}",
            "top1" => $"top1 {format.Percent(accuracy.Value)}",
            "agreement" => $"agreement {format.Percent(accuracy.Value)}",
            string other => $"{OneLine(other)} {(double.IsFinite(accuracy.Value) ? Format.Fixed(accuracy.Value, 3) : format.None)}",
        };
    }

    /// <summary>Compute nodes in integer kernels out of all of them; empty where the model has none.</summary>
    public static string Coverage(VariantReport variant)
    {
        long all = (long)variant.IntegerNodes + variant.FloatComputeNodes;
        return all == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{variant.IntegerNodes}/{all}");
    }

    /// <summary>53/54, 2 conversions</summary>
    public string CoverageAndConversions(VariantReport variant)
    {
        string coverage = Coverage(variant);
        if (IsBaseline(variant) || coverage.Length == 0)
            return format.None;
        return variant.ConversionNodes == 0 ? coverage : $"{coverage}, {Format.Count(variant.ConversionNodes, "conversion")}";
    }

    /// <summary>"1 thread, batch 1"; several conditions separated by semicolons</summary>
    public static string Conditions(ModelReport model)
    {
        if (Baseline(model) is { Conditions: { Length: > 1 } conditions })
            return string.Join("; ", conditions.Select(Condition));
        string threads = model.Threads > 0 ? Format.Count(model.Threads, "thread") : "default threads";
        return model.BatchSize > 0 ? string.Create(CultureInfo.InvariantCulture, $"{threads}, batch {model.BatchSize}") : threads;
    }

    /// <summary>"1 thread, batch 1"</summary>
    public static string Condition(ConditionFigures condition) => new MeasuringCondition(condition.Threads, condition.BatchSize).ToString();

    /// <summary>1.40 ms, 1.59x (1.54-1.63)</summary>
    public string Condition(VariantReport variant, ConditionFigures figures)
    {
        string median = format.Duration(figures.MedianMilliseconds);
        return IsBaseline(variant) ? median : $"{median}, {format.Ratio(figures.Speedup)} ({format.RatioInterval(figures.SpeedupLow, figures.SpeedupHigh)})";
    }

    /// <summary>Whether the threads, left open, made a difference for the variant that runs; empty where they did not.</summary>
    public static string ThreadsNote(ModelReport model) => (Selected(model) ?? Baseline(model)) is { RecommendedThreads: { } threads } variant
        ? $"{OneLine(variant.Name)} runs faster on {Format.Count(threads, "thread")} than on ONNX Runtime's own choice: CreateSession() without options uses {(threads == 1 ? "one" : "so many")}."
        : "";

    /// <summary>The same for all models; where they differ, each with the models that it holds for.</summary>
    public static string Conditions(QuantizationReport report)
    {
        List<IGrouping<string, ModelReport>> groups = [.. report.Models.GroupBy(Conditions)];
        return groups.Count == 1
            ? groups[0].Key
            : string.Join("; ", groups.Select(group => $"{group.Key} ({string.Join(", ", group.Select(model => OneLine(model.Name)))})"));
    }

    /// <summary>Where it was measured: processor, cores, system, ONNX Runtime.</summary>
    public static string Machine(QuantizationReport report)
    {
        string[] parts =
        [
            report.Machine.Cpu,
            report.Machine.Cores > 0 ? Format.Count(report.Machine.Cores, "core") : "",
            report.Machine.Os,
            report.Machine.OnnxRuntime.Length > 0 ? $"ONNX Runtime {report.Machine.OnnxRuntime}" : "",
        ];
        return OneLine(string.Join(", ", parts.Where(part => !string.IsNullOrWhiteSpace(part))));
    }

    /// <summary>A text from outside on one line: no line ends, no control characters.</summary>
    public static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            bool space = char.IsWhiteSpace(c) || char.IsControl(c);
            if (!space)
                line.Append(c);
            else if (line.Length > 0 && line[^1] != ' ')
                line.Append(' ');
        }
        return line.ToString().TrimEnd();
    }

    private static string Sentence(string text)
    {
        string line = OneLine(text);
        if (line.Length == 0)
            return "";
        string start = char.IsAsciiLetterLower(line[0]) && !StartsWithName(line) ? char.ToUpperInvariant(line[0]) + line[1..] : line;
        return start[^1] is '.' or '!' or '?' ? start : start + ".";
    }

    /// <summary>int8, top1: what holds a digit is a name and keeps its case.</summary>
    private static bool StartsWithName(string line) => line.TakeWhile(c => c != ' ').Any(char.IsAsciiDigit);
}
