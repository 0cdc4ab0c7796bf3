using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Makes one Conv of a 1x1 Conv and the Conv behind it where nothing stands between them and the product of their weights is smaller than both together: W2 (W1 x + b1) + b2.
/// </summary>
public static class MergeConvolutions
{
    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.TryEachNode(model, node => node.Is("Conv"), TryMerge);

    private static bool TryMerge(NodeProto second, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        if (index.Producer(second.Input[0]) is not { } first || !first.Is("Conv") || !ReferenceEquals(index.SoleConsumer(second.Input[0]), second)
            || ConvolutionShape.Of(first, index) is not { IsPointwise: true, Group: 1 } before || ConvolutionShape.Of(second, index) is not { Group: 1 } after
            // The bias of the first does not reach the padding of the second.
            || (after.IsPadded && before.Bias is not null))
            return false;
        int inputs = before.Second, between = before.First, outputs = after.First;
        int taps = (int)after.Kernel.Aggregate(1L, (product, extent) => product * extent);
        // What the strides of the second leave out, the first need not compute: merged, it does not.
        if ((long)inputs * outputs * taps > (long)inputs * between + (long)between * outputs * taps)
            return false;

        float[] one = before.Weights.ToFloats(), other = after.Weights.ToFloats();
        double[] product = new double[outputs * inputs * taps];
        double[] bias = [.. Enumerable.Range(0, outputs).Select(output => (double)(after.Bias?[output] ?? 0))];
        for (int output = 0; output < outputs; output++)
            for (int middle = 0; middle < between; middle++)
                for (int tap = 0; tap < taps; tap++)
                {
                    double weight = other[(output * between + middle) * taps + tap];
                    bias[output] += weight * (before.Bias?[middle] ?? 0);
                    for (int input = 0; input < inputs; input++)
                        product[(output * inputs + input) * taps + tap] += weight * one[middle * inputs + input];
                }

        ReplacementNodes nodes = new(second, editor);
        string weights = nodes.Constant("merged_weights", [outputs, inputs, .. after.Kernel], [.. product.Select(value => (float)value)]);
        string[] operands = before.Bias is null && after.Bias is null ? [first.Input[0], weights] : [first.Input[0], weights, nodes.Constant("merged_bias", [outputs], [.. bias.Select(value => (float)value)])];
        nodes.AddAs(second.Output[0], "Conv", operands, [.. second.Attribute.Select(attribute => attribute.Clone())]);
        editor.Remove(first);
        nodes.Commit();
        return true;
    }
}
