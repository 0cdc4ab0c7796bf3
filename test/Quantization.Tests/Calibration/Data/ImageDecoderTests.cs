using Octet.Quantization.Calibration.Data;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class ImageDecoderTests
{
    public static TheoryData<string, byte[]> Formats => new()
    {
        { "png", TestImage.Png(5, 3, 200, 40, 90) },
        { "bmp", TestImage.Bmp(5, 3, 200, 40, 90) },
        { "tga", TestImage.Tga(5, 3, 200, 40, 90) },
        { "jpg", TestImage.Jpeg },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void Formats_are_told_by_their_content(string format, byte[] file)
    {
        DecodedImage image = ImageDecoder.Decode(file);
        Assert.Equal(format == "jpg" ? new ImageSize(12, 16) : new ImageSize(3, 5), image.Size);
        Assert.Equal(3, image.Channels);
        int tolerance = format == "jpg" ? 6 : 0;
        for (int i = 0; i < image.Pixels.Length; i++)
            Assert.InRange(image.Pixels[i], new[] { 200, 40, 90 }[i % 3] - tolerance, new[] { 200, 40, 90 }[i % 3] + tolerance);
    }

    [Fact]
    public void The_first_frame_of_a_gif_counts()
    {
        DecodedImage image = ImageDecoder.Decode(TestImage.Gif);
        Assert.Equal(new ImageSize(1, 1), image.Size);
        Assert.All(image.Pixels, static value => Assert.Equal(0, value));
    }

    [Fact]
    public void Gray_stays_one_channel()
    {
        DecodedImage image = ImageDecoder.Decode(TestImage.Png(4, 2, 1, static (x, y, _) => 10 * x + y));
        Assert.Equal(1, image.Channels);
        Assert.Equal([0, 10, 20, 30, 1, 11, 21, 31], image.Pixels);
    }

    [Fact]
    public void What_is_transparent_shows_white()
    {
        DecodedImage color = ImageDecoder.Decode(TestImage.Png(3, 1, 4, static (x, _, c) => c == 3 ? new[] { 0, 255, 102 }[x] : 50 * c));
        Assert.Equal(3, color.Channels);
        Assert.Equal([255, 255, 255, 0, 50, 100, 153, 173, 193], color.Pixels);

        DecodedImage gray = ImageDecoder.Decode(TestImage.Png(2, 1, 2, static (x, _, c) => c == 1 ? 255 * x : 7));
        Assert.Equal(1, gray.Channels);
        Assert.Equal([255, 7], gray.Pixels);
    }

    [Fact]
    public void An_interlaced_png_is_read()
    {
        // 3 by 3 gray: passes 1 (0,0), 4 (2,0), 5 (0,2) (2,2), 6 (1,0) (1,2), 7 the row in between; 2 and 3 are empty.
        byte[] rows = [0, 1, 0, 3, 0, 7, 9, 0, 2, 0, 8, 0, 4, 5, 6];
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9], ImageDecoder.Decode(TestImage.Png(3, 3, 0, interlaced: true, rows)).Pixels);
    }

    [Fact]
    public void A_cut_file_is_told_from_a_damaged_one() =>
        Assert.Contains("ends too early", Assert.Throws<UnreadableDataException>(() => ImageDecoder.Decode(TestImage.Jpeg[..^8])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_cut_header_is_not_searched_for_ever() =>
        Assert.Throws<UnreadableDataException>(() => ImageDecoder.Decode([0xFF, 0xD8, 0xFF, 0xE0, 0, 0x10]));

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_cut_file_is_refused_wherever_it_is_cut(string format, byte[] file)
    {
        // What follows the pixels of a .png and a .jpg says nothing about them.
        int needed = format == "png" ? file.Length - 12 : file.Length;
        for (int length = 0; length < needed; length++)
            Assert.Throws<UnreadableDataException>(() => ImageDecoder.Decode(file[..length]));
    }

    [Fact]
    public void Damaged_files_are_images_or_refused_and_nothing_else()
    {
        var random = new Random(20240229);
        byte[][] seeds =
        [
            TestImage.Png(9, 7, 4, static (x, y, c) => x * y * (c + 3)), TestImage.Bmp(9, 7, 1, 2, 3), TestImage.Tga(9, 7, 1, 2, 3), TestImage.Gif, TestImage.Jpeg,
        ];
        int decoded = 0, refused = 0;
        for (int i = 0; i < 3000; i++)
        {
            var file = (byte[])seeds[i % seeds.Length].Clone();
            for (int change = random.Next(1, 5); change > 0; change--)
                file[random.Next(2) == 0 ? random.Next(file.Length) : random.Next(Math.Min(64, file.Length))] = (byte)random.Next(256);
            // Sizes that are allowed and large only take time here.
            if (IsLarge(file))
                continue;
            try
            {
                DecodedImage image = ImageDecoder.Decode(file);
                Assert.Equal(image.Size.Width * image.Size.Height * image.Channels, image.Pixels.Length);
                decoded++;
            }
            catch (UnreadableDataException)
            {
                refused++;
            }
        }
        Assert.True(decoded > 100 && refused > 100);

        static bool IsLarge(byte[] file)
        {
            try
            {
                using var stream = new ImageStream(file);
                return StbImageSharp.ImageInfo.FromStream(stream) is { } info && (long)info.Width * info.Height > 100_000;
            }
            catch (EndOfStreamException)
            {
                return false;
            }
        }
    }

    [Fact]
    public void A_header_that_claims_too_many_pixels_is_refused_before_anything_is_allocated()
    {
        byte[] file = TestImage.Png(20_000, 20_000, 0, interlaced: false, [1, 2, 3]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        UnreadableDataException exception = Assert.Throws<UnreadableDataException>(() => ImageDecoder.Decode(file));
        Assert.Contains("20000 by 20000", exception.Message, StringComparison.Ordinal);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void Compressed_pixels_that_are_more_or_fewer_than_the_header_says_are_refused()
    {
        ImageDecoder.Decode(TestImage.Png(2, 2, 0, interlaced: false, [0, 1, 2, 0, 3, 4]));
        Assert.Throws<UnreadableDataException>(() => ImageDecoder.Decode(TestImage.Png(2, 2, 0, interlaced: false, [0, 1, 2, 0, 3])));
        Assert.Throws<UnreadableDataException>(() => ImageDecoder.Decode(TestImage.Png(2, 2, 0, interlaced: false, new byte[10_000_000])));
    }

    [Fact]
    public void A_file_that_is_no_image_is_refused()
    {
        Assert.Throws<UnreadableDataException>(() => ImageDecoder.Decode("version https://git-lfs.github.com/spec/v1\n"u8.ToArray()));
        Assert.Throws<UnreadableDataException>(() => ImageDecoder.Decode([]));
    }
}
