using System.Collections.Immutable;
using System.Globalization;
using Octet.Quantization.Diagnostics;

namespace Octet.Tool.Build;

/// <summary>What the MSBuild targets ask for: the content of octet.rsp.</summary>
internal sealed record BuildPlan(PlanOptions Options, ImmutableArray<PlanOptions> Models)
{
    /// <summary>Reads a plan: <c>--key=value</c> a line, everything after the first '=' being the value; what follows a <c>--model</c> belongs to it.</summary>
    /// <exception cref="DiagnosticException">OCT5005.</exception>
    public static BuildPlan Read(string path)
    {
        try
        {
            return Parse(File.ReadAllLines(path), path);
        }
        catch (FileNotFoundException)
        {
            throw DiagnosticCatalog.Exception("OCT5005", path, "the file does not exist");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiagnosticCatalog.Exception("OCT5005", path, exception.Message.TrimEnd('.'));
        }
    }

    /// <summary>Parses a plan's lines.</summary>
    /// <exception cref="DiagnosticException">OCT5005.</exception>
    public static BuildPlan Parse(IEnumerable<string> lines, string path)
    {
        List<(string Key, string Value)> global = [];
        List<List<(string Key, string Value)>> models = [];
        int number = 0;
        foreach (string line in lines)
        {
            number++;
            if (line.Length == 0)
                continue;
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (!line.StartsWith("--", StringComparison.Ordinal) || equals < 0)
                throw DiagnosticCatalog.Exception("OCT5005", path, $"line {number}, '{line}', is not of the form --key=value");
            (string key, string value) = (line[2..equals], line[(equals + 1)..]);
            if (key == "model")
                models.Add([]);
            (models.Count == 0 ? global : models[^1]).Add((key, value));
        }
        return new BuildPlan(new PlanOptions(global, path), [.. models.Select(options => new PlanOptions(options, path))]);
    }
}

/// <summary>The options of a plan, or of one of its models.</summary>
/// <param name="options">Keys and values in the plan's order.</param>
/// <param name="planPath">The plan's file, for messages.</param>
internal sealed class PlanOptions(IEnumerable<(string Key, string Value)> options, string planPath)
{
    private readonly ILookup<string, string> _options = options.ToLookup(option => option.Key, option => option.Value, StringComparer.Ordinal);

    /// <summary>An option; empty where the plan does not have it.</summary>
    public string Text(string key) => _options[key].LastOrDefault() ?? "";

    /// <summary>An option that the plan must have.</summary>
    /// <exception cref="DiagnosticException">OCT5005: it has not.</exception>
    public string Required(string key) => Text(key) is { Length: > 0 } text ? text : throw Unreadable($"--{key} is missing");

    /// <summary>All values of an option, in the plan's order.</summary>
    public ImmutableArray<string> All(string key) => [.. _options[key]];

    /// <summary>The parts of an option between semicolons.</summary>
    public string[] List(string key) => Text(key).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>A switch; off where the plan does not have it.</summary>
    public bool Switch(string key) => Text(key).Equals("true", StringComparison.OrdinalIgnoreCase);

    /// <summary>A number within limits, or the default where the plan leaves it out.</summary>
    /// <exception cref="DiagnosticException">OCT5005: it is none.</exception>
    public double Number(string key, double standard, double least, double most)
    {
        string text = Text(key);
        if (text.Length == 0)
            return standard;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most
            ? number
            : throw Unreadable($"--{key}={text} is not a number from {least.ToString(CultureInfo.InvariantCulture)} to {most.ToString(CultureInfo.InvariantCulture)}");
    }

    /// <summary>A whole number within limits, or the default where the plan leaves it out.</summary>
    /// <exception cref="DiagnosticException">OCT5005: it is none.</exception>
    public int Whole(string key, int standard, int least) =>
        Number(key, standard, least, int.MaxValue) is var number && number == Math.Floor(number) ? (int)number : throw Unreadable($"--{key}={Text(key)} is not a whole number");

    /// <summary>Whole numbers between semicolons, or the default where the plan leaves them out.</summary>
    /// <exception cref="DiagnosticException">OCT5005: one is none.</exception>
    public ImmutableArray<int> Wholes(string key, int standard, int least) => List(key) is { Length: > 0 } parts
        ? [.. parts.Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least ? number : throw Unreadable($"--{key}={Text(key)} does not hold whole numbers, {least} or more"))]
        : [standard];

    /// <summary>OCT5005.</summary>
    public DiagnosticException Unreadable(string reason) => DiagnosticCatalog.Exception("OCT5005", planPath, reason);
}
