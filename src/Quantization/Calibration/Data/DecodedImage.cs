namespace Octet.Quantization.Calibration.Data;

/// <summary>An image's pixels.</summary>
/// <param name="Size">Its extents.</param>
/// <param name="Channels">1 (gray) or 3 (red, green, blue).</param>
/// <param name="Pixels">Row by row from the top, the channels of a pixel together.</param>
internal sealed record DecodedImage(ImageSize Size, int Channels, byte[] Pixels)
{
    /// <summary>An image may not have more pixels; one that claims more is refused before anything is allocated.</summary>
    public const long MaximumPixels = 100_000_000;

    /// <summary>The pixels of one row.</summary>
    public ReadOnlySpan<byte> Row(int y) => Pixels.AsSpan(y * Size.Width * Channels, Size.Width * Channels);
}
