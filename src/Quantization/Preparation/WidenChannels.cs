using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Fills the channels of float values up to whole blocks with channels that no weight reads. ONNX Runtime keeps floats in blocks of channels from Conv to Conv (NCHWc) and computes whole
/// blocks there, so that these channels cost nothing; but a pool or a Concat over channels that fill no whole block leaves that layout, and everything joined to it pays for reorderings.
/// Zeros that a Concat puts behind such channels become a 1x1 Conv that copies: it stays inside.
/// </summary>
/// <remarks>Channels are widened between Convs only: the first to compute them has filters of zeros for them, the last to read them zeros as their weights.</remarks>
public static class WidenChannels
{
    private const int Block = 16;

    // ONNX Runtime blocks channels in multiples of this number only.
    private const int Alignment = 4;

    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model)
    {
        if (!model.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Any(node => node.Is("Conv")))
            return model;
        bool changed = false;
        ModelProto result = Rewriting.EachGraph(InferShapes.Apply(model), editor =>
        {
            HashSet<string> wide = Wide(editor);
            if (!wide.Any(value => editor.Index.Consumers(value).Any(LeavesBlocks)))
                return;
            changed = true;
            foreach (NodeProto node in editor.Graph.Node.ToArray())
                Widen(node, wide, editor);
            editor.Graph.ValueInfo.KeepWhere(info => !wide.Contains(info.Name));
        });
        return changed ? RemoveUnused.Apply(result) : model;
    }

    /// <summary>The values that can be widened: whatever is left when those are taken away that a neighbour does not give, or does not take.</summary>
    private static HashSet<string> Wide(GraphEditor editor)
    {
        HashSet<string> wide = [.. editor.Graph.Node.Where(node => Changes(node, editor) || Keeps(node, editor)).Select(node => node.Output[0])
            .Where(value => !editor.Index.IsOutput(value) && editor.ShapeOf(value) is [_, > 0 and var channels, _, _] && channels % Block != 0 && channels % Alignment == 0)];
        while (wide.RemoveWhere(value => !IsGiven(value) || !editor.Index.Consumers(value).All(reader => Takes(reader, value))) > 0)
        {
        }
        return wide;

        bool IsGiven(string value) => editor.Index.Producer(value) is { } node && (Changes(node, editor) || Activations(node, editor).All(wide.Contains));

        bool Takes(NodeProto node, string value) =>
            Changes(node, editor) ? node.Input.Count(input => input == value) == 1 && Activations(node, editor).Contains(value)
            : Keeps(node, editor) && wide.Contains(node.Output[0]);
    }

    /// <summary>Whether the node's result has channels of its own, whatever it reads.</summary>
    private static bool Changes(NodeProto node, GraphEditor editor) =>
        node.Is("Conv") && ConvolutionShape.Of(node, editor.Index) is { Group: 1, Kernel.Length: 2 } || CopiedChannels(node, editor) is not null;

    /// <summary>Whether each channel of the result is made of those of its number.</summary>
    private static bool Keeps(NodeProto node, GraphEditor editor) => node.IsStandard() && node.Output.Count == 1 && node.OpType switch
    {
        "Conv" => ConvolutionShape.Of(node, editor.Index) is { IsDepthwise: true },
        "Relu" or "LeakyRelu" or "Elu" or "HardSwish" or "HardSigmoid" or "Sigmoid" or "Tanh" or "MaxPool" or "AveragePool" or "GlobalAveragePool" => true,
        "Clip" => node.Input.Skip(1).All(bound => bound.Length == 0 || editor.Index.Scalar(bound) is not null),
        "Add" or "Mul" => node.Input.All(input => editor.Index.Initializer(input) is null && editor.ShapeOf(input)?.Length == 4),
        _ => false,
    };

    /// <summary>What a node reads but constants.</summary>
    private static IEnumerable<string> Activations(NodeProto node, GraphEditor editor) => node.Input.Where(input => input.Length > 0 && editor.Index.Initializer(input) is null);

    private static bool LeavesBlocks(NodeProto node) => node.OpType is "MaxPool" or "AveragePool" or "GlobalAveragePool" or "Concat";

    /// <summary>Where the channels of the one value begin that a Concat puts zeros beside; null for other nodes.</summary>
    private static int? CopiedChannels(NodeProto node, GraphEditor editor)
    {
        if (!node.Is("Concat") || !node.Input.All(input => IsActivationOrZeros(input, editor)) || node.Int("axis", 1) != 1 || Activations(node, editor).Count() != 1 || editor.ShapeOf(node.Output[0]) is not [_, > 0, _, _])
            return null;
        return (int)node.Input.TakeWhile(input => editor.Index.Initializer(input) is not null).Sum(zeros => editor.ShapeOf(zeros)![1]);
    }

    private static bool IsActivationOrZeros(string input, GraphEditor editor) =>
        editor.Index.Initializer(input) is not { } constant || (constant.DataType == (int)TensorProto.Types.DataType.Float && constant.ToFloats().All(value => value == 0));

    private static void Widen(NodeProto node, HashSet<string> wide, GraphEditor editor)
    {
        if (node.Input.Count == 0 || node.Output.Count == 0)
            return;
        bool gives = wide.Contains(node.Output[0]), takes = Activations(node, editor).Any(wide.Contains);
        if (!gives && !takes)
            return;
        if (CopiedChannels(node, editor) is { } first)
            Copy(node, first, gives, takes, editor);
        else if (node.Is("Conv"))
            WidenConv(node, gives, takes, editor);
    }

    private static void WidenConv(NodeProto node, bool gives, bool takes, GraphEditor editor)
    {
        ConvolutionShape shape = ConvolutionShape.Of(node, editor.Index)!;
        int outputs = gives ? Whole(shape.First) : shape.First, inputs = shape.Group == 1 && takes ? Whole(shape.Second) : shape.Second;
        int taps = (int)shape.Kernel.Aggregate(1L, (product, extent) => product * extent);
        ReadOnlySpan<float> given = shape.Weights.AsFloats();
        float[] weights = new float[outputs * inputs * taps];
        for (int output = 0; output < shape.First; output++)
            given.Slice(output * shape.Second * taps, shape.Second * taps).CopyTo(weights.AsSpan(output * inputs * taps));
        ReplacementNodes nodes = new(node, editor);
        List<string> operands = [node.Input[0], nodes.Constant("wide_weights", [outputs, inputs, .. shape.Kernel], weights)];
        if (shape.Bias is not null)
            operands.Add(nodes.Constant("wide_bias", [outputs], [.. shape.Bias, .. new float[outputs - shape.Bias.Length]]));
        IEnumerable<AttributeProto> attributes = node.Attribute.Where(attribute => attribute.Name != "group").Select(attribute => attribute.Clone());
        nodes.AddAs(node.Output[0], "Conv", [.. operands], [.. attributes, Nodes.Attribute("group", shape.Group == 1 ? 1L : outputs)]);
        nodes.Commit();
    }

    private static void Copy(NodeProto concat, int first, bool gives, bool takes, GraphEditor editor)
    {
        string value = Activations(concat, editor).Single();
        int copied = (int)editor.ShapeOf(value)![1], outputs = (int)editor.ShapeOf(concat.Output[0])![1];
        int inputs = takes ? Whole(copied) : copied;
        outputs = gives ? Whole(outputs) : outputs;
        float[] weights = new float[outputs * inputs];
        for (int channel = 0; channel < copied; channel++)
            weights[(first + channel) * inputs + channel] = 1;
        ReplacementNodes nodes = new(concat, editor);
        nodes.AddAs(concat.Output[0], "Conv", [value, nodes.Constant("copy", [outputs, inputs, 1, 1], weights)], Nodes.Attribute("kernel_shape", [1L, 1]));
        nodes.Commit();
    }

    private static int Whole(int channels) => (channels + Block - 1) / Block * Block;
}
