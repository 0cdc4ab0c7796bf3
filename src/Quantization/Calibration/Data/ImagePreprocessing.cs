using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Calibration.Data;

/// <summary>The order of an image tensor's dimensions.</summary>
public enum ImageLayout
{
    /// <summary>Channels, height, width.</summary>
    Nchw,

    /// <summary>Height, width, channels.</summary>
    Nhwc,
}

/// <summary>What an image tensor's channels are.</summary>
public enum ImageChannels
{
    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Blue, green, red.</summary>
    Bgr,

    /// <summary>One channel: 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601).</summary>
    Gray,
}

/// <summary>How an image comes to the size that the model takes.</summary>
public enum ImageResize
{
    /// <summary>To width and height exactly, whatever becomes of the proportions.</summary>
    Stretch,

    /// <summary>Proportions kept, as large as fits; the rest, at the right or at the bottom, is zero after normalisation.</summary>
    Fit,

    /// <summary>Proportions kept, as small as covers; the middle is kept.</summary>
    Crop,
}

/// <summary>An image's extents in pixels.</summary>
public readonly record struct ImageSize(int Height, int Width)
{
    /// <summary>Height and width: <c>48x192</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Height}x{Width}");
}

/// <summary>
/// How pixels become a tensor: <c>value = (pixel * scale - mean) / std</c> with pixels from 0 to 255, for each channel. Written as
/// <c>scale=1/255;mean=0.5,0.5,0.5;std=0.5,0.5,0.5;layout=nchw|nhwc;channels=rgb|bgr|gray;resize=stretch|fit|crop;size=HxW</c>, any part of
/// which may be left out. <c>imagenet</c> stands for <c>scale=1/255;mean=0.485,0.456,0.406;std=0.229,0.224,0.225</c>, which the models
/// of torchvision take; parts behind it go before.
/// </summary>
/// <remarks>
/// <para>
/// What is left out follows from the model's input: the layout from where its extent is 1 or 3, <c>channels</c> from that (gray or rgb), the
/// size from its height and width. Where it leaves these open, the first image's size is taken, each side rounded to a multiple of 32, or
/// the other side in proportion where one is fixed. Images are stretched.
/// </para>
/// <para>
/// Of scale, mean and std, those left out are 1, 0 and 1 if any is given. If none is, they are guessed: channels last (nhwc) take
/// <c>scale=1/127.5;mean=1;std=1</c> as models from TensorFlow do, channels first (nchw) <c>imagenet</c>, or <c>scale=1/255</c> for gray images. An
/// input of uint8 takes the pixels as they are. What was guessed is told as OCT3005.
/// </para>
/// </remarks>
public sealed record ImagePreprocessing
{
    private const string Preset = "imagenet";

    /// <summary>What pixels are multiplied by.</summary>
    public double? Scale { get; init; }

    /// <summary>What is subtracted after scaling: one value for all channels or one each; empty where it was not given.</summary>
    public ImmutableArray<double> Mean { get; init; } = [];

    /// <summary>What is divided by at last: one value for all channels or one each; empty where it was not given.</summary>
    public ImmutableArray<double> StandardDeviation { get; init; } = [];

    /// <summary>The order of the dimensions.</summary>
    public ImageLayout? Layout { get; init; }

    /// <summary>What the channels are.</summary>
    public ImageChannels? Channels { get; init; }

    /// <summary>How images come to the model's size.</summary>
    public ImageResize? Resize { get; init; }

    /// <summary>The size, for models that leave it open.</summary>
    public ImageSize? Size { get; init; }

    /// <summary>The values that the models of torchvision were trained with.</summary>
    public static ImagePreprocessing ImageNet { get; } =
        new() { Scale = 1 / 255.0, Mean = [0.485, 0.456, 0.406], StandardDeviation = [0.229, 0.224, 0.225] };

    /// <summary>Whether scale, mean or std was given.</summary>
    internal bool HasValues => Scale is not null || !Mean.IsEmpty || !StandardDeviation.IsEmpty;

    /// <summary>Reads the written form.</summary>
    /// <exception cref="DiagnosticException">OCT3007: it is not understood.</exception>
    public static ImagePreprocessing Parse(string text, string? modelPath = null) =>
        TryParse(text, out ImagePreprocessing? preprocessing, out string? problem)
            ? preprocessing
            : throw Invalid(text, problem, modelPath);

    /// <summary>OCT3007.</summary>
    internal static DiagnosticException Invalid(string text, string problem, string? modelPath) =>
        DiagnosticCatalog.Exception("OCT3007", modelPath, text.Length > 0 ? text : "(none given)", problem);

