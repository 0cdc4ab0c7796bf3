using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Emission;

/// <summary>
/// What rounded weights shift the mean of each output channel by: the sum of E[x[i]] * (Wq[i] - W[i]) (Nagel et al. 2019, section 4.2; Banner et al.
/// 2018). The bias takes it back.
/// </summary>
/// <remarks>
/// Padding counts as if it had the input's mean: counting it as zeros made no difference. Correcting by the means that the variant is seen to be off
/// by gives no more on most models, costs a run over the samples for each node, and does harm if done for all nodes at once.
/// </remarks>
internal static class BiasCorrection
{
    /// <summary>The shift of each output channel; null where the means do not fit the node.</summary>
    /// <param name="node">A Conv, Gemm or MatMul.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="quantized">The same, rounded.</param>
    /// <param name="axis">The axis of their output channels.</param>
    /// <param name="means">The mean of each input channel.</param>
    public static double[]? Shifts(NodeProto node, TensorProto weights, QuantizedWeights quantized, int axis, ImmutableArray<double> means)
    {
        InputChannels channels = InputChannels.Of(node, weights);
        if (channels.Count != means.Length)
            return null;
        float[] errors = weights.ToFloats();
        int inner = (int)weights.Dims.Skip(axis + 1).Aggregate(1L, (product, extent) => product * extent);
        for (int i = 0; i < errors.Length; i++)
            errors[i] = (float)((double)quantized.Scales[i / inner % channels.Outputs] * quantized.Values[i] - errors[i]);
        double[] shifts = new double[channels.Outputs];
        channels.AddWeighted(errors, ImmutableCollectionsMarshal.AsArray(means), shifts);
        return shifts;
    }
}
