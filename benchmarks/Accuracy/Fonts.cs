using SkiaSharp;

namespace Octet.Benchmarks.Accuracy;

/// <summary>The fonts of this machine, as files: SkiaSharp without native dependencies knows no others.</summary>
internal static class Fonts
{
    /// <summary>What to say where there is none.</summary>
    public const string None = "There is no TrueType font on this machine (Debian: fonts-dejavu-core, fonts-liberation), so that no text can be rendered.";

    private static readonly string[] Folders =
    [
        "/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", Environment.GetFolderPath(Environment.SpecialFolder.Fonts),
    ];

    /// <summary>Faces made for words, in the order of their paths.</summary>
    public static SKTypeface[] Find() =>
    [
        .. Folders.Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.ttf", SearchOption.AllDirectories))
            .Where(file => Path.GetFileName(file) is var name && !name.Contains("ExtraLight", StringComparison.Ordinal) && !name.Contains("Math", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(file => SKTypeface.FromFile(file))
            .Where(face => face is not null && face.ContainsGlyphs("Größe 42 €")),
    ];
}
