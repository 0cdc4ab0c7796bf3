using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Calibration.Data;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class ImageInputTests : SampleSourceTests
{
    private const string ImageNet = "scale=1/255;mean=0.485,0.456,0.406;std=0.229,0.224,0.225";
    private const string TensorFlow = "scale=1/127.5;mean=1;std=1";

    private readonly ImageSize _first = new(100, 250);

    [Theory]
    [InlineData("1,3,8,8", "", ImageNet + ";layout=nchw;channels=rgb;resize=stretch")]
    [InlineData("-1,3,8,8", "resize=fit;channels=bgr", ImageNet + ";layout=nchw;channels=bgr;resize=fit")]
    [InlineData("1,8,8,3", "", TensorFlow + ";layout=nhwc;channels=rgb;resize=stretch")]
    [InlineData("1,8,8,1", "", TensorFlow + ";layout=nhwc;channels=gray;resize=stretch")]
    [InlineData("1,1,8,8", "", "scale=1/255;mean=0;std=1;layout=nchw;channels=gray;resize=stretch")]
    [InlineData("3,8,8", "", ImageNet + ";layout=nchw;channels=rgb;resize=stretch")]
    [InlineData("8,8,3", "", TensorFlow + ";layout=nhwc;channels=rgb;resize=stretch")]
    [InlineData("-1,8,8", "", "scale=1/255;mean=0;std=1;layout=nchw;channels=gray;resize=stretch")]
    // What the model leaves open: the first image has 100 rows of 250 pixels.
    [InlineData("-1,3,-1,-1", "", ImageNet + ";layout=nchw;channels=rgb;resize=stretch;size=96x256")]
    [InlineData("-1,3,48,-1", "", ImageNet + ";layout=nchw;channels=rgb;resize=stretch;size=48x128")]
    [InlineData("-1,-1,128,3", "", TensorFlow + ";layout=nhwc;channels=rgb;resize=stretch;size=64x128")]
    [InlineData("-1,-1,-1,-1", "layout=nhwc", TensorFlow + ";layout=nhwc;channels=rgb;resize=stretch;size=96x256")]
    [InlineData("-1,3,-1,-1", "scale=2", "scale=2;mean=0;std=1;layout=nchw;channels=rgb;resize=stretch;size=96x256")]
    public void What_is_not_said_is_guessed_and_told(string dimensions, string given, string expected)
    {
        ImageInput resolved = Resolve(dimensions, given);
        Assert.Equal(expected, resolved.Preprocessing.ToString());
        Assert.Contains($": {expected}.", Log.Single("OCT3005"), StringComparison.Ordinal);

        // The text that was told says all: nothing is guessed any more.
        var second = new DiagnosticLog();
        Assert.Equal(resolved.Preprocessing, Resolve(dimensions, expected, second).Preprocessing);
        Assert.Empty(second.All);
    }

    [Theory]
    [InlineData("1,3,8,8", "imagenet", ImageNet + ";layout=nchw;channels=rgb;resize=stretch", "1,3,8,8")]
    [InlineData("1,3,8,8", "scale=1/255", "scale=1/255;mean=0;std=1;layout=nchw;channels=rgb;resize=stretch", "1,3,8,8")]
    [InlineData("-1,3,-1,-1", "std=2;size=48x192", "scale=1;mean=0;std=2;layout=nchw;channels=rgb;resize=stretch;size=48x192", "1,3,48,192")]
    [InlineData("8,-1,-1,-1", "mean=0;channels=gray;layout=nchw;size=4x5", "scale=1;mean=0;std=1;layout=nchw;channels=gray;resize=stretch;size=4x5", "1,1,4,5")]
    [InlineData("3,-1,-1", "mean=0;size=4x5", "scale=1;mean=0;std=1;layout=nchw;channels=rgb;resize=stretch;size=4x5", "3,4,5")]
    [InlineData("-1,-1,3", "mean=0;size=4x5", "scale=1;mean=0;std=1;layout=nhwc;channels=rgb;resize=stretch;size=4x5", "4,5,3")]
    [InlineData("-1,4,5", "mean=0", "scale=1;mean=0;std=1;layout=nchw;channels=gray;resize=stretch", "1,4,5")]
    public void What_is_said_is_kept_without_a_word(string dimensions, string given, string expected, string shape)
    {
        ImageInput resolved = Resolve(dimensions, given);
        Assert.Equal(expected, resolved.Preprocessing.ToString());
        Assert.Equal(shape, string.Join(",", resolved.Shape));
        Assert.Empty(Log.All);
    }

    [Theory]
    [InlineData("1,320,320,4", "", "OCT3007", "none is 1 or 3")]
    [InlineData("1,320,320,4", "layout=nhwc", "OCT3007", "has 4 channels")]
    [InlineData("1,4,320,320", "", "OCT3007", ".npz")]
    [InlineData("-1,-1,-1,-1", "", "OCT3007", "layout=")]
    [InlineData("1,3,100000,100000", "", "OCT3007", "100 million")]
    [InlineData("1,1,8,8", "imagenet", "OCT3007", "one channel")]
    [InlineData("1,3,8,8", "imagenet;channels=gray", "OCT3004", "[1,1,8,8]")]
    [InlineData("1,1,8,8", "scale=1;channels=rgb", "OCT3004", "[1,3,8,8]")]
    [InlineData("1,3,8,8", "imagenet;size=16x8", "OCT3004", "[1,3,16,8]")]
    [InlineData("1,64", "", "OCT3009", "an image")]
    public void What_cannot_be_is_told(string dimensions, string given, string code, string words) =>
        Assert.Contains(words, Throws(code, () => Resolve(dimensions, given)), StringComparison.Ordinal);

    [Fact]
    public void Pixels_as_they_are_need_no_values()
    {
        ModelInput bytes = Input("x", TensorElementType.UInt8, 1, 8, 8, 3);
        Assert.Equal("layout=nhwc;channels=rgb;resize=stretch", Resolve([bytes], "").Preprocessing.ToString());
        Assert.Empty(Log.All);
        Assert.Contains("uint8", Throws("OCT3007", () => Resolve([bytes], "imagenet")), StringComparison.Ordinal);
    }

    [Fact]
    public void An_input_that_images_do_not_feed_is_named()
    {
        ModelInput image = Input(1, 3, 8, 8);
        ModelInput other = Input("scale", TensorElementType.Float, 2);
        Assert.Contains("'scale'", Throws("OCT3009", () => Resolve([image, other], "imagenet")), StringComparison.Ordinal);
        Assert.Contains("'scale'", Throws("OCT3009", () => Resolve([other, image], "imagenet")), StringComparison.Ordinal);
        Throws("OCT3009", () => Resolve([Input("ids", TensorElementType.Int64, 1, 3, 8, 8)], "imagenet"));
    }

    private ImageInput Resolve(string dimensions, string given, DiagnosticLog? log = null) =>
        Resolve([Input([.. dimensions.Split(',').Select(long.Parse)])], given, log);

    private ImageInput Resolve(ModelInput[] inputs, string given, DiagnosticLog? log = null) =>
        ImageInput.Resolve([.. inputs], ImagePreprocessing.Parse(given), "a.png", () => _first, "/models/model.onnx", log ?? Log);
}
