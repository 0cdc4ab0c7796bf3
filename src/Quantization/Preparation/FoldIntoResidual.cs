using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Removes a BatchNormalization behind a shortcut's Add, as pre-activation networks (He et al. 2016) have it: y = s * (x + t / s) with s above 0. The factor s goes through
/// the Relu into the Convs behind; the shift t / s is given to x itself, by the bias of a Conv that x is the sum of, and taken back by the bias of the Conv
/// that the next Add joins x with.
/// </summary>
/// <remarks>The shortcut carries shifted values from then on. A factor that is not above 0 cannot pass the Relu: such a normalization stays.</remarks>
public static class FoldIntoResidual
{
    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.TryEachNode(model, node => node.Is("BatchNormalization"), TryFold);

    private static bool TryFold(NodeProto node, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        if (ChannelAffine.OfBatchNormalization(node, index) is not { } affine || index.IsOutput(affine.Input)
            || ConstantPath.Find(node.Output[0], new ChannelAffine(affine.Input, affine.Scale, [0]), editor) is not { } factors)
            return false;
        double[] shift = [.. affine.Shift.Zip(affine.Scale, (summand, factor) => summand / factor)];
        double[] back = [.. shift.Select(summand => -summand)];

        NodeProto? Summand(string value, NodeProto add) =>
            index.Producer(value) is { } conv && ReferenceEquals(index.SoleConsumer(value), add) && AffineFolding.CanShift(conv, shift.Length, index) ? conv : null;
        NodeProto? giver = index.Producer(affine.Input) is { } producer
            ? producer.Is("Add") ? producer.Input.Select(summand => Summand(summand, producer)).FirstOrDefault(conv => conv is not null) : AffineFolding.CanShift(producer, shift.Length, index) ? producer : null
            : null;
        NodeProto?[] takers = [.. index.Consumers(affine.Input).Where(reader => !ReferenceEquals(reader, node))
            .Select(reader => reader.Is("Add") && reader.Input.Count(input => input == affine.Input) == 1 ? Summand(reader.Input[reader.Input[0] == affine.Input ? 1 : 0], reader) : null)];
        if (giver is null || takers.Contains(null))
            return false;

        factors.Apply();
        AffineFolding.Shift(giver, shift, editor);
        foreach (NodeProto? taker in takers)
            AffineFolding.Shift(taker!, back, editor);
        editor.Remove(node);
        editor.RedirectReads(node.Output[0], affine.Input);
        return true;
    }
}
