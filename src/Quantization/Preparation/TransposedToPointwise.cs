using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Writes a ConvTranspose whose kernel is its stride as a 1x1 Conv with a channel for each place in the kernel, and a DepthToSpace: no two of its outputs overlap. The
/// Conv has an integer kernel, and what works element by element comes before the DepthToSpace, where it joins the Conv.
/// </summary>
/// <remarks>
/// Of two in a row the second reads places that are channels still: it becomes a Conv with a block of weights for each place of the first, zeros between them, and one
/// DepthToSpace follows for both. That pays while there are few outputs, as at the end of a segmentation head.
/// </remarks>
public static class TransposedToPointwise
{
    private const long MostOutputsOfTwo = 32;

    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.TryEachNode(model, node => node.Is("ConvTranspose"), TryRewrite);

    private static bool TryRewrite(NodeProto node, GraphEditor editor)
    {
        if (ConvolutionShape.Of(node, editor.Index) is not { Group: 1, IsPadded: false, Kernel: [var block, _] } shape || !shape.Kernel.Concat(shape.Strides).All(extent => extent == block)
            || !shape.Dilations.All(dilation => dilation == 1) || node.Ints("output_padding")?.Any(padding => padding != 0) == true || node.Attribute("output_shape") is not null)
            return false;
        int outputs = shape.Second;
        NodeProto? before = Before(node, block * block * outputs, editor);
        int outer = (int)(before?.Int("blocksize", 1) ?? 1), inner = (int)block;

        ReplacementNodes nodes = new(node, editor);
        long[] extents = [(long)outer * outer * inner * inner * outputs, (long)outer * outer * shape.First, 1, 1];
        string weights = nodes.Constant("pointwise_weights", extents, Spread(shape, outer, inner));
        string[] bias = shape.Bias is null ? [] : [nodes.Constant("pointwise_bias", [extents[0]], [.. Enumerable.Range(0, (int)extents[0]).Select(channel => shape.Bias[channel % outputs])])];
        string y = nodes.Add("Conv", [before?.Input[0] ?? node.Input[0], weights, .. bias], Nodes.Attribute("kernel_shape", [1L, 1]));
        string spread = nodes.AddAs(node.Output[0], "DepthToSpace", [y], Nodes.Attribute("blocksize", outer * inner), Nodes.Attribute("mode", "DCR"));
        if (before is not null)
            editor.Remove(before);
        nodes.Commit();
        MoveBehind(editor.Index.Producer(spread)!, editor);
        return true;
    }

    /// <summary>The DepthToSpace right before a node, where the node may be written over its input.</summary>
    private static NodeProto? Before(NodeProto node, long outputs, GraphEditor editor) =>
        editor.Index.Producer(node.Input[0]) is { } before && before.Is("DepthToSpace") && before.Text("mode", "DCR") == "DCR" && editor.Index.SoleConsumer(node.Input[0]) is not null
        && before.Int("blocksize", 1) * before.Int("blocksize", 1) * outputs <= MostOutputsOfTwo ? before : null;

    // From [inputs, outputs, row, column] to [place, outputs] x [outer place, inputs]; the channels of a DCR DepthToSpace are places first.
    private static float[] Spread(ConvolutionShape shape, int outer, int inner)
    {
        float[] values = shape.Weights.ToFloats();
        int inputs = shape.First, outputs = shape.Second, block = outer * inner, columns = outer * outer * inputs;
        float[] spread = new float[block * block * outputs * columns];
        for (int row = 0; row < block; row++)
            for (int column = 0; column < block; column++)
                for (int output = 0; output < outputs; output++)
                {
                    int from = row / inner * outer + column / inner, tap = row % inner * inner + column % inner;
                    for (int input = 0; input < inputs; input++)
                        spread[((row * block + column) * outputs + output) * columns + from * inputs + input] = values[(input * outputs + output) * inner * inner + tap];
                }
        return spread;
    }

    private static void MoveBehind(NodeProto depthToSpace, GraphEditor editor)
    {
        while (editor.Index.SoleConsumer(depthToSpace.Output[0]) is { } next && next.IsStandard() && next.Input[0] == depthToSpace.Output[0]
            && (next.OpType is "Relu" or "LeakyRelu" or "Sigmoid" or "HardSigmoid" or "HardSwish" or "Tanh" || (next.Is("Clip") && next.Input.Skip(1).All(bound => bound.Length == 0 || editor.Index.Initializer(bound) is not null))))
        {
            ReplacementNodes nodes = new(next, editor);
            string y = nodes.AddLike([depthToSpace.Input[0], .. next.Input.Skip(1)]);
            nodes.AddAs(next.Output[0], "DepthToSpace", [y], [.. depthToSpace.Attribute.Select(attribute => attribute.Clone())]);
            editor.Remove(depthToSpace);
            nodes.Commit();
            depthToSpace = editor.Index.Producer(next.Output[0])!;
        }
    }
}
