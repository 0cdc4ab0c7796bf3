using System.Globalization;

namespace Octet.Quantization.Reporting;

/// <summary>Numbers with their units, the same in every rendering, in the invariant culture.</summary>
internal sealed class Format
{
    /// <summary>ASCII only: a console or a log file may be in any encoding.</summary>
    public static readonly Format Plain = new() { Micro = "us", Times = "x", Arrow = "->", To = "-", None = "-" };

    /// <summary>For Markdown and HTML, which are UTF-8.</summary>
    public static readonly Format Typographic = new() { Micro = "µs", Times = "×", Arrow = "→", To = "–", None = "–" };

    /// <summary>Stands between a figure before and a figure after.</summary>
    public required string Arrow { get; init; }

    /// <summary>Stands where there is no figure.</summary>
    public required string None { get; init; }

    private string Micro { get; init; } = "";

    private string Times { get; init; } = "";

    private string To { get; init; } = "";

    /// <summary>The unit in which all of a column's durations read well: that of the shortest.</summary>
    /// <param name="milliseconds">The column; what is not a positive finite number does not count.</param>
    public DurationUnit UnitFor(IEnumerable<double> milliseconds)
    {
        double shortest = milliseconds.Where(IsMeasured).DefaultIfEmpty(1).Min();
        (string name, double perMillisecond) = shortest switch
        {
            < 0.9995 => (Micro, 1000.0),
            < 999.5 => ("ms", 1.0),
            _ => ("s", 0.001),
        };
        return new DurationUnit(name, perMillisecond, DecimalsFor(shortest * perMillisecond));
    }

    /// <summary>A duration in its own unit, to three digits.</summary>
    public string Duration(double milliseconds) => Duration(milliseconds, UnitFor([milliseconds]));

    /// <summary>A duration in the unit of its column.</summary>
    public string Duration(double milliseconds, DurationUnit unit) =>
        IsMeasured(milliseconds) ? $"{Fixed(milliseconds * unit.PerMillisecond, unit.Decimals)} {unit.Name}" : None;

    /// <summary>A file's size; 1 KB is 1024 bytes.</summary>
    public string Size(long bytes) => bytes switch
    {
        <= 0 => None,
        < 1024 => Invariant($"{bytes} B"),
        < 1024 * 1000 => WithUnit(bytes / 1024.0, "KB"),
        < 1024 * 1024 * 1000 => WithUnit(bytes / (1024.0 * 1024), "MB"),
        _ => WithUnit(bytes / (1024.0 * 1024 * 1024), "GB"),
    };

    /// <summary>A ratio of durations: 1.59x.</summary>
    public string Ratio(double ratio) => IsMeasured(ratio) ? RatioDigits(ratio) + Times : None;

    /// <summary>An interval of ratios without its unit: 1.54-1.63. Empty where it is not known.</summary>
    public string RatioInterval(double low, double high) => IsMeasured(low) && IsMeasured(high) ? RatioDigits(low) + To + RatioDigits(high) : "";

    /// <summary>A share of one as a percentage, to one decimal.</summary>
    public string Percent(double share) => double.IsFinite(share) ? Fixed(share * 100, 1) + " %" : None;

    /// <summary>A signal-to-noise ratio; the measurement's ends (200 dB and -200 dB) in words.</summary>
    public string Decibels(double decibels) => decibels switch
    {
        double.NaN => None,
        >= 200 => "exact",
        <= -200 => "not finite",
        _ => Fixed(decibels, 1) + " dB",
    };

    /// <summary>A count with its noun: 1 node, 2 nodes.</summary>
    public static string Count(int count, string noun) => Invariant($"{count} {noun}{(count == 1 ? "" : "s")}");

    /// <summary>A number with so many decimals; one that would fill a line becomes a power of ten.</summary>
    public static string Fixed(double value, int decimals) =>
        value.ToString(Math.Abs(value) < 1e12 ? "F" + decimals.ToString(CultureInfo.InvariantCulture) : "0.##E+0", CultureInfo.InvariantCulture);

    /// <summary>Whether a duration, a ratio or an error was measured at all.</summary>
    public static bool IsMeasured(double value) => double.IsFinite(value) && value > 0;

    private static string WithUnit(double value, string unit) => $"{Fixed(value, DecimalsFor(value))} {unit}";

    private static string RatioDigits(double ratio) => Fixed(ratio, ratio switch
    {
        < 0.095 => 3,
        < 9.995 => 2,
        < 99.95 => 1,
        _ => 0,
    });

    /// <summary>Decimals that make three digits of a value of at least 1.</summary>
    private static int DecimalsFor(double value) => value switch
    {
        < 9.995 => 2,
        < 99.95 => 1,
        _ => 0,
    };

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}

/// <summary>A unit for a column of durations.</summary>
/// <param name="Name">us, ms or s.</param>
/// <param name="PerMillisecond">How many of it make a millisecond.</param>
/// <param name="Decimals">The same for the whole column, so that its points stand below each other.</param>
internal readonly record struct DurationUnit(string Name, double PerMillisecond, int Decimals);
