using System.Numerics.Tensors;

namespace Octet.Quantization.Calibration.Data;

/// <summary>Brings images to another size, one axis after the other.</summary>
internal static class BilinearResampler
{
    /// <summary>Resamples an image along both axes.</summary>
    /// <returns>One plane a channel, row by row, with values from 0 to 255 that are not rounded.</returns>
    public static float[][] Resample(DecodedImage image, ResampleKernel horizontal, ResampleKernel vertical)
    {
        int channels = image.Channels;
        var planes = new float[channels][];
        for (int c = 0; c < channels; c++)
            planes[c] = new float[horizontal.Target * vertical.Target];

        // Whole rows are summed up first, because their pixels lie together, and only the columns that are needed after.
        int begin = horizontal.Begin * channels;
        int length = (horizontal.End - horizontal.Begin) * channels;
        var row = new float[length];
        var sum = new float[length];
        for (int y = 0; y < vertical.Target; y++)
        {
            Array.Clear(sum);
            ReadOnlySpan<float> weights = vertical.Weights(y);
            for (int j = 0; j < weights.Length; j++)
            {
                TensorPrimitives.ConvertTruncating(image.Row(vertical.First(y) + j).Slice(begin, length), row);
                TensorPrimitives.MultiplyAdd(row, weights[j], sum, sum);
            }
            for (int c = 0; c < channels; c++)
                ResampleRow(sum, channels, c, horizontal, planes[c].AsSpan(y * horizontal.Target, horizontal.Target));
        }
        return planes;
    }

    private static void ResampleRow(ReadOnlySpan<float> source, int channels, int channel, ResampleKernel kernel, Span<float> target)
    {
        for (int x = 0; x < target.Length; x++)
        {
            ReadOnlySpan<float> weights = kernel.Weights(x);
            int from = (kernel.First(x) - kernel.Begin) * channels + channel;
            float sum = 0;
            for (int j = 0; j < weights.Length; j++)
                sum += weights[j] * source[from + j * channels];
            target[x] = sum;
        }
    }
}
