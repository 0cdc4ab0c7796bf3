using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Folds a BatchNormalization into the Conv, ConvTranspose or Gemm before it: with s = scale / sqrt(variance + epsilon) the weights of
/// output channel c are multiplied by s[c], and the bias becomes (bias - mean) * s + B (ONNX BatchNormalization; Jacob et al. 2018, 3.2).
/// </summary>
public static class FoldBatchNormalization
{
    /// <summary>Returns the rewritten model; the argument is left as it is. Equal up to float rounding.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        ModelProto result = model.Clone();
        GraphProto graph = result.Graph;
        GraphIndex index = new(graph);
        UniqueNames names = new(result);
        foreach (NodeProto normalization in graph.Node.Where(node => node.Is("BatchNormalization")).ToArray())
        {
            if (index.Producer(normalization.Input[0]) is not { } compute
                || index.SoleConsumer(compute.Output[0]) != normalization
                || Affine.Read(normalization, index) is not { } affine
                || !TryFold(compute, affine, index, names, graph))
                continue;

            compute.Output[0] = normalization.Output[0];
            graph.Node.Remove(normalization);
            index = new GraphIndex(graph);
        }
        return result;
    }

    private static bool TryFold(NodeProto compute, Affine affine, GraphIndex index, UniqueNames names, GraphProto graph)
    {
        if (index.Initializer(compute.InputAt(1)) is not { } weights || !weights.IsFloatingPoint()
            || ChannelLayout.Of(compute, weights) is not { } layout
            || (compute.InputAt(2).Length > 0 && index.Initializer(compute.Input[2]) is null))
            return false;

        int count = weights.ElementCount();
        int channels = affine.Scale.Length;
        if (layout.Channels != channels || layout.Groups * layout.InputsPerGroup * layout.ChannelsPerGroup * layout.Inner != count)
            return false;
        float[] bias = compute.InputAt(2).Length > 0 ? index.Initializer(compute.Input[2])!.ToFloats() : new float[channels];
        if (bias.Length != channels)
            return false;
        for (int channel = 0; channel < channels; channel++)
            bias[channel] = (float)(bias[channel] * affine.Scale[channel] + affine.Shift[channel]);

        // New names: the old weights may serve other nodes too.
        string weightsName = names.Fresh($"{weights.Name}_folded");
        string biasName = names.Fresh($"{weights.Name}_folded_bias");
        graph.Initializer.Add(Tensors.CreateFloat(weightsName, weights.Dims, count, values =>
        {
            weights.CopyFloatsTo(values);
            layout.Scale(values, affine.Scale);
        }));
        graph.Initializer.Add(Tensors.Create(biasName, [channels], bias));
        compute.Input[1] = weightsName;
        if (compute.Input.Count > 2)
            compute.Input[2] = biasName;
        else
            compute.Input.Add(biasName);
        return true;
    }

    /// <summary>
    /// Where the output channels lie in a weight tensor: [groups, inputs a group, channels a group, inner], row-major. Conv and a transposed Gemm
    /// have one input "row" a group; ConvTranspose [C, M/group, ...] has its input channels outside, group by group.
    /// </summary>
    private sealed record ChannelLayout(long Groups, long InputsPerGroup, long ChannelsPerGroup, long Inner)
    {
        public long Channels => Groups * ChannelsPerGroup;

        public static ChannelLayout? Of(NodeProto compute, TensorProto weights)
        {
            long[] dims = [.. weights.Dims];
            long Product(int from) => dims.Skip(from).Aggregate(1L, (product, extent) => product * extent);
            if (compute.Is("Conv") && dims.Length > 1)
                return new ChannelLayout(1, 1, dims[0], Product(1));
            if (compute.Is("ConvTranspose") && dims.Length > 2 && compute.Int("group", 1) is > 0 and var groups)
                return new ChannelLayout(groups, dims[0] / groups, dims[1], Product(2));
            if (compute.Is("Gemm") && dims.Length == 2 && compute.Float("alpha", 1) == 1 && compute.Float("beta", 1) == 1)
                return compute.Int("transB", 0) != 0 ? new ChannelLayout(1, 1, dims[0], dims[1]) : new ChannelLayout(1, dims[0], dims[1], 1);
            return null;
        }

        public void Scale(Span<float> values, double[] scale)
        {
            int position = 0;
            for (long group = 0; group < Groups; group++)
                for (long input = 0; input < InputsPerGroup; input++)
                    for (long channel = 0; channel < ChannelsPerGroup; channel++)
                    {
                        double factor = scale[group * ChannelsPerGroup + channel];
                        foreach (ref float value in values.Slice(position, (int)Inner))
                            value = (float)(value * factor);
                        position += (int)Inner;
                    }
        }
    }

    /// <summary>BatchNormalization as y = x * Scale[c] + Shift[c], in double.</summary>
    private sealed record Affine(double[] Scale, double[] Shift)
    {
        public static Affine? Read(NodeProto node, GraphIndex index)
        {
            // Outputs beyond the first, training_mode and per-element statistics (spatial = 0, up to opset 8) belong to training.
            if (node.Output.Skip(1).Any(output => output.Length > 0) || node.Int("training_mode", 0) != 0 || node.Int("spatial", 1) == 0 || node.Input.Count < 5)
                return null;
            float[]?[] parameters = [.. Enumerable.Range(1, 4).Select(i => index.Initializer(node.Input[i]) is { } tensor && tensor.IsFloatingPoint() ? tensor.ToFloats() : null)];
            if (parameters is not [{ } gamma, { } beta, { } mean, { } variance])
                return null;

            double epsilon = node.Float("epsilon", 1e-5f);
            double[] scale = new double[gamma.Length];
            double[] shift = new double[gamma.Length];
            for (int channel = 0; channel < gamma.Length; channel++)
            {
                scale[channel] = gamma[channel] / Math.Sqrt(variance[channel] + epsilon);
                shift[channel] = beta[channel] - mean[channel] * scale[channel];
            }
            return new Affine(scale, shift);
        }
    }
}
