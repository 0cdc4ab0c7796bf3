using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Calibration.DataFree;

/// <summary>Add, Sub, Mul, Div, Min and Max of two values: point by point where both are functions of one value, else as of independent values.</summary>
internal static class BinaryMoments
{
    /// <summary>A node's result; null where it cannot be told.</summary>
    public static ChannelMoments? Of(string op, ChannelMoments left, ChannelMoments right, double deviations)
    {
        Func<double, double, double> function = op switch
        {
            "Add" or "Sum" => (x, y) => x + y,
            "Sub" => (x, y) => x - y,
            "Mul" => (x, y) => x * y,
            "Div" => (x, y) => x / y,
            "Min" => Math.Min,
            _ => Math.Max,
        };
        object? source = left.IsConstant ? right.Source : right.IsConstant ? left.Source : ReferenceEquals(left.Source, right.Source) ? left.Source : null;
        int count = Math.Max(left.Channels.Length, right.Channels.Length);
        int axis = left.Channels.Length > 1 ? left.Axis : right.Axis;
        Moments[] channels = new Moments[count];
        if (source is null)
        {
            for (int c = 0; c < count; c++)
            {
                if (Independent(op, left.Channel(c), right.Channel(c), deviations) is not { } result)
                    return null;
                channels[c] = result;
            }
            return new ChannelMoments(channels, axis);
        }

        double[][] curves = new double[count][];
        for (int c = 0; c < count; c++)
        {
            double[] first = left.Curve(c), second = right.Curve(c);
            curves[c] = [.. first.Zip(second, function)];
            if (!Array.TrueForAll(curves[c], double.IsFinite))
                return null;
            channels[c] = NormalGrid.Integrate(curves[c], Bounds(op, left.Channel(c).Bounds, right.Channel(c).Bounds));
        }
        return new ChannelMoments(channels, axis) { Function = new ChannelMoments.Dependence(source, curves) };
    }

    /// <summary>
    /// A constant beside a value: the mean and variance of its elements in each channel, exact where it has one element a channel.
    /// </summary>
    /// <param name="constant">The constant.</param>
    /// <param name="rank">The number of dimensions of the result.</param>
    /// <param name="axis">The channels' dimension in the result.</param>
    /// <param name="channels">The number of channels.</param>
    public static ChannelMoments OfConstant(TensorProto constant, int rank, int axis, int channels)
    {
        float[] values = constant.ToFloats();
        int own = axis - (rank - constant.Dims.Count);
        if (values.Length == 1 || own < 0 || constant.Dims[own] == 1 || constant.Dims[own] != channels)
            return ChannelMoments.Single(Mixture(values));

        int inner = (int)constant.Dims.Skip(own + 1).Aggregate(1L, (product, extent) => product * extent);
        List<float>[] members = [.. Enumerable.Range(0, channels).Select(_ => new List<float>())];
        for (int i = 0; i < values.Length; i++)
            members[i / inner % channels].Add(values[i]);
        return new ChannelMoments([.. members.Select(Mixture)], axis);

        static Moments Mixture(IReadOnlyCollection<float> elements) => Moments.Mixture([.. elements.Select(element => Moments.Of(element))]);
    }

    private static Moments? Independent(string op, Moments left, Moments right, double deviations)
    {
        Interval bounds = Bounds(op, left.Bounds, right.Bounds);
        Interval range = Bounds(op, left.Range, right.Range);
        switch (op)
        {
            case "Add" or "Sum":
                return Sum(left.Mean + right.Mean, left.Variance + right.Variance, Tail(left.Mean - left.Range.Low, right.Mean - right.Range.Low), Tail(left.Range.High - left.Mean, right.Range.High - right.Mean));
            case "Sub":
                return Sum(left.Mean - right.Mean, left.Variance + right.Variance, Tail(left.Mean - left.Range.Low, right.Range.High - right.Mean), Tail(left.Range.High - left.Mean, right.Mean - right.Range.Low));
            case "Mul":
                double variance = left.Variance * right.Variance + left.Variance * right.Mean * right.Mean + right.Variance * left.Mean * left.Mean;
                // A product of normal values is not normal: its tails are heavier, so that what the factors' ranges allow is kept.
                return new Moments(bounds.Clamp(left.Mean * right.Mean), variance, range.Intersect(bounds), bounds);
            default:
                return null;
        }

        Moments Sum(double mean, double variance, double below, double above) => WithTails(mean, variance, below, above, deviations, range, bounds);
    }

    /// <summary>
    /// A sum of independent values. Tails add up like standard deviations; those of a rectified value are longer above than its deviation says, and
    /// those of many rectified values longer below than theirs, so that the wider counts.
    /// </summary>
    public static Moments WithTails(double mean, double variance, double below, double above, double deviations, Interval range, Interval bounds)
    {
        double inside = range.Clamp(mean);
        double reach = deviations * Math.Sqrt(variance);
        return new Moments(inside, variance, new Interval(inside - Math.Max(reach, below), inside + Math.Max(reach, above)).Intersect(range), bounds);
    }

    private static double Tail(double left, double right) => Math.Sqrt(left * left + right * right);

    private static Interval Bounds(string op, Interval left, Interval right) => op switch
    {
        "Add" or "Sum" => left + right,
        "Sub" => left - right,
        "Mul" => left * right,
        "Div" => left / right,
        "Min" => new Interval(Math.Min(left.Low, right.Low), Math.Min(left.High, right.High)),
        _ => new Interval(Math.Max(left.Low, right.Low), Math.Max(left.High, right.High)),
    };
}
