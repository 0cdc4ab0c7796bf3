using System.Globalization;
using System.Text;

namespace Octet.Runtime;

/// <summary>A selection as text of fixed-width columns.</summary>
internal static class SelectionTable
{
    private static readonly string[] Headers = ["", "variant", "median", "speed-up (95 %)", "SQNR", "built: median", "speed-up", "SQNR", "state"];

    /// <summary>Columns of words begin at the left, those of figures end at the right.</summary>
    private static readonly bool[] IsText = [true, true, false, false, false, false, false, false, true];

    public static string Render(Selection selection)
    {
        var text = new StringBuilder();
        text.Append(selection.Model).Append(": ").Append(selection.Variant).Append(". ").Append(selection.Reason);
        if (selection.RecommendedThreads is int threads)
            text.Append(" Sessions without options get ").Append(threads).Append(threads == 1 ? " thread." : " threads.");
        if (selection.FromCache)
            text.Append(" (From an earlier start.)");
        if (selection.Candidates.IsEmpty)
            return text.ToString();

        string[][] rows = [Headers, .. selection.Candidates.Select(candidate => Cells(candidate, candidate.Variant == selection.Variant))];
        int[] widths = [.. Headers.Select((_, column) => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
        {
            string line = string.Join("  ", row.Select((cell, column) => IsText[column] ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])));
            text.Append('\n').Append(line.TrimEnd());
        }
        return text.ToString();
    }

    private static string[] Cells(SelectionCandidate candidate, bool isChosen) =>
    [
        isChosen ? "*" : "",
        candidate.Variant,
        Milliseconds(candidate.MedianMilliseconds),
        Speedup(candidate),
        Decibels(candidate.SqnrDb),
        Milliseconds(candidate.BuildMedianMilliseconds),
        Ratio(candidate.BuildSpeedup),
        Decibels(candidate.BuildSqnrDb),
        candidate.Reason.Length == 0 ? State(candidate.State) : $"{State(candidate.State)}: {candidate.Reason}",
    ];

    private static string Speedup(SelectionCandidate candidate) => candidate switch
    {
        { Speedup: null } => "-",
        { Variant: ModelManifest.FloatVariant } => Ratio(candidate.Speedup),
        _ => $"{Ratio(candidate.Speedup)} ({Ratio(candidate.SpeedupLow)} to {Ratio(candidate.SpeedupHigh)})",
    };

    private static string Milliseconds(double? value) => value is > 0 ? value.Value.ToString("0.000", CultureInfo.InvariantCulture) + " ms" : "-";

    private static string Ratio(double? value) => value is not null and not 0 ? value.Value.ToString("0.00", CultureInfo.InvariantCulture) : "-";

    private static string Decibels(double? value) => value is double db ? db.ToString("0.0", CultureInfo.InvariantCulture) + " dB" : "-";

    private static string State(CandidateState state) => state switch
    {
        CandidateState.Measured => "measured",
        CandidateState.NotMeasured => "not measured",
        CandidateState.NotShipped => "not shipped",
        CandidateState.Missing => "missing",
        CandidateState.Damaged => "damaged",
        CandidateState.Failed => "failed",
        _ => "disagrees",
    };
}
