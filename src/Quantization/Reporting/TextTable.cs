namespace Octet.Quantization.Reporting;

/// <summary>A column of a plain-text table.</summary>
/// <param name="Header">Its heading.</param>
/// <param name="AlignRight">For numbers.</param>
/// <param name="Minimum">How narrow it may become where the table would be too wide; no narrower than its content otherwise.</param>
internal sealed record TextColumn(string Header, bool AlignRight = false, int Minimum = int.MaxValue);

/// <summary>Lays out plain text: tables with aligned columns, and wrapped paragraphs.</summary>
internal static class TextTable
{
    private const string Gap = "  ";
    private const string Ellipsis = "...";

    /// <summary>A heading, a rule and a line a row, none longer than <paramref name="width"/> where the columns' minima allow it.</summary>
    public static IEnumerable<string> Render(IReadOnlyList<TextColumn> columns, IReadOnlyList<string[]> rows, int width)
    {
        int[] widths = Fit(columns, rows, width);
        yield return Line(columns, widths, [.. columns.Select(column => column.Header)]);
        yield return string.Join(Gap, widths.Select(w => new string('-', w)));
        foreach (string[] row in rows)
            yield return Line(columns, widths, row);
    }

    /// <summary>Breaks a text at spaces; lines after the first begin with <paramref name="indent"/>. What does not fit into the lines allowed is cut.</summary>
    public static IEnumerable<string> Wrap(string text, int width, string indent, int maximumLines)
    {
        string rest = text;
        string prefix = "";
        for (int line = 1; rest.Length > 0; line++)
        {
            int room = width - prefix.Length;
            if (rest.Length <= room || line == maximumLines)
            {
                yield return prefix + Cut(rest, room);
                yield break;
            }
            int space = rest.LastIndexOf(' ', room);
            int end = space > 0 ? space : WithoutHalfCharacter(rest, room);
            yield return prefix + rest[..end].TrimEnd();
            rest = rest[end..].TrimStart();
            prefix = indent;
        }
    }

    /// <summary>A text of at most <paramref name="width"/> characters, which shows where it was cut.</summary>
    public static string Cut(string text, int width) =>
        text.Length <= width ? text : text[..WithoutHalfCharacter(text, width - Ellipsis.Length)].TrimEnd() + Ellipsis;

    private static int[] Fit(IReadOnlyList<TextColumn> columns, IReadOnlyList<string[]> rows, int width)
    {
        int[] widths = [.. columns.Select((column, i) => rows.Select(row => row[i].Length).Append(column.Header.Length).Max())];
        int excess = widths.Sum() + Gap.Length * (columns.Count - 1) - width;
        for (; excess > 0; excess--)
        {
            // The column with the most to give gives.
            int giver = Enumerable.Range(0, columns.Count).MaxBy(i => widths[i] - (long)columns[i].Minimum);
            if (widths[giver] <= columns[giver].Minimum)
                break;
            widths[giver]--;
        }
        return widths;
    }

    private static string Line(IReadOnlyList<TextColumn> columns, int[] widths, string[] cells)
    {
        IEnumerable<string> padded = cells.Select((cell, i) =>
            columns[i].AlignRight ? Cut(cell, widths[i]).PadLeft(widths[i]) : Cut(cell, widths[i]).PadRight(widths[i]));
        return string.Join(Gap, padded).TrimEnd();
    }

    private static int WithoutHalfCharacter(string text, int length) => length > 0 && char.IsHighSurrogate(text[length - 1]) ? length - 1 : length;
}
