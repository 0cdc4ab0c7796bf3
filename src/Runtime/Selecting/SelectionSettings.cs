using System.Collections.Immutable;

namespace Octet.Runtime;

/// <summary>What decides how a variant is selected, apart from the model itself.</summary>
internal sealed record SelectionSettings
{
    /// <summary>Which variant to take unmeasured: <c>int8</c> for every model, or <c>direction=int8;other=float</c>.</summary>
    public const string PinVariable = "OCTET_VARIANT";

    /// <summary><c>0</c> or <c>false</c> switches measuring off, anything else on.</summary>
    public const string MeasureVariable = "OCTET_STARTUP_BENCHMARK";

    /// <summary>The same as an application's own setting, in its runtimeconfig.json; the environment wins.</summary>
    public const string MeasureSwitch = "Octet.StartupBenchmark";

    /// <summary>The text of <see cref="PinVariable"/>.</summary>
    public string? Pin { get; init; }

    /// <summary>Whether variants are measured; otherwise the build's choice holds.</summary>
    public bool Measure { get; init; } = true;

    /// <summary>The time for measuring one model, without loading its variants.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where verdicts are kept; null for nowhere.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>Measures runs, the baseline first.</summary>
    public Func<IReadOnlyList<Action>, TimingOptions, ImmutableArray<TimingResult>> Timing { get; init; } =
        static (runs, options) => InterleavedTiming.Measure(runs, options);

    /// <summary>Why the operators of <see cref="QuantizedOperators"/> cannot be registered; null where they can.</summary>
    public Func<string?> OperatorsFault { get; init; } = QuantizedOperators.FindFault;

    /// <summary>The settings of this process.</summary>
    public static SelectionSettings Current => new()
    {
        Pin = Environment.GetEnvironmentVariable(PinVariable),
        Measure = Environment.GetEnvironmentVariable(MeasureVariable) is { Length: > 0 } text
            ? IsOn(text)
            : !AppContext.TryGetSwitch(MeasureSwitch, out bool isOn) || isOn,
        CacheFolder = UserCacheFolder.Find() is string folder ? Path.Combine(folder, "selections") : null,
    };

    /// <summary>The variant pinned for a model, null for none; an entry with the model's name goes before one without any.</summary>
    public string? PinnedVariant(string model)
    {
        string? general = null;
        foreach (string entry in (Pin ?? "").Split(';'))
        {
            int equals = entry.IndexOf('=');
            string variant = entry.Substring(equals + 1).Trim();
            if (variant.Length == 0)
                continue;
            if (equals < 0)
                general ??= variant;
            else if (string.Equals(entry.Substring(0, equals).Trim(), model, StringComparison.OrdinalIgnoreCase))
                return variant;
        }
        return general;
    }

    private static bool IsOn(string text) =>
        text.Trim() is not "0" && !string.Equals(text.Trim(), "false", StringComparison.OrdinalIgnoreCase);
}
