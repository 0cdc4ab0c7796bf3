using StbImageSharp;

namespace Quickstart;

/// <summary>
/// Makes the classifier's input of an image: 48 pixels high, the width to match, at the left of a field of 192 that is filled with zeros;
/// channels blue, green, red; values (v/255 - 0.5) / 0.5. The build does the same with the calibration images (Preprocessing in the project file).
/// </summary>
internal static class TextLine
{
    private const int Height = 48;
    private const int Width = 192;

    public static long[] Shape => [1, 3, Height, Width];

    public static float[] Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        ImageResult image = ImageResult.FromStream(file, ColorComponents.RedGreenBlue);
        int width = Math.Min(Width, (int)Math.Round((double)image.Width * Height / image.Height));
        float[] input = new float[3 * Height * Width];
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < width; x++)
                for (int channel = 0; channel < 3; channel++)
                    input[(channel * Height + y) * Width + x] = (Sample(image, x, y, width, 2 - channel) / 255 - 0.5f) / 0.5f;
        return input;
    }

    /// <summary>One resized value, linear between the four pixels around it.</summary>
    private static float Sample(ImageResult image, int x, int y, int width, int channel)
    {
        float sourceX = Math.Clamp((x + 0.5f) * image.Width / width - 0.5f, 0, image.Width - 1);
        float sourceY = Math.Clamp((y + 0.5f) * image.Height / Height - 0.5f, 0, image.Height - 1);
        (int left, int top) = ((int)sourceX, (int)sourceY);
        (int right, int bottom) = (Math.Min(left + 1, image.Width - 1), Math.Min(top + 1, image.Height - 1));
        float Pixel(int column, int row) => image.Data[(row * image.Width + column) * 3 + channel];
        float upper = float.Lerp(Pixel(left, top), Pixel(right, top), sourceX - left);
        float lower = float.Lerp(Pixel(left, bottom), Pixel(right, bottom), sourceX - left);
        return float.Lerp(upper, lower, sourceY - top);
    }
}
