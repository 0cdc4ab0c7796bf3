using System.Runtime.InteropServices;
using SkiaSharp;

namespace Octet.RenderLines;

/// <summary>Draws one line of text as a crop of a page.</summary>
internal static class LineImage
{
    // The direction classifier reads 48x192: a wider crop would have to be squeezed or shrunk, and programs differ in that.
    private const float WidestAspect = 4;
    private const int NarrowestWidth = 60;

    /// <summary>The image as a PNG file.</summary>
    public static byte[] Render(string text, LineStyle style, bool upsideDown)
    {
        using SKFont font = new(style.Typeface, style.TextSize) { Edging = SKFontEdging.Antialias, Subpixel = true };
        float widest = style.Height * WidestAspect;
        float natural = font.MeasureText(text) + 2 * style.Padding * style.TextSize;
        if (natural > widest)
            font.Size *= widest / natural;

        float textWidth = font.MeasureText(text);
        int width = (int)Math.Clamp(MathF.Ceiling(textWidth + 2 * style.Padding * font.Size), NarrowestWidth, widest);
        using SKBitmap bitmap = new(new SKImageInfo(width, style.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using (SKCanvas canvas = new(bitmap))
        {
            DrawPaper(canvas, style, width);
            DrawText(canvas, text, font, style, width, textWidth);
        }

        Span<byte> pixels = bitmap.GetPixelSpan();
        AddNoise(pixels, style);
        if (upsideDown)
            TurnAround(pixels);

        using SKPixmap pixmap = new(bitmap.Info, bitmap.GetPixels(), bitmap.RowBytes);
        using SKData? png = pixmap.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, zLibLevel: 9));
        return png?.ToArray() ?? throw new InvalidOperationException($"SkiaSharp cannot encode {bitmap.Info.Width}x{bitmap.Info.Height} pixels.");
    }

    private static void DrawPaper(SKCanvas canvas, LineStyle style, int width)
    {
        using SKShader shader = SKShader.CreateLinearGradient(
            SKPoint.Empty, new SKPoint(width, 0), [style.Background, style.BackgroundRight], SKShaderTileMode.Clamp);
        using SKPaint paint = new() { Shader = shader };
        canvas.DrawPaint(paint);
    }

    private static void DrawText(SKCanvas canvas, string text, SKFont font, LineStyle style, int width, float textWidth)
    {
        using SKPaint paint = new() { Color = style.Foreground, IsAntialias = true };
        if (style.BlurSigma > 0)
            paint.ImageFilter = SKImageFilter.CreateBlur(style.BlurSigma, style.BlurSigma);

        // Half the height of a capital below the middle puts the line in the middle of the crop.
        float baseline = style.Height / 2f + font.Metrics.CapHeight / 2 + style.Shift * font.Size;
        canvas.RotateDegrees(style.Degrees, width / 2f, style.Height / 2f);
        canvas.DrawText(text, (width - textWidth) / 2, baseline, font, paint);
    }

    private static void AddNoise(Span<byte> pixels, LineStyle style)
    {
        if (style.NoiseSigma == 0)
            return;

        Random random = new(style.NoiseSeed);
        for (int pixel = 0; pixel < pixels.Length; pixel += 4)
        {
            // The sum of four uniform values is close enough to a normal one: variance 4/12.
            double sum = random.NextDouble() + random.NextDouble() + random.NextDouble() + random.NextDouble() - 2;
            int noise = (int)Math.Round(sum * Math.Sqrt(3) * style.NoiseSigma);
            for (int channel = pixel; channel < pixel + 3; channel++)
                pixels[channel] = (byte)Math.Clamp(pixels[channel] + noise, 0, 255);
        }
    }

    // Half a turn is the reversed order of the pixels.
    private static void TurnAround(Span<byte> rgba) => MemoryMarshal.Cast<byte, int>(rgba).Reverse();
}
