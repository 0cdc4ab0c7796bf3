using System.Collections.Immutable;
using System.Globalization;
using CsCheck;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Tests.Calibration.Data;

public sealed class ImagePreprocessingTests
{
    private static readonly Gen<double> Numbers = Gen.OneOf(
        Gen.Int[1, 1000].Select(static divisor => 1.0 / divisor),
        Gen.Double[-1000, 1000].Where(static value => value != 0),
        Gen.Double.Where(static value => double.IsFinite(value) && value != 0),
        Gen.OneOfConst(1 / 255.0, 1 / 127.5, 0.017125, 1, 2));

    private static readonly Gen<ImmutableArray<double>> Lists =
        Gen.OneOf(Gen.Const(ImmutableArray<double>.Empty), Numbers.Array[1].Select(ImmutableArray.Create), Numbers.Array[3].Select(ImmutableArray.Create));

    private static readonly Gen<ImagePreprocessing> Any = Gen.Select(
        Gen.Select(Optional(Numbers), Lists, Lists),
        Optional(Gen.Enum<ImageLayout>()), Optional(Gen.Enum<ImageChannels>()), Optional(Gen.Enum<ImageResize>()),
        Optional(Gen.Select(Gen.Int[1, 9999], Gen.Int[1, 9999]).Select(static (height, width) => new ImageSize(height, width))),
        static (values, layout, channels, resize, size) => new ImagePreprocessing
        {
            Scale = values.Item1,
            Mean = values.Item2,
            StandardDeviation = values.Item3,
            Layout = layout,
            Channels = channels,
            Resize = resize,
            Size = size,
        });

    [Fact]
    public void What_is_written_reads_back_as_an_equal_record()
    {
        Any.Sample(static preprocessing =>
        {
            ImagePreprocessing read = ImagePreprocessing.Parse(preprocessing.ToString());
            Assert.Equal(preprocessing, read);
            Assert.Equal(preprocessing.Scale, read.Scale);
            Assert.Equal(preprocessing.Mean.AsSpan(), read.Mean.AsSpan());
            Assert.Equal(preprocessing.StandardDeviation.AsSpan(), read.StandardDeviation.AsSpan());
            Assert.Equal((preprocessing.Layout, preprocessing.Channels, preprocessing.Resize, preprocessing.Size), (read.Layout, read.Channels, read.Resize, read.Size));
            Assert.Equal(preprocessing.GetHashCode(), read.GetHashCode());
        });
    }

    [Theory]
    [InlineData("imagenet", "scale=1/255;mean=0.485,0.456,0.406;std=0.229,0.224,0.225")]
    [InlineData("ImageNet ; Layout = NHWC", "scale=1/255;mean=0.485,0.456,0.406;std=0.229,0.224,0.225;layout=nhwc")]
    [InlineData("imagenet;std=1", "scale=1/255;mean=0.485,0.456,0.406;std=1")]
    [InlineData("size=48X192;resize=fit;channels=bgr;scale=0.5;mean=1/2;std=2", "scale=0.5;mean=0.5;std=2;channels=bgr;resize=fit;size=48x192")]
    [InlineData("scale=1/127.5;mean=1", "scale=1/127.5;mean=1")]
    [InlineData(";;", "")]
    public void Parts_come_in_any_order_and_case(string text, string canonical) => Assert.Equal(canonical, ImagePreprocessing.Parse(text).ToString());

    [Theory]
    [InlineData("scale=0", "scale")]
    [InlineData("scale=1/0", "scale")]
    [InlineData("scale=one", "scale")]
    [InlineData("scale", "scale")]
    [InlineData("mean=1,2", "mean")]
    [InlineData("mean=", "mean")]
    [InlineData("mean=nan", "mean")]
    [InlineData("std=1,0,1", "std")]
    [InlineData("layout=chw", "layout")]
    [InlineData("layout=1", "layout")]
    [InlineData("channels=rgba", "channels")]
    [InlineData("resize=pad", "resize")]
    [InlineData("size=48", "size")]
    [InlineData("size=0x10", "size")]
    [InlineData("size=99999x99999", "size")]
    [InlineData("layout=nchw;imagenet", "imagenet")]
    [InlineData("layout=nchw;layout=nhwc", "twice")]
    [InlineData("gamma=2", "gamma")]
    public void What_is_not_understood_is_named(string text, string named)
    {
        DiagnosticException exception = Assert.Throws<DiagnosticException>(() => ImagePreprocessing.Parse(text, "model.onnx"));
        Assert.Equal("OCT3007", exception.Diagnostic.Code);
        Assert.Equal("model.onnx", exception.Diagnostic.File);
        Assert.Contains(text, exception.Message, StringComparison.Ordinal);
        Assert.Contains(named, exception.Message[(exception.Message.IndexOf(':', StringComparison.Ordinal) + 1)..], StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_is_read_or_refused()
    {
        Gen<string> parts = Gen.OneOf(Gen.OneOfConst("imagenet", "scale", "mean", "size", "layout", "=", ";", ",", "/", "x", "1", "nchw"), Gen.String[0, 3]);
        parts.Array[0, 12].Select(string.Concat).Sample(static text =>
        {
            try
            {
                ImagePreprocessing read = ImagePreprocessing.Parse(text);
                Assert.Equal(read, ImagePreprocessing.Parse(read.ToString()));
            }
            catch (DiagnosticException exception)
            {
                Assert.Equal("OCT3007", exception.Diagnostic.Code);
            }
        });
    }

    [Fact]
    public void A_culture_with_a_decimal_comma_changes_nothing()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            comma.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = comma;
            Assert.Equal("mean=0.5", ImagePreprocessing.Parse("mean=0.5").ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static Gen<T?> Optional<T>(Gen<T> values) where T : struct => Gen.OneOf(values.Select(static value => (T?)value), Gen.Const((T?)null));
}
