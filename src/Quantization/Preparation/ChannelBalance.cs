using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Divides the channels of activations, and multiplies the weights that read them, so that in neither a channel drowns in the scale that it shares:
/// s[c] = a[c]^alpha / w[c]^(1 - alpha) (Xiao et al. 2022, equation 4; with alpha 0.5, Nagel et al. 2019, equation 11).
/// </summary>
internal static class ChannelBalance
{
    private const double LargestFactor = 1 << 12;

    /// <summary>The values of the main graph whose channels can be divided.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="where">Those that are wanted.</param>
    public static IEnumerable<ChannelScaling> Find(GraphEditor graph, Func<ChannelScaling, bool> where) =>
        graph.Graph.Node.Select(node => ChannelScaling.Find(node.Output[0], graph)).OfType<ChannelScaling>().Where(where);

    /// <summary>The values of a model that is not changed.</summary>
    public static IEnumerable<ChannelScaling> Find(ModelProto model, Func<ChannelScaling, bool> where) => Find(new GraphEditor(model.Graph, new UniqueNames(model)), where);

    /// <summary>Balances each of those values, in graph order: one sees the weights that the one before has left.</summary>
    /// <param name="model">Left as it is, and returned where there is nothing to do.</param>
    /// <param name="where">The values that are wanted.</param>
    /// <param name="activations">The magnitudes of a value's channels, as many as its source has; null to leave it alone.</param>
    /// <param name="alpha">As for <see cref="Divisors"/>.</param>
    public static ModelProto Apply(ModelProto model, Func<ChannelScaling, bool> where, Func<ChannelScaling, double[]?> activations, double alpha)
    {
        ModelProto result = model.Clone();
        bool changed = false;
        foreach (ChannelScaling scaling in Find(new GraphEditor(result.Graph, new UniqueNames(result)), where))
        {
            // A weight scale of its own takes the factor of a single channel in full: nothing has to be left to the activation.
            if (activations(scaling) is not { } magnitudes || Divisors(magnitudes, scaling.ReaderMagnitudes(), scaling.IsDepthwise ? 1 : alpha) is not { } divisors)
                continue;
            scaling.Apply(divisors);
            changed = true;
        }
        return changed ? RemoveUnused.Apply(result) : model;
    }

    /// <summary>One positive divisor a channel, such that the largest activation stays what it is; null where nothing is known.</summary>
    /// <param name="activations">The largest magnitude of each channel.</param>
    /// <param name="weights">The largest weight that multiplies each channel.</param>
    /// <param name="alpha">0 to 1: how much of the activation's imbalance moves to the weights.</param>
    public static double[]? Divisors(double[] activations, double[] weights, double alpha)
    {
        double[] divisors = [.. activations.Zip(weights, (activation, weight) => activation > 0 && weight > 0 ? Math.Pow(activation, alpha) / Math.Pow(weight, 1 - alpha) : double.NaN)];
        double[] known = [.. divisors.Where(double.IsFinite)];
        if (known.Length == 0 || !activations.Concat(weights).All(double.IsFinite))
            return null;
        double unit = activations.Zip(divisors, (activation, divisor) => activation / divisor).Where(double.IsFinite).Max() / activations.Max();
        // A channel that is always 0 must not widen the weights' scales, nor one without weights the activation's.
        double Divisor(int channel) => double.IsFinite(divisors[channel]) ? divisors[channel] : activations[channel] > 0 ? known.Max() : known.Min();
        return [.. divisors.Select((_, channel) => Math.Clamp(Divisor(channel) * unit, 1 / LargestFactor, LargestFactor))];
    }
}
