using System.Globalization;
using Microsoft.Build.Framework;

namespace Octet.Tasks;

/// <summary>
/// Reads what the user set: metadata of the item where it has any, else the property of the same name with the prefix
/// QuantizeModels. A value that is not accepted gives OCT1003 under the name that the user wrote.
/// </summary>
/// <param name="options">The properties, as items named after them with metadata Value.</param>
/// <param name="diagnostics">Where OCT1003 goes; a property's is given once, however many models read it.</param>
internal sealed class Settings(IEnumerable<ITaskItem> options, TaskDiagnostics diagnostics)
{
    /// <summary>What begins every public property.</summary>
    public const string Prefix = "QuantizeModels";

    private readonly Dictionary<string, string> _properties =
        options.ToDictionary(option => option.ItemSpec, option => option.GetMetadata("Value").Trim(), StringComparer.OrdinalIgnoreCase);

    private readonly HashSet<string> _reported = new(StringComparer.Ordinal);

    /// <summary>Whether every value so far was accepted.</summary>
    public bool AreValid => _reported.Count == 0;

    /// <summary>Any text.</summary>
    public string Text(string name, ITaskItem? item = null) => Find(name, item).Value;

    /// <summary>A number in a range, as the user wrote it.</summary>
    public string Number(string name, double minimum, double maximum, string accepted, ITaskItem? item = null) => Check(name, item, accepted, value =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number >= minimum && number <= maximum ? value : null);

    /// <summary>A whole number that is not below a minimum.</summary>
    public string Count(string name, int minimum, ITaskItem? item = null) => Check(name, item, $"a whole number, {minimum} or more", value =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= minimum ? value : null);

    /// <summary>Whole numbers that are not below a minimum, separated by ';', each once.</summary>
    public string Counts(string name, int minimum, ITaskItem? item = null) => Check(name, item, $"a whole number, {minimum} or more, or several separated by ';'", value =>
        Split(value) is { Length: > 0 } parts && parts.All(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= minimum)
            ? string.Join(";", parts.Distinct())
            : null);

    /// <summary>True or false.</summary>
    public string Switch(string name, ITaskItem? item = null) => Check(name, item, "true or false", value =>
        bool.TryParse(value, out bool on) ? (on ? "true" : "false") : null);

    /// <summary>One of a few words, in the spelling given here.</summary>
    public string Choice(string name, IReadOnlyList<string> words, ITaskItem? item = null) => Check(name, item, $"one of {string.Join(", ", words)}", value =>
        words.FirstOrDefault(word => word.Equals(value, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Some of a few words, separated by ';'. May be empty.</summary>
    public string Choices(string name, IReadOnlyList<string> words, ITaskItem? item = null)
    {
        (string _, string value) = Find(name, item);
        string[] chosen = Split(value);
        return chosen.Length == 0 ? "" : Check(name, item, $"a ';' list of {string.Join(", ", words)}", _ =>
        {
            string?[] known = [.. chosen.Select(one => words.FirstOrDefault(word => word.Equals(one, StringComparison.OrdinalIgnoreCase)))];
            return known.Contains(null) ? null : string.Join(";", known.Distinct());
        });
    }

    /// <summary>The parts of a ';' list, trimmed, without empty ones.</summary>
    public static string[] Split(string list) => [.. list.Split(';').Select(part => part.Trim()).Where(part => part.Length > 0)];

    /// <summary>Gives OCT1003 for a value that was found wrong elsewhere.</summary>
    public void Reject(string name, string value, string accepted)
    {
        if (_reported.Add(name))
            diagnostics.Error("OCT1003", name, value, accepted);
    }

    private string Check(string name, ITaskItem? item, string accepted, Func<string, string?> normalize)
    {
        (string fullName, string value) = Find(name, item);
        if (normalize(value) is { } accepts)
            return accepts;
        Reject(fullName, value, accepted);
        return "";
    }

    private (string FullName, string Value) Find(string name, ITaskItem? item)
    {
        string metadata = item?.GetMetadata(name).Trim() ?? "";
        return metadata.Length > 0
            ? ($"{name} of '{item!.ItemSpec}'", metadata)
            : (Prefix + name, _properties.TryGetValue(Prefix + name, out string? value) ? value : "");
    }
}
