using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Tests.Pipeline;

namespace Octet.Quantization.Tests;

/// <summary>
/// Pictures whose statistics are those of a photograph rather than of noise: light that falls off, shaded shapes in front of each other, dark
/// strokes, labels with text, a little noise. The same seed gives the same picture.
/// </summary>
internal static class SyntheticScene
{
    private const int Shapes = 10;
    private const int Strokes = 25;
    private const int Labels = 6;

    private static readonly Lazy<DecodedImage[]> Lines = new(() =>
        [.. Directory.EnumerateFiles(Path.Combine(TestFiles.Lines, "upright"), "*.png").Order(StringComparer.Ordinal).Select(ImageDecoder.Decode)]);

    /// <summary>RGB, row by row, 0 to 255.</summary>
    public static float[] Draw(int height, int width, int seed)
    {
        Random random = new(seed);
        float[] rgb = new float[height * width * 3];
        float Between(float low, float high) => low + random.NextSingle() * (high - low);
        float[] Colour(float low, float high)
        {
            float level = Between(low, high);
            return [level + Between(-25, 25), level + Between(-25, 25), level + Between(-25, 25)];
        }

        Fill(rgb, height, width, Colour(90, 230), Between(-60, 60), Between(-60, 60), (_, _) => true);
        for (int i = 0; i < Shapes; i++)
        {
            float x = Between(0, 1), y = Between(0, 1), a = Between(0.04f, 0.3f), b = Between(0.04f, 0.3f);
            bool round = random.Next(2) == 0;
            Fill(rgb, height, width, Colour(20, 235), Between(-80, 80), Between(-80, 80), (u, v) =>
                round ? (u - x) * (u - x) / (a * a) + (v - y) * (v - y) / (b * b) < 1 : MathF.Abs(u - x) < a && MathF.Abs(v - y) < b);
        }
        for (int i = 0; i < Strokes; i++)
        {
            float x = Between(0, 1), y = Between(0, 1), angle = Between(0, MathF.PI), length = Between(0.02f, 0.25f), thickness = Between(0.003f, 0.012f);
            (float sin, float cos) = MathF.SinCos(angle);
            Fill(rgb, height, width, Colour(0, 80), 0, 0, (u, v) => MathF.Abs((u - x) * cos + (v - y) * sin) < length && MathF.Abs((v - y) * cos - (u - x) * sin) < thickness);
        }
        for (int i = 0; i < Labels; i++)
            Paste(rgb, height, width, Lines.Value[random.Next(Lines.Value.Length)], random);
        for (int i = 0; i < rgb.Length; i++)
            rgb[i] = Math.Clamp(MathF.Round(rgb[i] + Between(-4, 4)), 0, 255);
        return rgb;
    }

    private static void Paste(float[] rgb, int height, int width, DecodedImage line, Random random)
    {
        int top = random.Next(Math.Max(1, height - line.Size.Height)), left = random.Next(Math.Max(1, width - line.Size.Width));
        for (int row = 0; row < Math.Min(line.Size.Height, height - top); row++)
            for (int i = 0; i < Math.Min(line.Size.Width, width - left) * 3; i++)
                rgb[((top + row) * width + left) * 3 + i] = line.Row(row)[i / 3 * line.Channels + i % 3];
    }

    private static void Fill(float[] rgb, int height, int width, float[] colour, float slopeX, float slopeY, Func<float, float, bool> isInside)
    {
        for (int row = 0; row < height; row++)
            for (int column = 0; column < width; column++)
            {
                float u = (column + 0.5f) / width, v = (row + 0.5f) / height;
                if (!isInside(u, v))
                    continue;
                for (int channel = 0; channel < 3; channel++)
                    rgb[(row * width + column) * 3 + channel] = colour[channel] + slopeX * (u - 0.5f) + slopeY * (v - 0.5f);
            }
    }
}
