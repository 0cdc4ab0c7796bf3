using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Gives the zeros that a Pad writes around an image to the padding of the Convs and pools behind it. TensorFlow's exports pad by hand where "SAME" is
/// not symmetric.
/// </summary>
/// <remarks>
/// A MaxPool's own padding is less than every number: the same as zeros only where nothing is negative, behind a Relu. An AveragePool must count its padding.
/// </remarks>
public static class FoldPads
{
    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.TryEachNode(model, node => node.Is("Pad"), TryFold);

    private static bool TryFold(NodeProto pad, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        NodeProto[] readers = [.. index.Consumers(pad.Output[0])];
        if (ReadZeros(pad, index) is not { } pads || index.IsOutput(pad.Output[0]) || readers.Length == 0 || !readers.All(reader => CanTake(reader, pad, pads, index)))
            return false;
        foreach (NodeProto reader in readers)
            editor.Change(reader, changed =>
            {
                long[] own = Padding(changed, pads.Length);
                changed.Input[0] = pad.Input[0];
                changed.RemoveAttribute("auto_pad");
                changed.RemoveAttribute("pads");
                changed.Attribute.Add(Nodes.Attribute("pads", own.Zip(pads, (mine, more) => mine + more)));
                if (!changed.Is("AveragePool"))
                    return;
                changed.RemoveAttribute("count_include_pad");
                changed.Attribute.Add(Nodes.Attribute("count_include_pad", 1));
            });
        editor.Remove(pad);
        return true;
    }

    /// <summary>How many zeros are added at the begins and the ends of the image axes; null where anything else is added, or elsewhere.</summary>
    private static long[]? ReadZeros(NodeProto pad, GraphIndex index)
    {
        if (pad.Text("mode", "constant") != "constant" || pad.InputAt(3).Length > 0 || (pad.InputAt(2).Length > 0 && index.Scalar(pad.Input[2]) != 0)
            || index.Initializer(pad.InputAt(1)) is not { } constant)
            return null;
        long[] pads = constant.ToInt64s();
        int rank = pads.Length / 2;
        return rank > 2 && pads.All(extent => extent >= 0) && pads[0] + pads[1] + pads[rank] + pads[rank + 1] == 0 ? [.. pads[2..rank], .. pads[(rank + 2)..]] : null;
    }

    private static bool CanTake(NodeProto reader, NodeProto pad, long[] pads, GraphIndex index)
    {
        if (!reader.IsStandard() || reader.InputAt(0) != pad.Output[0] || reader.Input.Skip(1).Contains(pad.Output[0]) || reader.Text("auto_pad", "NOTSET") is not ("NOTSET" or "VALID"))
            return false;
        long[] own = Padding(reader, pads.Length);
        if (reader.Is("Conv"))
            return true;
        // A window must not lie in the padding as a whole; ONNX Runtime refuses those.
        if (reader.Ints("kernel_shape") is not { } kernel || reader.Int("ceil_mode", 0) != 0 || reader.Ints("dilations")?.Any(dilation => dilation != 1) == true
            || own.Zip(pads, (mine, more) => mine + more).Where((sum, i) => sum >= kernel[i % kernel.Length]).Any())
            return false;
        return (reader.Is("AveragePool") && (reader.Int("count_include_pad", 0) != 0 || own.All(extent => extent == 0)))
            || (reader.Is("MaxPool") && reader.Output.Count == 1 && index.Producer(pad.Input[0]) is { } producer && IsNeverNegative(producer, index));
    }

    private static long[] Padding(NodeProto reader, int count) => reader.Text("auto_pad", "NOTSET") == "NOTSET" && reader.Ints("pads") is { } pads ? pads : new long[count];

    private static bool IsNeverNegative(NodeProto node, GraphIndex index) =>
        node.Is("Relu") || node.Is("Sigmoid") || node.Is("HardSigmoid") || (node.Is("Clip") && index.Scalar(node.InputAt(1)) >= 0);
}
