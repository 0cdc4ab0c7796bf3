using System.Collections.Immutable;
using System.Globalization;
using Octet.Quantization.Diagnostics;

namespace Octet.Tool.Build;

/// <summary>What the MSBuild targets ask for: the content of octet.rsp.</summary>
internal sealed record BuildPlan(ImmutableDictionary<string, string> Options, ImmutableArray<PlannedModel> Models)
{
    /// <summary>Reads a plan: <c>--key=value</c> a line, everything after the first '=' being the value; what follows a <c>--model</c> belongs to it.</summary>
    /// <exception cref="DiagnosticException">OCT5005.</exception>
    public static BuildPlan Read(string path)
    {
        try
        {
            return Parse(File.ReadAllLines(path), path);
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
        Dictionary<string, string> global = new(StringComparer.Ordinal);
        List<List<(string Key, string Value)>> models = [];
        foreach (string line in lines.Where(line => line.Length > 0))
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (!line.StartsWith("--", StringComparison.Ordinal) || equals < 0)
                throw DiagnosticCatalog.Exception("OCT5005", path, $"the line '{line}' is not of the form --key=value");
            (string key, string value) = (line[2..equals], line[(equals + 1)..]);
            if (key == "model")
                models.Add([]);
            if (models.Count == 0)
                global[key] = value;
            else
                models[^1].Add((key, value));
        }
        return new BuildPlan(global.ToImmutableDictionary(StringComparer.Ordinal), [.. models.Select(options => new PlannedModel(options.ToLookup(option => option.Key, option => option.Value), path))]);
    }

    /// <summary>A global option; empty where the plan does not have it.</summary>
    public string Option(string key) => Options.GetValueOrDefault(key, "");

    /// <summary>A global switch.</summary>
    public bool Switch(string key) => Option(key).Equals("true", StringComparison.OrdinalIgnoreCase);
}

/// <summary>One model of a plan.</summary>
internal sealed record PlannedModel(ILookup<string, string> Options, string PlanPath)
{
    /// <summary>A model's option; empty where the plan does not have it.</summary>
    public string Option(string key) => Options[key].LastOrDefault() ?? "";

    /// <summary>All values of an option, in the plan's order.</summary>
    public ImmutableArray<string> All(string key) => [.. Options[key]];

    /// <summary>A number, or the default where the plan leaves it out.</summary>
    /// <exception cref="DiagnosticException">OCT5005: not a number.</exception>
    public double Number(string key, double defaultValue)
    {
        string text = Option(key);
        if (text.Length == 0)
            return defaultValue;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number
            : throw DiagnosticCatalog.Exception("OCT5005", PlanPath, $"--{key}={text} is not a number");
    }
}