    /// <summary>The shortest written form that reads back as an equal record.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        if (Scale is { } scale)
            parts.Add($"scale={Format(scale)}");
        if (!Mean.IsEmpty)
            parts.Add($"mean={string.Join(",", Mean.Select(Format))}");
        if (!StandardDeviation.IsEmpty)
            parts.Add($"std={string.Join(",", StandardDeviation.Select(Format))}");
        if (Layout is { } layout)
            parts.Add($"layout={layout.ToString().ToLowerInvariant()}");
        if (Channels is { } channels)
            parts.Add($"channels={channels.ToString().ToLowerInvariant()}");
        if (Resize is { } resize)
            parts.Add($"resize={resize.ToString().ToLowerInvariant()}");
        if (Size is { } size)
            parts.Add($"size={size}");
        return string.Join(";", parts);
    }

    /// <summary>Equal when the written forms are.</summary>
    public bool Equals(ImagePreprocessing? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(ToString());

    private static bool TryParse(string text, [NotNullWhen(true)] out ImagePreprocessing? result, [NotNullWhen(false)] out string? problem)
    {
        result = new ImagePreprocessing();
        problem = null;
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=');
            string key = (equals < 0 ? part : part[..equals]).TrimEnd().ToLowerInvariant();
            string value = equals < 0 ? "" : part[(equals + 1)..].TrimStart();
            ImagePreprocessing? next = (key, equals) switch
            {
                (Preset, < 0) when seen.Count == 0 => ImageNet,
                (Preset, < 0) => null,
                (_, < 0) => null,
                ("scale", _) when Number(value) is { } scale and not 0 => result with { Scale = scale },
                ("mean", _) when Numbers(value) is { } mean => result with { Mean = mean },
                ("std", _) when Numbers(value) is { } deviation && !deviation.Contains(0) => result with { StandardDeviation = deviation },
                ("layout", _) when Word<ImageLayout>(value) is { } layout => result with { Layout = layout },
                ("channels", _) when Word<ImageChannels>(value) is { } channels => result with { Channels = channels },
                ("resize", _) when Word<ImageResize>(value) is { } resize => result with { Resize = resize },
                ("size", _) when SizeOf(value) is { } size => result with { Size = size },
                _ => null,
            };
            problem = next is null ? Problem(key, value, equals >= 0, seen.Count > 0) : seen.Add(key) ? null : $"'{key}' is given twice";
            if (problem is not null)
                return false;
            result = next!;
        }
        return true;
    }

    private static string Problem(string key, string value, bool hasValue, bool isLater) => key switch
    {
        Preset when !hasValue && isLater => $"'{Preset}' goes before the parts that change it",
        "scale" => $"scale is a number other than 0, or a fraction such as 1/255, not '{value}'",
        "mean" => $"mean is one number or three, not '{value}'",
        "std" => $"std is one number or three, none of them 0, not '{value}'",
        "layout" => $"layout is nchw or nhwc, not '{value}'",
        "channels" => $"channels is rgb, bgr or gray, not '{value}'",
        "resize" => $"resize is stretch, fit or crop, not '{value}'",
        "size" => $"size is height and width, such as 48x192, not '{value}'",
        _ => $"it has no part '{key}'",
    };

    /// <summary>A finite number, or a fraction of two.</summary>
    private static double? Number(string text)
    {
        int slash = text.IndexOf('/');
        double divisor = 1;
        bool parsed = double.TryParse(slash < 0 ? text : text[..slash], NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && (slash < 0 || double.TryParse(text[(slash + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out divisor));
        double value = number / divisor;
        return parsed && double.IsFinite(value) ? value : null;
    }

    private static ImmutableArray<double>? Numbers(string text)
    {
        double?[] values = [.. text.Split(',').Select(Number)];
        bool complete = values.Length is 1 or 3 && values.All(static value => value is not null);
        return complete ? [.. values.Select(static value => value!.Value)] : null;
    }

    private static T? Word<T>(string text) where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>())
        {
            if (string.Equals(value.ToString(), text, StringComparison.OrdinalIgnoreCase))
                return value;
        }
        return null;
    }

    private static ImageSize? SizeOf(string text)
    {
        string[] parts = text.ToLowerInvariant().Split('x', StringSplitOptions.TrimEntries);
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int height)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            && height > 0 && width > 0 && (long)height * width <= DecodedImage.MaximumPixels
            ? new ImageSize(height, width) : null;
    }

    /// <summary>The number, as a fraction of 1 where that is the same number and shorter.</summary>
    private static string Format(double value)
    {
        string number = value.ToString("R", CultureInfo.InvariantCulture);
        double divisor = Math.Round(1 / value, 4);
        string fraction = "1/" + divisor.ToString("R", CultureInfo.InvariantCulture);
        return fraction.Length < number.Length && 1 / divisor == value ? fraction : number;
    }
}
