using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Runtime;

namespace Octet.Quantization.Calibration.Data;

/// <summary>Turns images into tensors: size, channels, normalisation, layout.</summary>
internal sealed class ImageTransform(ImageInput target)
{
    // The weights of ITU-R BT.601, which image libraries use for gray.
    private const float RedWeight = 0.299f;
    private const float GreenWeight = 0.587f;
    private const float BlueWeight = 0.114f;

    private readonly ImagePreprocessing _preprocessing = target.Preprocessing;

    /// <summary>Whether the tensors have a batch dimension, of 1.</summary>
    public bool IsBatched => target.Axes.IsBatched;

    /// <summary>The tensor of one image.</summary>
    public NamedTensor Apply(DecodedImage image)
    {
        ImageSize size = target.Size;
        ImageSize filled = _preprocessing.Resize == ImageResize.Fit ? FittedSize(image.Size, size) : size;
        float[][] planes = ToChannels(Resize(image, filled));

        var tensor = new float[target.Channels * size.Height * size.Width];
        for (int c = 0; c < planes.Length; c++)
        {
            Normalize(planes[c], c);
            Place(planes[c], filled, tensor, c);
        }
        return new NamedTensor(target.Input.Name, target.Shape, ToElements(tensor));
    }

    /// <summary>The largest size in the given one that keeps the proportions, up to a whole pixel.</summary>
    internal static ImageSize FittedSize(ImageSize image, ImageSize available)
    {
        double scale = Math.Min((double)available.Height / image.Height, (double)available.Width / image.Width);
        return new ImageSize(Fitted(image.Height, available.Height), Fitted(image.Width, available.Width));

        // A little less than a whole pixel is rounding, and no reason for one pixel more.
        int Fitted(int extent, int limit) => Math.Clamp((int)Math.Ceiling(extent * scale - 1e-6), 1, limit);
    }

    private float[][] Resize(DecodedImage image, ImageSize size)
    {
        (double height, double width) = (image.Size.Height, image.Size.Width);
        if (_preprocessing.Resize == ImageResize.Crop)
        {
            double scale = Math.Min(height / size.Height, width / size.Width);
            (height, width) = (size.Height * scale, size.Width * scale);
        }
        var horizontal = new ResampleKernel(image.Size.Width, size.Width, (image.Size.Width - width) / 2, width);
        var vertical = new ResampleKernel(image.Size.Height, size.Height, (image.Size.Height - height) / 2, height);
        return BilinearResampler.Resample(image, horizontal, vertical);
    }

    /// <summary>The planes in the model's order, each an array of its own.</summary>
    private float[][] ToChannels(float[][] planes)
    {
        bool isGray = planes.Length == 1;
        if (_preprocessing.Channels != ImageChannels.Gray)
        {
            return isGray ? [planes[0], [.. planes[0]], [.. planes[0]]]
                : _preprocessing.Channels == ImageChannels.Bgr ? [planes[2], planes[1], planes[0]]
                : planes;
        }
        if (isGray)
            return planes;

        float[] gray = planes[0];
        TensorPrimitives.Multiply(gray, RedWeight, gray);
        TensorPrimitives.MultiplyAdd(planes[1], GreenWeight, gray, gray);
        TensorPrimitives.MultiplyAdd(planes[2], BlueWeight, gray, gray);
        return [gray];
    }

    private void Normalize(float[] plane, int channel)
    {
        if (_preprocessing.Scale is not { } scale)
            return;
        TensorPrimitives.Multiply(plane, (float)scale, plane);
        TensorPrimitives.Subtract(plane, (float)Of(_preprocessing.Mean), plane);
        TensorPrimitives.Divide(plane, (float)Of(_preprocessing.StandardDeviation), plane);

        double Of(IReadOnlyList<double> values) => values[values.Count == 1 ? 0 : channel];
    }

    /// <summary>Writes a plane where it belongs; what it does not fill stays zero.</summary>
    private void Place(float[] plane, ImageSize filled, float[] tensor, int channel)
    {
        ImageSize size = target.Size;
        bool together = target.Axes.Layout == ImageLayout.Nhwc;
        for (int y = 0; y < filled.Height; y++)
        {
            ReadOnlySpan<float> row = plane.AsSpan(y * filled.Width, filled.Width);
            if (together)
            {
                Span<float> pixels = tensor.AsSpan(y * size.Width * target.Channels);
                for (int x = 0; x < row.Length; x++)
                    pixels[x * target.Channels + channel] = row[x];
            }
            else
            {
                row.CopyTo(tensor.AsSpan((channel * size.Height + y) * size.Width));
            }
        }
    }

    private Array ToElements(float[] tensor)
    {
        switch (target.Input.ElementType)
        {
            case TensorElementType.UInt8:
                return Array.ConvertAll(tensor, static value => (byte)Math.Clamp(MathF.Round(value), 0, byte.MaxValue));
            case TensorElementType.Float16:
                var halves = new Float16[tensor.Length];
                TensorPrimitives.ConvertToHalf(tensor, MemoryMarshal.Cast<Float16, Half>(halves.AsSpan()));
                return halves;
            default:
                return tensor;
        }
    }
}
