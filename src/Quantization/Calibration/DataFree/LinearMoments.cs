using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Calibration.DataFree;

/// <summary>
/// Conv, ConvTranspose, Gemm and MatMul with constant weights: y = sum w x + b has the mean sum w E[x] + b, and for independent x the variance
/// sum w^2 Var[x]. Inside an image, that is; at its border some x are zeros, which the bounds allow for.
/// </summary>
internal static class LinearMoments
{
    /// <summary>A Conv's result; weights are [M, C/group, ...].</summary>
    public static ChannelMoments? OfConv(NodeProto node, ChannelMoments input, TensorProto weights, float[]? bias, double deviations)
    {
        long[] dims = [.. weights.Dims];
        long groups = node.Int("group", 1);
        if (dims.Length < 3 || groups < 1 || dims[0] % groups != 0 || Spread(input, 1, dims[1] * groups) is not { } inputs)
            return null;
        int perGroup = (int)dims[1], taps = Product(dims, 2), outputsPerGroup = (int)(dims[0] / groups);
        bool padded = node.Ints("pads")?.Any(pad => pad != 0) == true || node.Text("auto_pad", "NOTSET") is "SAME_UPPER" or "SAME_LOWER";
        WeightedSums sums = new((int)dims[0], deviations);
        ReadOnlySpan<float> values = weights.AsFloats();
        for (int output = 0; output < dims[0]; output++)
            for (int i = 0; i < perGroup; i++)
                foreach (float weight in values.Slice((output * perGroup + i) * taps, taps))
                    sums.Add(output, weight, inputs[output / outputsPerGroup * perGroup + i], padded);
        return sums.Results(bias) is { } channels ? new ChannelMoments(channels, 1) : null;
    }

    /// <summary>
    /// A ConvTranspose's result; weights are [C, M/group, ...]. Each output element meets only the taps of its phase, its position modulo the stride:
    /// a channel is the mixture of its phases.
    /// </summary>
    public static ChannelMoments? OfConvTranspose(NodeProto node, ChannelMoments input, TensorProto weights, float[]? bias, double deviations)
    {
        long[] dims = [.. weights.Dims];
        long groups = node.Int("group", 1);
        if (dims.Length < 3 || groups < 1 || dims[0] % groups != 0 || Spread(input, 1, dims[0]) is not { } inputs)
            return null;
        long[] kernel = dims[2..];
        long[] strides = node.Ints("strides") is { Length: > 0 } given ? given : [.. kernel.Select(_ => 1L)];
        long[] dilations = node.Ints("dilations") is { Length: > 0 } spread ? spread : [.. kernel.Select(_ => 1L)];
        if (strides.Length != kernel.Length || dilations.Length != kernel.Length)
            return null;
        int perGroup = (int)dims[1], taps = Product(dims, 2), inputsPerGroup = (int)(dims[0] / groups), phases = Product(strides, 0);
        int[] phaseOf = [.. Enumerable.Range(0, taps).Select(tap => Phase(tap, kernel, strides, dilations))];
        int outputs = perGroup * (int)groups;
        WeightedSums sums = new(outputs * phases, deviations);
        ReadOnlySpan<float> values = weights.AsFloats();
        for (int i = 0; i < dims[0]; i++)
            for (int j = 0; j < perGroup; j++)
                for (int tap = 0; tap < taps; tap++)
                    sums.Add((i / inputsPerGroup * perGroup + j) * phases + phaseOf[tap], values[(i * perGroup + j) * taps + tap], inputs[i], mayMiss: true);
        float[]? eachPhase = bias?.Length == outputs ? [.. bias.SelectMany(value => Enumerable.Repeat(value, phases))] : null;
        if ((bias is not null && eachPhase is null) || sums.Results(eachPhase) is not { } results)
            return null;
        return new ChannelMoments([.. results.Chunk(phases).Select(channel => Moments.Mixture(channel))], 1);
    }

