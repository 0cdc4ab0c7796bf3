using CsCheck;
using Octet.Quantization.Calibration.Data;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class BilinearResamplerTests
{
    private static readonly Gen<int> Extents = Gen.Int[1, 40];

    [Fact]
    public void Two_pixels_become_four_by_interpolation()
    {
        // Target centres lie at -0.25, 0.25, 0.75 and 1.25 of the way from the first centre to the second.
        Assert.Equal([0, 25, 75, 100], Row([0, 100], 4));
    }

    [Fact]
    public void Four_pixels_become_two_by_the_wide_triangle()
    {
        // The centre at 1 with a support of 2 weighs the pixels at 0.5, 1.5 and 2.5 with 3, 3 and 1 of 7, and symmetrically.
        float[] row = Row([70, 0, 14, 0], 2);
        Assert.Equal((3 * 70 + 3 * 0 + 1 * 14) / 7f, row[0], 4);
        Assert.Equal((1 * 0 + 3 * 14 + 3 * 0) / 7f, row[1], 4);
    }

    [Fact]
    public void Five_pixels_become_three()
    {
        // Scale and support 5/3. The middle target at 2.5 weighs pixels at distances 0, 1 with 1 and 0.4.
        float[] row = Row([1, 2, 9, 4, 5], 3);
        Assert.Equal((9 + 0.4f * (2 + 4)) / 1.8f, row[1], 4);
    }

    [Fact]
    public void The_own_size_changes_nothing()
    {
        Gen.Select(Extents, Extents, Gen.OneOfConst(1, 3), Gen.Int).Sample(static (width, height, channels, seed) =>
        {
            DecodedImage image = Noise(width, height, channels, seed);
            float[][] planes = Resample(image, width, height);
            for (int i = 0; i < image.Pixels.Length; i++)
                Assert.Equal(image.Pixels[i], planes[i % channels][i / channels]);
        });
    }

    [Fact]
    public void One_color_stays_that_color()
    {
        Gen.Select(Extents, Extents, Extents, Extents, Gen.Byte).Sample(static (width, height, newWidth, newHeight, value) =>
        {
            float[][] planes = Resample(TestImage.Decoded(width, height, 3, (_, _, c) => (value + c) % 256), newWidth, newHeight);
            for (int c = 0; c < 3; c++)
                Assert.All(planes[c], actual => Assert.Equal((value + c) % 256, actual, 1e-3f));
        });
    }

    [Fact]
    public void Shrinking_by_whole_steps_keeps_the_mean_of_what_is_far_from_the_border()
    {
        // Each source pixel that is not cut off at the border has the same total weight, so a bump in the middle keeps its mass.
        Gen.Select(Gen.Int[2, 6], Gen.Int[5, 9], Gen.Int).Sample(static (step, target, seed) =>
        {
            int extent = step * target;
            DecodedImage noise = Noise(extent, extent, 1, seed);
            DecodedImage image = TestImage.Decoded(extent, extent, 1, (x, y, _) => Inside(x) && Inside(y) ? noise.Pixels[y * extent + x] : 0);
            float[] plane = Resample(image, target, target)[0];
            Assert.Equal(image.Pixels.Average(static value => (double)value), plane.Average(static value => (double)value), 1e-3);

            bool Inside(int place) => place >= 2 * step && place < extent - 2 * step;
        });
    }

    [Fact]
    public void A_mirrored_image_gives_the_mirrored_result()
    {
        Gen.Select(Extents, Extents, Extents, Extents, Gen.Int).Sample(static (width, height, newWidth, newHeight, seed) =>
        {
            DecodedImage image = Noise(width, height, 1, seed);
            float[] plain = Resample(image, newWidth, newHeight)[0];
            float[] mirrored = Resample(TestImage.Decoded(width, height, 1, (x, y, _) => image.Pixels[y * width + width - 1 - x]), newWidth, newHeight)[0];
            for (int i = 0; i < plain.Length; i++)
                Assert.Equal(plain[i], mirrored[i / newWidth * newWidth + newWidth - 1 - i % newWidth], 2e-3f);
        });
    }

    [Fact]
    public void Values_stay_in_the_range_of_the_image()
    {
        Gen.Select(Extents, Extents, Extents, Extents, Gen.Int).Sample(static (width, height, newWidth, newHeight, seed) =>
        {
            DecodedImage image = Noise(width, height, 1, seed);
            Assert.All(Resample(image, newWidth, newHeight)[0], value => Assert.InRange(value, image.Pixels.Min() - 1e-3f, image.Pixels.Max() + 1e-3f));
        });
    }

    [Fact]
    public void Both_axes_are_resampled_as_one_axis_is()
    {
        float[] column = Resample(TestImage.Decoded(1, 4, 1, static (_, y, _) => new[] { 70, 0, 14, 0 }[y]), 1, 2)[0];
        Assert.Equal(Row([70, 0, 14, 0], 2), column);

        float[] both = Resample(TestImage.Decoded(2, 2, 1, static (x, y, _) => 100 * x * y), 4, 4)[0];
        Assert.Equal([0, 0, 0, 0, 0, 6.25f, 18.75f, 25, 0, 18.75f, 56.25f, 75, 0, 25, 75, 100], both);
    }

    [Fact]
    public void A_part_of_an_image_sees_its_surroundings()
    {
        // The middle half of a ramp, twice as large: exactly the ramp, also at the cut.
        DecodedImage ramp = TestImage.Decoded(8, 1, 1, static (x, _, _) => 10 * x);
        float[] middle = BilinearResampler.Resample(ramp, new ResampleKernel(8, 8, 2, 4), new ResampleKernel(1, 1, 0, 1))[0];
        Assert.Equal([17.5f, 22.5f, 27.5f, 32.5f, 37.5f, 42.5f, 47.5f, 52.5f], middle);
    }

    private static float[] Row(byte[] pixels, int width) =>
        Resample(TestImage.Decoded(pixels.Length, 1, 1, (x, _, _) => pixels[x]), width, 1)[0];

    private static float[][] Resample(DecodedImage image, int width, int height) => BilinearResampler.Resample(
        image, new ResampleKernel(image.Size.Width, width, 0, image.Size.Width), new ResampleKernel(image.Size.Height, height, 0, image.Size.Height));

    private static DecodedImage Noise(int width, int height, int channels, int seed)
    {
        var pixels = new byte[width * height * channels];
        new Random(seed).NextBytes(pixels);
        return new DecodedImage(new ImageSize(height, width), channels, pixels);
    }
}
