using Octet.RenderLines;
using SkiaSharp;

namespace Octet.Benchmarks.Accuracy;

/// <summary>Pictures by lot: a line of text, a page, a room, people. The same seed and fonts give the same picture.</summary>
internal sealed class Pictures(SKTypeface[] typefaces)
{
    private static readonly string[] Words = [.. Texts.All.SelectMany(text => text.Split(' ')).Where(word => word.Length > 2).Distinct()];

    /// <summary>A crop with a word or a few, as a PNG file.</summary>
    public byte[] Line(int seed, bool upsideDown)
    {
        Random random = new(seed);
        // Shorter ones may read the same both ways up; longer ones would be shrunk to fit the model's height.
        string text = Text(random, 1);
        while (text.Length < 8)
            text += ' ' + Text(random, 1);
        return LineImage.Render(text, LineStyle.Draw(random, typefaces), upsideDown);
    }

    /// <summary>A page with lines of several sizes, some of them turned.</summary>
    public SKBitmap Page(int size, int seed) => Draw(size, seed, (canvas, random) =>
    {
        Background(canvas, random, size, 180, 255);
        for (float y = random.Next(20, 60); y < size - 20;)
        {
            float height = Between(random, 12, 44);
            using SKFont font = new(typefaces[random.Next(typefaces.Length)], height) { Edging = SKFontEdging.Antialias, Subpixel = true };
            using SKPaint ink = new() { Color = Colour(random, 0, 110), IsAntialias = true };
            canvas.Save();
            canvas.RotateDegrees(Between(random, -3, 3), size / 2f, y);
            canvas.DrawText(Text(random, random.Next(1, 7)), Between(random, 10, size / 3f), y + height, font, ink);
            canvas.Restore();
            y += height * Between(random, 1.2f, 3);
        }
    });

    /// <summary>The inside of a room: walls that meet in a corner, doors, windows, shelves, a table.</summary>
    public static SKBitmap Room(int size, int seed) => Draw(size, seed, (canvas, random) =>
    {
        Background(canvas, random, size, 120, 230);
        float left = Between(random, 0.1f, 0.4f) * size, right = Between(random, 0.6f, 0.9f) * size, top = Between(random, 0.1f, 0.35f) * size, bottom = Between(random, 0.6f, 0.85f) * size;
        Fill(canvas, random, (0, 0), (left, top), (left, bottom), (0, size));
        Fill(canvas, random, (size, 0), (right, top), (right, bottom), (size, size));
        Fill(canvas, random, (0, size), (left, bottom), (right, bottom), (size, size));
        Fill(canvas, random, (0, 0), (left, top), (right, top), (size, 0));
        for (int i = 0; i < 9; i++)
        {
            float x = Between(random, 0, 0.85f) * size, y = Between(random, 0, 0.8f) * size, w = Between(random, 0.06f, 0.35f) * size, h = Between(random, 0.06f, 0.4f) * size, skew = Between(random, -0.1f, 0.1f) * size;
            Fill(canvas, random, (x, y), (x + w, y + skew), (x + w, y + h + skew), (x, y + h));
        }
    });

