using SkiaSharp;

namespace Octet.RenderLines;

/// <summary>How one line is drawn: everything that differs between two crops of the same text.</summary>
/// <param name="Typeface">The font.</param>
/// <param name="Height">Height of the image in pixels.</param>
/// <param name="TextSize">Size of the font in pixels.</param>
/// <param name="Foreground">Colour of the letters.</param>
/// <param name="Background">Colour of the paper on the left.</param>
/// <param name="BackgroundRight">Colour of the paper on the right: a shadow across the page.</param>
/// <param name="Degrees">Rotation, clockwise: the crop is never quite straight.</param>
/// <param name="Padding">Paper on each side as a share of the text size.</param>
/// <param name="Shift">How far the text lies off the middle, as a share of the text size; positive is down.</param>
/// <param name="BlurSigma">Deviation of the blur in pixels; 0 is none.</param>
/// <param name="NoiseSigma">Deviation of the noise in grey levels; 0 is none.</param>
/// <param name="NoiseSeed">Seed of the noise.</param>
internal sealed record LineStyle(
    SKTypeface Typeface,
    int Height,
    float TextSize,
    SKColor Foreground,
    SKColor Background,
    SKColor BackgroundRight,
    float Degrees,
    float Padding,
    float Shift,
    float BlurSigma,
    float NoiseSigma,
    int NoiseSeed)
{
    /// <summary>Draws a style by lot: mostly dark ink on light paper, one in four the other way round.</summary>
    public static LineStyle Draw(Random random, IReadOnlyList<SKTypeface> typefaces)
    {
        int height = random.Next(32, 57);
        bool lightOnDark = random.Next(4) == 0;
        SKColor ink = Colour(random, 0, 90);
        SKColor paper = Colour(random, 185, 256);
        (SKColor foreground, SKColor background) = lightOnDark ? (paper, ink) : (ink, paper);
        return new LineStyle(
            typefaces[random.Next(typefaces.Count)],
            height,
            TextSize: height * Between(random, 0.52f, 0.72f),
            foreground,
            background,
            BackgroundRight: random.Next(3) == 0 ? Darker(background, random.Next(8, 32)) : background,
            Degrees: Between(random, -2, 2),
            Padding: Between(random, 0.1f, 0.5f),
            Shift: Between(random, -0.08f, 0.08f),
            BlurSigma: random.Next(2) == 0 ? 0 : Between(random, 0.3f, 0.9f),
            NoiseSigma: random.Next(3) == 0 ? Between(random, 1, 3) : 0,
            NoiseSeed: random.Next());
    }

    private static float Between(Random random, float low, float high) => low + random.NextSingle() * (high - low);

    // A grey with a slight cast, as ink and paper have: strong colours are rare on a page.
    private static SKColor Colour(Random random, int low, int high)
    {
        int level = random.Next(low, high);
        return new SKColor(Channel(), Channel(), Channel());

        byte Channel() => (byte)Math.Clamp(level + random.Next(-24, 25), 0, 255);
    }

    private static SKColor Darker(SKColor colour, int levels) =>
        new((byte)Math.Max(0, colour.Red - levels), (byte)Math.Max(0, colour.Green - levels), (byte)Math.Max(0, colour.Blue - levels));
}
