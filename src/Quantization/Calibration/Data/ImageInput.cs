using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Calibration.Data;

/// <summary>The model's input that images feed, and how they do, with nothing left open.</summary>
/// <param name="Input">The input.</param>
/// <param name="Axes">Which of its dimensions is which.</param>
/// <param name="Size">The height and width that images get.</param>
/// <param name="Preprocessing">All parts that apply; the size is among them only where the model leaves it open.</param>
internal sealed record ImageInput(ModelInput Input, ImageAxes Axes, ImageSize Size, ImagePreprocessing Preprocessing)
{
    /// <summary>Sizes that are guessed are multiples of this: most models that leave the size open halve it five times.</summary>
    private const int SizeStep = 32;

    private static readonly ImagePreprocessing TensorFlow = new() { Scale = 1 / 127.5, Mean = [1], StandardDeviation = [1] };
    private static readonly ImagePreprocessing UnitRange = new() { Scale = 1 / 255.0, Mean = [0], StandardDeviation = [1] };

    /// <summary>The number of channels of the tensor.</summary>
    public int Channels => Preprocessing.Channels == ImageChannels.Gray ? 1 : 3;

    /// <summary>The shape of one image's tensor.</summary>
    public ImmutableArray<long> Shape => Axes.Shape(Channels, Size);

    /// <summary>Finds the input and settles what the options leave open.</summary>
    /// <param name="inputs">The model's inputs.</param>
    /// <param name="preprocessing">What was given.</param>
    /// <param name="image">An image file, for messages.</param>
    /// <param name="firstImage">The size of the first image, asked for only where the model leaves its own open.</param>
    /// <param name="modelPath">The model, for messages.</param>
    /// <param name="diagnostics">Gets OCT3005 where something had to be guessed.</param>
    /// <exception cref="DiagnosticException">OCT3004, OCT3007 or OCT3009: images do not fit the model.</exception>
    public static ImageInput Resolve(
        ImmutableArray<ModelInput> inputs, ImagePreprocessing preprocessing, string image, Func<ImageSize> firstImage,
        string modelPath, IDiagnosticSink diagnostics)
    {
        ModelInput input = FindInput(inputs, image);
        string described = $"the model's input '{input.Name}' [{input.DimensionsText}]";
        ImageAxes axes = ImageAxes.Find(input.Dimensions, preprocessing.Layout)
            ?? throw Unusable($"which dimension of {described} are the channels cannot be told: none is 1 or 3. Set layout= if the model leaves them "
                + "open; else give tensors (.npy, .npz or .pb)");

        long channels = axes.Channel is { } channel ? input.Dimensions[channel] : 1;
        if (channels is not (< 0 or 1 or 3))
        {
            throw Unusable($"{described} has {channels} channels with layout={axes.Layout.ToString().ToLowerInvariant()}, and an image has "
                + "1 or 3. Give tensors (.npy, .npz or .pb) if the layout is right");
        }

        if ((double)input.Dimensions[axes.Height] * input.Dimensions[axes.Width] > DecodedImage.MaximumPixels)
            throw Unusable($"{described} takes more than 100 million pixels");

        bool guessesSize = preprocessing.Size is null && (input.Dimensions[axes.Height] < 0 || input.Dimensions[axes.Width] < 0);
        ImageSize size = preprocessing.Size ?? SizeOf(input.Dimensions[axes.Height], input.Dimensions[axes.Width], firstImage);
        ImagePreprocessing complete = preprocessing with
        {
            Layout = axes.Layout,
            Channels = preprocessing.Channels ?? (channels == 1 ? ImageChannels.Gray : ImageChannels.Rgb),
            Resize = preprocessing.Resize ?? ImageResize.Stretch,
            Size = guessesSize ? size : preprocessing.Size,
        };

        bool guessesValues = input.ElementType != TensorElementType.UInt8 && !preprocessing.HasValues;
        if (input.ElementType != TensorElementType.UInt8)
        {
            ImagePreprocessing values = !guessesValues ? preprocessing : GuessValues(axes.Layout, complete.Channels.Value);
            complete = complete with
            {
                Scale = values.Scale ?? 1,
                Mean = values.Mean.IsEmpty ? [0] : values.Mean,
                StandardDeviation = values.StandardDeviation.IsEmpty ? [1] : values.StandardDeviation,
            };
        }
        else if (preprocessing.HasValues)
        {
            throw Unusable($"{described} takes the pixels as they are (uint8), so scale, mean and std do not apply");
        }

        var resolved = new ImageInput(input, axes, size, complete);
        if (!input.Fits(resolved.Shape.AsSpan(axes.IsBatched ? 1.. : ..), axes.IsBatched ? 1 : 0))
            throw InputSignature.Misfit(modelPath, input, resolved.Shape);
        if (Math.Max(complete.Mean.Length, complete.StandardDeviation.Length) > resolved.Channels)
            throw Unusable($"mean and std have three values, but {described} has one channel");
        if (guessesValues || guessesSize)
            diagnostics.Report(DiagnosticCatalog.Create("OCT3005", modelPath, input.Name, input.DimensionsText, complete));
        return resolved;

        DiagnosticException Unusable(string problem) => ImagePreprocessing.Invalid(preprocessing.ToString(), problem, modelPath);
    }

    private static ModelInput FindInput(ImmutableArray<ModelInput> inputs, string image)
    {
        static bool TakesImages(ModelInput input) =>
            input.Rank is 3 or 4 && input.ElementType is TensorElementType.Float or TensorElementType.Float16 or TensorElementType.UInt8;

        if (inputs.FirstOrDefault(TakesImages) is not { } input)
        {
            throw InputSignature.Missing(
                image, inputs[0], "an image, which feeds an input of three or four dimensions of float or uint8 alone");
        }
        return inputs.FirstOrDefault(other => other != input) is { } empty ? throw InputSignature.Missing(image, empty, "an image") : input;
    }

    /// <summary>
    /// What most models take that look so: those from TensorFlow have the channels last and take -1 to 1, those from torchvision have them
    /// first and take the values of ImageNet; gray images with the channel first are mostly taken from 0 to 1.
    /// </summary>
    private static ImagePreprocessing GuessValues(ImageLayout layout, ImageChannels channels) =>
        layout == ImageLayout.Nhwc ? TensorFlow : channels == ImageChannels.Gray ? UnitRange : ImagePreprocessing.ImageNet;

    /// <summary>The model's size; what it leaves open follows from the first image, in its proportions where one extent is fixed.</summary>
    private static ImageSize SizeOf(long height, long width, Func<ImageSize> firstImage)
    {
        if (height > 0 && width > 0)
            return new ImageSize((int)height, (int)width);
        ImageSize first = firstImage();
        return new ImageSize(
            height > 0 ? (int)height : Round(width > 0 ? (double)first.Height * width / first.Width : first.Height),
            width > 0 ? (int)width : Round(height > 0 ? (double)first.Width * height / first.Height : first.Width));

        static int Round(double extent) => Math.Max(1, (int)Math.Min(Math.Round(extent / SizeStep), 1 << 16)) * SizeStep;
    }
}