    /// <summary>Heads with shoulders in front of something out of focus.</summary>
    public static SKBitmap People(int size, int seed) => Draw(size, seed, (canvas, random) =>
    {
        Background(canvas, random, size, 60, 220);
        for (int i = 0; i < 8; i++)
            Ellipse(canvas, Colour(random, 30, 230), Between(random, 0, size), Between(random, 0, size), Between(random, 0.05f, 0.3f) * size, Between(random, 0.05f, 0.3f) * size, blur: 0.03f * size);
        int people = random.Next(1, 4);
        for (int i = 0; i < people; i++)
        {
            float head = Between(random, 0.1f, 0.32f) * size / MathF.Sqrt(people), x = (i + 0.5f + Between(random, -0.15f, 0.15f)) * size / people, y = Between(random, 0.3f, 0.55f) * size;
            byte tone = (byte)random.Next(80, 235);
            SKColor skin = new(tone, (byte)(tone * 0.78f), (byte)(tone * 0.64f)), shade = new((byte)(tone * 0.7f), (byte)(tone * 0.5f), (byte)(tone * 0.42f)), hair = Colour(random, 10, 110);
            float soft = head * 0.04f;
            Ellipse(canvas, Colour(random, 20, 220), x, y + 2.6f * head, 1.9f * head, 1.4f * head, soft);
            Ellipse(canvas, shade, x, y + 1.1f * head, 0.42f * head, 0.6f * head, soft);
            Ellipse(canvas, hair, x, y - 0.25f * head, 0.98f * head, 1.15f * head, soft);
            Ellipse(canvas, skin, x, y, 0.8f * head, 1.08f * head, soft);
            foreach (float side in new[] { -0.32f, 0.32f })
            {
                Ellipse(canvas, SKColors.WhiteSmoke, x + side * head, y - 0.15f * head, 0.17f * head, 0.09f * head, soft / 2);
                Ellipse(canvas, Colour(random, 10, 90), x + side * head, y - 0.15f * head, 0.08f * head, 0.085f * head, soft / 2);
                Ellipse(canvas, hair, x + side * head, y - 0.34f * head, 0.22f * head, 0.045f * head, soft / 2);
            }
            Ellipse(canvas, shade, x, y + 0.22f * head, 0.12f * head, 0.1f * head, soft);
            Ellipse(canvas, new SKColor((byte)(tone * 0.75f), (byte)(tone * 0.35f), (byte)(tone * 0.35f)), x, y + 0.56f * head, 0.27f * head, 0.09f * head, soft);
        }
    });

    private static SKBitmap Draw(int size, int seed, Action<SKCanvas, Random> draw)
    {
        Random random = new(seed);
        SKBitmap bitmap = new(new SKImageInfo(size, size, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using (SKCanvas canvas = new(bitmap))
            draw(canvas, random);
        Span<byte> pixels = bitmap.GetPixelSpan();
        int noise = random.Next(1, 6);
        for (int i = 0; i < pixels.Length; i++)
            if (i % 4 != 3)
                pixels[i] = (byte)Math.Clamp(pixels[i] + random.Next(-noise, noise + 1), 0, 255);
        return bitmap;
    }

    private static string Text(Random random, int words) => string.Join(' ', Enumerable.Range(0, words).Select(_ => Words[random.Next(Words.Length)]));

    private static void Background(SKCanvas canvas, Random random, int size, int low, int high)
    {
        using SKShader shader = SKShader.CreateLinearGradient(
            new SKPoint(Between(random, 0, size), 0), new SKPoint(Between(random, 0, size), size), [Colour(random, low, high), Colour(random, low, high)], SKShaderTileMode.Clamp);
        using SKPaint paint = new() { Shader = shader };
        canvas.DrawPaint(paint);
    }

    private static void Fill(SKCanvas canvas, Random random, params (float X, float Y)[] corners)
    {
        using SKPath path = new();
        path.AddPoly([.. corners.Select(corner => new SKPoint(corner.X, corner.Y))], close: true);
        using SKShader shader = SKShader.CreateLinearGradient(new SKPoint(corners[0].X, corners[0].Y), new SKPoint(corners[2].X, corners[2].Y), [Colour(random, 30, 240), Colour(random, 30, 240)], SKShaderTileMode.Clamp);
        using SKPaint paint = new() { Shader = shader, IsAntialias = true };
        canvas.DrawPath(path, paint);
    }

    private static void Ellipse(SKCanvas canvas, SKColor colour, float x, float y, float radiusX, float radiusY, float blur)
    {
        using SKPaint paint = new() { Color = colour, IsAntialias = true, ImageFilter = SKImageFilter.CreateBlur(blur, blur) };
        canvas.DrawOval(x, y, radiusX, radiusY, paint);
    }

    private static float Between(Random random, float low, float high) => low + random.NextSingle() * (high - low);

    private static SKColor Colour(Random random, int low, int high)
    {
        int level = random.Next(low, high);
        byte Channel() => (byte)Math.Clamp(level + random.Next(-30, 31), 0, 255);
        return new SKColor(Channel(), Channel(), Channel());
    }
}
