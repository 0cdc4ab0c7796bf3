using System.Collections.Immutable;

namespace Octet.Quantization.Calibration.Data;

/// <summary>Which dimension of a model's input is which.</summary>
/// <param name="Layout">The order of the dimensions.</param>
/// <param name="Rank">The number of dimensions.</param>
/// <param name="IsBatched">Whether dimension 0 counts images.</param>
/// <param name="Channel">The dimension of the channels; null where there is none, so that images are gray.</param>
/// <param name="Height">The dimension of the rows.</param>
/// <param name="Width">The dimension of the columns.</param>
internal sealed record ImageAxes(ImageLayout Layout, int Rank, bool IsBatched, int? Channel, int Height, int Width)
{
    /// <summary>
    /// Finds the dimensions of an input with three or four of them: the channels are where the extent is 1 or 3, before height and width
    /// or behind. A layout that is given decides; null where nothing does.
    /// </summary>
    public static ImageAxes? Find(ImmutableArray<long> dimensions, ImageLayout? given)
    {
        int batch = dimensions.Length - 3;
        ImageLayout? layout = given
            ?? (dimensions[batch] is 1 or 3 ? ImageLayout.Nchw : dimensions[^1] is 1 or 3 ? ImageLayout.Nhwc : null);
        // Three dimensions without channels: a batch of gray images.
        if (batch == 0 && given is null && layout is null && dimensions[0] < 0 && dimensions[1] > 0 && dimensions[2] > 0)
            return new ImageAxes(ImageLayout.Nchw, 3, IsBatched: true, Channel: null, Height: 1, Width: 2);
        return layout switch
        {
            ImageLayout.Nchw => new ImageAxes(ImageLayout.Nchw, dimensions.Length, batch > 0, batch, batch + 1, batch + 2),
            ImageLayout.Nhwc => new ImageAxes(ImageLayout.Nhwc, dimensions.Length, batch > 0, batch + 2, batch, batch + 1),
            _ => null,
        };
    }

    /// <summary>The shape of one image's tensor, with a batch of 1 where there is a batch.</summary>
    public ImmutableArray<long> Shape(int channels, ImageSize size)
    {
        var shape = new long[Rank];
        if (IsBatched)
            shape[0] = 1;
        if (Channel is { } channel)
            shape[channel] = channels;
        shape[Height] = size.Height;
        shape[Width] = size.Width;
        return [.. shape];
    }
}
