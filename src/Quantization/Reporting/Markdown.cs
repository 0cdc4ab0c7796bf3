using System.Text;

namespace Octet.Quantization.Reporting;

/// <summary>Texts from outside, made safe for GitHub-flavoured Markdown.</summary>
internal static class Markdown
{
    private const string Special = @"\`*_[]<>|#~&$";

    /// <summary>Plain text on one line, in a paragraph or a table's cell.</summary>
    public static string Text(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in Wording.OneLine(text))
        {
            if (Special.Contains(c, StringComparison.Ordinal))
                escaped.Append('\\');
            escaped.Append(c);
        }
        return escaped.ToString();
    }

    /// <summary>A name as code, in a table's cell, where a bar needs an escape even inside code.</summary>
    public static string CodeCell(string text)
    {
        string line = Wording.OneLine(text);
        if (line.Length == 0)
            return "";
        string fence = Fence(line, 1);
        string padding = line.StartsWith('`') || line.EndsWith('`') ? " " : "";
        return fence + padding + line.Replace("|", @"\|", StringComparison.Ordinal) + padding + fence;
    }

    /// <summary>A block of code.</summary>
    public static string CodeBlock(string language, string text)
    {
        string fence = Fence(text, 3);
        return $"{fence}{language}\n{text}\n{fence}\n";
    }

    /// <summary>A table's line.</summary>
    public static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |\n";

    /// <summary>More backticks than the text has in a row.</summary>
    private static string Fence(string text, int minimum)
    {
        int longest = 0;
        int current = 0;
        foreach (char c in text)
        {
            current = c == '`' ? current + 1 : 0;
            longest = Math.Max(longest, current);
        }
        return new string('`', longest < minimum ? minimum : longest + 1);
    }
}
