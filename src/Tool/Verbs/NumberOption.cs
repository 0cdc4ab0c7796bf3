using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Octet.Tool.Verbs;

/// <summary>Options that take a number within limits. What is no such number is bad usage, said in one line with what is accepted.</summary>
internal static class NumberOption
{
    /// <summary>A whole number.</summary>
    public static Option<int> Whole(string name, string description, int least, int standard) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => standard,
        CustomParser = result => int.TryParse(Text(result), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= least
            ? number
            : Refuse(result, standard, $"{name} takes a whole number, {least} or more; '{Text(result)}' is none."),
    };

    /// <summary>Whole numbers, separated by commas or semicolons.</summary>
    public static Option<ImmutableArray<int>> Wholes(string name, string description, int least, int standard) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => [standard],
        CustomParser = result =>
        {
            string[] parts = Text(result).Split([',', ';'], StringSplitOptions.TrimEntries);
            ImmutableArray<int> numbers = [.. parts.Select(part => int.TryParse(part, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= least ? number : -1)];
            return numbers.Contains(-1) ? Refuse<ImmutableArray<int>>(result, [standard], $"{name} takes a whole number, {least} or more, or several separated by commas; '{Text(result)}' is none.") : numbers;
        },
    };

    /// <summary>A number, with a point where it has decimals.</summary>
    public static Option<double> Real(string name, string description, Func<double, bool> accepts, string accepted, double standard) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => standard,
        CustomParser = result => double.TryParse(Text(result), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) && accepts(number)
            ? number
            : Refuse(result, standard, $"{name} takes a number {accepted}; '{Text(result)}' is none."),
    };

    private static string Text(ArgumentResult result) => result.Tokens.Count == 0 ? "" : result.Tokens[^1].Value;

    private static T Refuse<T>(ArgumentResult result, T standard, string message)
    {
        result.AddError(message);
        return standard;
    }
}
