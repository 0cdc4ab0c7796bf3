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
        if (ChannelOf(compute) is not { } channelOf
            || index.Initializer(compute.InputAt(1)) is not { } weights || !weights.IsFloatingPoint()
            || (compute.InputAt(2).Length > 0 && index.Initializer(compute.Input[2]) is null))
            return false;

        float[] values = weights.ToFloats();
        int channels = affine.Scale.Length;
        if (channels == 0 || values.Length % channels != 0)
            return false;
        float[] bias = compute.InputAt(2).Length > 0 ? index.Initializer(compute.Input[2])!.ToFloats() : new float[channels];
        if (bias.Length != channels)
            return false;

        long[] dims = [.. weights.Dims];
        for (int i = 0; i < values.Length; i++)
        {
            int channel = channelOf(dims, i);
            if (channel >= channels)
                return false;
            values[i] = (float)(values[i] * affine.Scale[channel]);
        }
        for (int channel = 0; channel < channels; channel++)
            bias[channel] = (float)(bias[channel] * affine.Scale[channel] + affine.Shift[channel]);

        // New names: the old weights may serve other nodes too.
        string weightsName = names.Fresh($"{weights.Name}_folded");
        string biasName = names.Fresh($"{weights.Name}_folded_bias");
        graph.Initializer.Add(Tensors.Create(weightsName, dims, values));
        graph.Initializer.Add(Tensors.Create(biasName, [channels], bias));
        compute.Input[1] = weightsName;
        if (compute.Input.Count > 2)
            compute.Input[2] = biasName;
        else
            compute.Input.Add(biasName);
        return true;
    }

    /// <summary>For an element of the weights, the output channel that it belongs to; null where the operator cannot take a fold.</summary>
    private static Func<long[], int, int>? ChannelOf(NodeProto compute)
    {
        if (compute.Is("Conv"))
            return (dims, element) => (int)(element / Product(dims, 1));
        if (compute.Is("ConvTranspose"))
        {
            // Weights are [C, M/group, ...]; group g's input channels C/group*g.. feed output channels M/group*g.. .
            long group = compute.Int("group", 1);
            return (dims, element) =>
            {
                long kernel = Product(dims, 2);
                long inputChannel = element / (dims[1] * kernel);
                return (int)(inputChannel / (dims[0] / group) * dims[1] + element / kernel % dims[1]);
            };
        }
        if (compute.Is("Gemm") && compute.Float("alpha", 1) == 1 && compute.Float("beta", 1) == 1)
            return compute.Int("transB", 0) != 0 ? (dims, element) => (int)(element / dims[1]) : (dims, element) => (int)(element % dims[1]);
        return null;
    }

    private static long Product(long[] dims, int from)
    {
        long product = 1;
        foreach (long extent in dims.AsSpan(from))
            product *= extent;
        return product;
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
