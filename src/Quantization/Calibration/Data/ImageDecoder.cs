using StbImageSharp;

namespace Octet.Quantization.Calibration.Data;

/// <summary>
/// Reads .png, .jpg, .bmp, .tga and .gif files (of the last, the first frame). A camera's note of orientation is not followed.
/// </summary>
internal static class ImageDecoder
{
    private const long MaximumFileBytes = 512L << 20;

    private const string NotAnImage = "it is not a .png, .jpg, .bmp, .tga or .gif image, or it is damaged";

    /// <summary>Reads the size alone.</summary>
    /// <exception cref="UnreadableDataException">It is no image, or too large a one.</exception>
    public static ImageSize ReadSize(string path) => ReadSize(ReadFile(path));

    /// <summary>Reads an image; what is transparent shows white.</summary>
    /// <exception cref="UnreadableDataException">It is no image, or too large a one, or it ends too early.</exception>
    public static DecodedImage Decode(string path) => Decode(ReadFile(path));

    /// <inheritdoc cref="Decode(string)"/>
    public static DecodedImage Decode(byte[] file)
    {
        ImageSize size = ReadSize(file);
        PngData.Check(file);
        return Guard(file, stream =>
        {
            ImageResult image = ImageResult.FromStream(stream);
            if (stream.EndedEarly)
                throw new UnreadableDataException("the image ends too early");
            return image.Width == size.Width && image.Height == size.Height
                ? OverWhite(image, size)
                : throw new UnreadableDataException(NotAnImage);
        });
    }

    private static ImageSize ReadSize(byte[] file)
    {
        ImageInfo? info = Guard(file, static stream => ImageInfo.FromStream(stream));
        if (info is not { Width: > 0, Height: > 0 } image)
            throw new UnreadableDataException(NotAnImage);
        if ((long)image.Width * image.Height > DecodedImage.MaximumPixels)
            throw new UnreadableDataException($"it is an image of {image.Width} by {image.Height} pixels; at most 100 million are read");
        return new ImageSize(image.Height, image.Width);
    }

    private static byte[] ReadFile(string path)
    {
        using FileStream stream = File.OpenRead(path);
        if (stream.Length > MaximumFileBytes)
            throw new UnreadableDataException($"it is larger than {MaximumFileBytes >> 20} MiB");
        var file = new byte[stream.Length];
        stream.ReadExactly(file);
        return file;
    }

    /// <summary>The decoder answers damaged files with exceptions of every kind, which mean one thing to the user.</summary>
    private static T Guard<T>(byte[] file, Func<ImageStream, T> decode)
    {
        try
        {
            using var stream = new ImageStream(file);
            return decode(stream);
        }
        catch (Exception exception) when (exception is not UnreadableDataException)
        {
            throw new UnreadableDataException(NotAnImage, exception);
        }
    }

    private static DecodedImage OverWhite(ImageResult image, ImageSize size)
    {
        int components = (int)image.Comp;
        bool hasAlpha = components is 2 or 4;
        if (!hasAlpha)
            return new DecodedImage(size, components, image.Data);

        int channels = components - 1;
        byte[] source = image.Data;
        var pixels = new byte[size.Height * size.Width * channels];
        for (int from = 0, to = 0; to < pixels.Length; from += components, to += channels)
        {
            int alpha = source[from + channels];
            for (int c = 0; c < channels; c++)
                pixels[to + c] = (byte)((source[from + c] * alpha + 255 * (255 - alpha) + 127) / 255);
        }
        return new DecodedImage(size, channels, pixels);
    }
}
