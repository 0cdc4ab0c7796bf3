using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Pools what a 1x1 Conv reads instead of what it gives, where that has fewer channels: the mean over an image of W x + b is W mean(x) + b. The mean of a squeeze then
/// does not wait for the wide result, nor reads it.
/// </summary>
public static class PoolBeforeConvolution
{
    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.TryEachNode(model, node => node.Is("GlobalAveragePool"), TrySwap);

    private static bool TrySwap(NodeProto pool, GraphEditor editor)
    {
        if (editor.Index.Producer(pool.Input[0]) is not { } conv || !conv.Is("Conv") || ConvolutionShape.Of(conv, editor.Index) is not { IsPointwise: true, Group: 1 } shape
            || (shape.Second >= shape.First && editor.Index.SoleConsumer(pool.Input[0]) is null))
            return false;
        ReplacementNodes nodes = new(pool, editor);
        nodes.AddAs(pool.Output[0], "Conv", [nodes.Add("GlobalAveragePool", [conv.Input[0]]), .. conv.Input.Skip(1)], [.. conv.Attribute.Select(attribute => attribute.Clone())]);
        nodes.Commit();
        return true;
    }
}
