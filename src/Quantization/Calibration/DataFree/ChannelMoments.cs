namespace Octet.Quantization.Calibration.DataFree;

/// <summary>What is known of a value, channel by channel, in double.</summary>
/// <param name="Channels">The channels; a single one where they are not told apart.</param>
/// <param name="Axis">The dimension that they lie along, counted from the front; of no meaning for a single one.</param>
internal sealed record ChannelMoments(Moments[] Channels, int Axis)
{
    /// <summary>
    /// For a function of another value: each channel's results at the points of <see cref="NormalGrid"/>, and the value it is a function of. Lets
    /// x * sigmoid(x) be followed as what it is, and not as a product of two values that have nothing to do with each other.
    /// </summary>
    public Dependence? Function { get; init; }

    /// <summary>Whether each channel is one constant.</summary>
    public bool IsConstant => Channels.All(channel => channel.Range.Low == channel.Range.High);

    /// <summary>The range that holds those of all channels.</summary>
    public Interval Range => Channels.Aggregate(Interval.Empty, (range, channel) => range.Hull(channel.Range));

    /// <summary>What no channel leaves.</summary>
    public Interval Bounds => Channels.Aggregate(Interval.Empty, (bounds, channel) => bounds.Hull(channel.Bounds));

    /// <summary>One channel that stands for every element.</summary>
    public static ChannelMoments Single(Moments moments) => new([moments], 0);

    /// <summary>The channels no longer told apart.</summary>
    public ChannelMoments Merge() => Channels.Length == 1 ? this : Single(Moments.Mixture(Channels));

    /// <summary>Each channel by itself.</summary>
    public ChannelMoments Map(Func<Moments, Moments> function) => new([.. Channels.Select(function)], Axis);

    /// <summary>One of the channels, or the only one.</summary>
    public Moments Channel(int index) => Channels[Channels.Length == 1 ? 0 : index];

    /// <summary>The same distribution somewhere else: nothing that is computed from it can be lined up with this value any more.</summary>
    public ChannelMoments Moved(int axis) => new(Channels, axis);

    /// <summary>Some of the channels, in any order.</summary>
    public ChannelMoments Select(IEnumerable<int> indices) => Channels.Length == 1 ? Moved(Axis) : new ChannelMoments([.. indices.Select(index => Channels[index])], Axis);

    /// <summary>One value a channel: as many channels as asked for, or null where the number does not fit.</summary>
    public Moments[]? Spread(long channels) =>
        Channels.Length == channels ? Channels : Channels.Length == 1 ? [.. Enumerable.Repeat(Channels[0], (int)channels)] : null;

    /// <summary>The value that this one is a function of.</summary>
    public object Source => Function?.Source ?? this;

    /// <summary>A channel's curve over the points of <see cref="NormalGrid"/>.</summary>
    public double[] Curve(int channel)
    {
        int index = Channels.Length == 1 ? 0 : channel;
        return Function?.Curves[index] ?? NormalGrid.Curve(Channels[index]);
    }

    /// <summary>A function of each element.</summary>
    public ChannelMoments Apply(ElementwiseFunction function)
    {
        double[][] curves = [.. Channels.Select((_, channel) => Array.ConvertAll(Curve(channel), x => function.Value(x)))];
        // The points may miss an extremum by half a step; the function itself does not.
        Moments[] channels = [.. Channels.Select((channel, i) => NormalGrid.Integrate(curves[i], function.On(channel.Bounds)) with { Range = function.On(channel.Range) })];
        return new ChannelMoments(channels, Axis) { Function = new Dependence(Source, curves) };
    }

    /// <summary>Results at the points, and the value that they are a function of.</summary>
    public sealed record Dependence(object Source, double[][] Curves);
}