    /// <summary>The product of rows with constant weights [K, N], or [N, K] where transposed; one channel a column.</summary>
    /// <param name="input">The rows.</param>
    /// <param name="inputAxis">The rows' dimension that is summed over.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="transposed">Whether a column's weights lie together.</param>
    /// <param name="factor">Multiplies the product.</param>
    /// <param name="bias">One summand a column, or one for all.</param>
    /// <param name="axis">The columns' dimension in the result.</param>
    /// <param name="deviations">How far ranges reach.</param>
    public static ChannelMoments? OfProduct(ChannelMoments input, int inputAxis, TensorProto weights, bool transposed, double factor, float[]? bias, int axis, double deviations)
    {
        if (weights.Dims.Count != 2)
            return null;
        int columns = (int)weights.Dims[transposed ? 0 : 1], rows = (int)weights.Dims[transposed ? 1 : 0];
        if (Spread(input, inputAxis, rows) is not { } inputs)
            return null;
        WeightedSums sums = new(columns, deviations);
        ReadOnlySpan<float> values = weights.AsFloats();
        for (int i = 0; i < values.Length; i++)
        {
            (int row, int column) = transposed ? (i % rows, i / rows) : (i / columns, i % columns);
            sums.Add(column, factor * values[i], inputs[row], mayMiss: false);
        }
        return sums.Results(bias) is { } channels ? new ChannelMoments(channels, axis) : null;
    }

    private static Moments[]? Spread(ChannelMoments input, int axis, long channels) => (input.Axis == axis ? input.Spread(channels) : null) ?? input.Merge().Spread(channels);

    private static int Product(long[] extents, int from) => (int)extents.Skip(from).Aggregate(1L, (product, extent) => product * extent);

    private static int Phase(int tap, long[] kernel, long[] strides, long[] dilations)
    {
        long phase = 0, scale = 1, rest = tap;
        for (int d = kernel.Length - 1; d >= 0; d--)
        {
            phase += rest % kernel[d] * dilations[d] % strides[d] * scale;
            scale *= strides[d];
            rest /= kernel[d];
        }
        return (int)phase;
    }

    /// <summary>Sums of weighted independent values.</summary>
    private sealed class WeightedSums
    {
        private readonly Sum[] _sums;
        private readonly double _deviations;

        public WeightedSums(int count, double deviations)
        {
            _sums = new Sum[count];
            _deviations = deviations;
        }

        /// <summary>Adds a value times a weight; one that may be missing (in the padding) is 0 then.</summary>
        public void Add(int index, double weight, in Moments value, bool mayMiss)
        {
            if (weight == 0)
                return;
            ref Sum sum = ref _sums[index];
            double below = value.Mean - value.Range.Low, above = value.Range.High - value.Mean, square = weight * weight;
            sum.Mean += weight * value.Mean;
            sum.Variance += square * value.Variance;
            sum.Below += square * (weight > 0 ? below * below : above * above);
            sum.Above += square * (weight > 0 ? above * above : below * below);
            Accumulate(ref sum.Low, ref sum.High, weight, mayMiss ? value.Range.Hull(Interval.Zero) : value.Range);
            Accumulate(ref sum.Lower, ref sum.Upper, weight, mayMiss ? value.Bounds.Hull(Interval.Zero) : value.Bounds);
        }

        /// <summary>The sums, each with its summand; null where their number does not fit.</summary>
        public Moments[]? Results(float[]? bias)
        {
            if (bias is not null && bias.Length != 1 && bias.Length != _sums.Length)
                return null;
            return [.. _sums.Select((sum, i) =>
            {
                double shift = bias is null ? 0 : bias[bias.Length == 1 ? 0 : i];
                return BinaryMoments.WithTails(
                    sum.Mean + shift, sum.Variance, Math.Sqrt(sum.Below), Math.Sqrt(sum.Above), _deviations, new Interval(sum.Low + shift, sum.High + shift), new Interval(sum.Lower + shift, sum.Upper + shift));
            })];
        }

        private static void Accumulate(ref double low, ref double high, double weight, Interval interval)
        {
            low += weight * (weight > 0 ? interval.Low : interval.High);
            high += weight * (weight > 0 ? interval.High : interval.Low);
        }

        private struct Sum
        {
            public double Mean, Variance, Below, Above, Low, High, Lower, Upper;
        }
    }
}
