namespace Octet.Analyzers;

/// <summary>What the source says of a string: its constant end, and whether anything unknown stands before it.</summary>
/// <param name="Text">The constant end; empty when nothing is known.</param>
/// <param name="IsWhole">True when <paramref name="Text"/> is the entire string.</param>
internal readonly record struct KnownTail(string Text, bool IsWhole)
{
    /// <summary>Nothing is known.</summary>
    public static KnownTail Unknown => new("", false);

    /// <summary>The empty string, to begin a sum with.</summary>
    public static KnownTail Empty => new("", true);

    /// <summary>One separator.</summary>
    public static KnownTail Separator => new("/", true);

    /// <summary>Unknown but for the separator at its end, such as <c>AppContext.BaseDirectory</c>.</summary>
    public static KnownTail SomeFolder => new("/", false);

    public static KnownTail operator +(KnownTail left, KnownTail right) =>
        right.IsWhole ? new KnownTail(left.Text + right.Text, left.IsWhole) : right;

    /// <summary>The two as parts of a path, with one separator between them, as <c>Path.Join</c> puts it.</summary>
    public static KnownTail Join(KnownTail left, KnownTail right)
    {
        if (right == Empty) return left;
        bool separated = left == Empty || EndsWithSeparator(left.Text) || StartsWithSeparator(right);
        return separated ? left + right : left + Separator + right;
    }

    /// <summary>The same as <c>Path.Combine</c> puts it: a rooted part discards what stands before it.</summary>
    public static KnownTail Combine(KnownTail left, KnownTail right) => IsRooted(right) ? right : Join(left, right);

    private static bool IsRooted(KnownTail part) =>
        StartsWithSeparator(part) || (part.IsWhole && part.Text.Length > 1 && part.Text[1] == ':');

    private static bool StartsWithSeparator(KnownTail part) => part is { IsWhole: true, Text: ['/' or '\\', ..] };

    private static bool EndsWithSeparator(string text) => text is [.., '/' or '\\'];
}
