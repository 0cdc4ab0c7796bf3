using CsCheck;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Calibration.Data;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class ImageTransformTests
{
    // Two pixels: (10, 20, 30) and (40, 50, 60).
    private static readonly DecodedImage Pair = TestImage.Decoded(2, 1, 3, static (x, _, c) => 10 + 30 * x + 10 * c);

    [Theory]
    [InlineData("1,3,1,2", "scale=1", "10,40,20,50,30,60")]
    [InlineData("1,3,1,2", "scale=1;channels=bgr", "30,60,20,50,10,40")]
    [InlineData("1,1,2,3", "scale=1", "10,20,30,40,50,60")]
    [InlineData("1,1,2,3", "scale=1;channels=bgr", "30,20,10,60,50,40")]
    [InlineData("1,3,1,2", "scale=1/10;mean=1,2,3;std=1,2,4", "0,3,0,1.5,0,0.75")]
    [InlineData("1,3,1,2", "scale=1/10;mean=1;std=0.5", "0,6,2,8,4,10")]
    public void Pixels_are_scaled_shifted_divided_and_laid_out(string dimensions, string preprocessing, string expected)
    {
        if (dimensions == "1,1,2,3")
            preprocessing += ";layout=nhwc";
        float[] actual = Floats(Pair, dimensions, preprocessing);
        float[] values = [.. expected.Split(',').Select(static value => float.Parse(value, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(values.Length, actual.Length);
        for (int i = 0; i < values.Length; i++)
            Assert.Equal(values[i], actual[i], 1e-5f);
    }

    [Fact]
    public void Color_becomes_gray_and_gray_becomes_color()
    {
        float[] gray = Floats(Pair, "1,1,1,2", "scale=1");
        Assert.Equal(0.299f * 10 + 0.587f * 20 + 0.114f * 30, gray[0], 1e-4f);
        Assert.Equal(0.299f * 40 + 0.587f * 50 + 0.114f * 60, gray[1], 1e-4f);

        DecodedImage single = TestImage.Decoded(2, 1, 1, static (x, _, _) => 100 + x);
        Assert.Equal([100, 101], Floats(single, "1,1,1,2", "scale=1"));
        // Each channel has values of its own, although the pixels are the same.
        Assert.Equal([99, 100, 98, 99, 97, 98], Floats(single, "1,3,1,2", "mean=1,2,3"));
    }

    [Fact]
    public void Fit_keeps_proportions_and_leaves_zeros_at_the_right_or_at_the_bottom()
    {
        DecodedImage wide = TestImage.Decoded(4, 2, 1, static (_, _, _) => 100);
        Assert.Equal([50, 50, 50, 50, 0, 0, 50, 50, 50, 50, 0, 0], Floats(wide, "1,1,2,6", "mean=50;resize=fit"));
        Assert.Equal([50, 50, 50, 50, 50, 50, 50, 50, 0, 0, 0, 0], Floats(wide, "1,1,3,4", "mean=50;resize=fit"));
        Assert.Equal([50, 50, 50, 50, 50, 50, 50, 50, 0, 0, 0, 0], Floats(wide, "1,3,4,1", "mean=50;resize=fit;layout=nhwc"));
    }

    [Fact]
    public void A_text_line_fills_the_height_and_is_padded_to_the_width()
    {
        // As the models of PP-OCR take it: 48 by 192, a line of 60 by 20 becomes 144 by 48.
        DecodedImage line = TestImage.Decoded(60, 20, 3, static (_, _, _) => 255);
        float[] tensor = Floats(line, "1,3,48,192", "scale=1/255;mean=0.5;std=0.5;channels=bgr;resize=fit");
        for (int i = 0; i < tensor.Length; i++)
            Assert.Equal(i % 192 < 144 ? 1 : 0, tensor[i], 1e-5f);
    }

    [Theory]
    [InlineData(20, 60, 48, 192, 48, 144)]
    [InlineData(20, 61, 48, 192, 48, 147)]
    [InlineData(20, 100, 48, 192, 39, 192)]
    [InlineData(1, 5000, 48, 192, 1, 192)]
    [InlineData(48, 192, 48, 192, 48, 192)]
    [InlineData(3, 7, 30, 70, 30, 70)]
    public void The_fitted_size_touches_one_side(int height, int width, int availableHeight, int availableWidth, int fittedHeight, int fittedWidth) => Assert.Equal(
        new ImageSize(fittedHeight, fittedWidth), ImageTransform.FittedSize(new ImageSize(height, width), new ImageSize(availableHeight, availableWidth)));

    [Fact]
    public void Any_fitted_size_lies_inside_and_touches()
    {
        Gen<int> extent = Gen.Int[1, 3000];
        Gen.Select(extent, extent, extent, extent).Sample(static (height, width, availableHeight, availableWidth) =>
        {
            ImageSize fitted = ImageTransform.FittedSize(new ImageSize(height, width), new ImageSize(availableHeight, availableWidth));
            Assert.InRange(fitted.Height, 1, availableHeight);
            Assert.InRange(fitted.Width, 1, availableWidth);
            Assert.True(fitted.Height == availableHeight || fitted.Width == availableWidth);
        });
    }

    [Fact]
    public void Crop_keeps_the_middle()
    {
        DecodedImage columns = TestImage.Decoded(6, 2, 1, static (x, _, _) => 10 * x);
        Assert.Equal([20, 30, 20, 30], Floats(columns, "1,1,2,2", "scale=1;resize=crop"));
        DecodedImage rows = TestImage.Decoded(2, 6, 1, static (_, y, _) => 10 * y);
        Assert.Equal([20, 20, 30, 30], Floats(rows, "1,1,2,2", "scale=1;resize=crop"));
    }

    [Fact]
    public void Crop_of_an_image_of_the_right_proportions_is_stretch()
    {
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 9], Gen.Int).Sample(static (factor, half, seed) =>
        {
            var random = new Random(seed);
            DecodedImage image = TestImage.Decoded(2 * half * factor, 3 * half * factor, 3, (_, _, _) => random.Next(256));
            string size = $"1,3,{3 * half},{2 * half}";
            Assert.Equal(Floats(image, size, "imagenet"), Floats(image, size, "imagenet;resize=crop"));
        });
    }

    [Fact]
    public void Bytes_are_pixels_rounded()
    {
        DecodedImage image = TestImage.Decoded(2, 1, 1, static (x, _, _) => 255 * x);
        NamedTensor tensor = Apply(image, TensorElementType.UInt8, "1,1,4,1", "layout=nhwc");
        Assert.Equal(new byte[] { 0, 64, 191, 255 }, tensor.Data);
        // Zero is what fills up, here too.
        Assert.Equal(new byte[] { 0, 255, 0 }, Apply(image, TensorElementType.UInt8, "1,1,1,3", "resize=fit").Data);
    }

    [Fact]
    public void Halves_are_the_floats_rounded()
    {
        NamedTensor tensor = Apply(Pair, TensorElementType.Float16, "1,3,1,2", "scale=1/3");
        Assert.Equal(Array.ConvertAll(Floats(Pair, "1,3,1,2", "scale=1/3"), static value => (Float16)value), tensor.Data);
    }

    private static float[] Floats(DecodedImage image, string dimensions, string preprocessing) =>
        (float[])Apply(image, TensorElementType.Float, dimensions, preprocessing).Data;

    private static NamedTensor Apply(DecodedImage image, TensorElementType type, string dimensions, string preprocessing)
    {
        var input = new ModelInput("x", type, [.. dimensions.Split(',').Select(long.Parse)]);
        ImageInput target = ImageInput.Resolve(
            [input], ImagePreprocessing.Parse(preprocessing), "a.png", () => image.Size, "model.onnx", new DiagnosticLog());
        NamedTensor tensor = new ImageTransform(target).Apply(image);
        Assert.Equal(input.Dimensions.AsSpan(), tensor.Shape.AsSpan());
        return tensor;
    }
}
