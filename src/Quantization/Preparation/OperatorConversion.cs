using Google.Protobuf.Collections;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>The changes of single operators between opset 7 and 21, one step a change. What is not named here reads the same in both.</summary>
internal sealed class OperatorConversion(GraphProto graph, UniqueNames names)
{
    private readonly Lazy<GraphEditor> _editor = new(() => new GraphEditor(graph, names));

    /// <summary>Rewrites one node of opset <paramref name="from"/> so that it means the same in opset <paramref name="target"/>.</summary>
    /// <exception cref="NotSupportedException">There is no counterpart.</exception>
    public IEnumerable<NodeProto> Convert(NodeProto node, long from, long target)
    {
        bool Crosses(int version) => from < version && version <= target;

        switch (node.OpType)
        {
            case "BatchNormalization":
                if (Crosses(9) && node.RemoveAttribute("spatial") is { I: 0 })
                    throw new NotSupportedException($"{node.DisplayName()} (BatchNormalization with spatial = 0) has no counterpart");
                // More outputs than one used to mean training.
                if (Crosses(14) && node.Output.Skip(1).Any(output => output.Length > 0))
                    throw new NotSupportedException($"{node.DisplayName()} (BatchNormalization that trains) has no counterpart");
                break;

            case "Scan" when Crosses(9):
                throw new NotSupportedException($"{node.DisplayName()} (Scan of opset 8, with a batch axis) has no counterpart");

            case "Upsample" when Crosses(10):
                return [ToResize(node)];

            case "Resize" when Crosses(11):
                // Opset 10 computed coordinates as x / scale and rounded down.
                node.Input.Insert(1, "");
                node.Attribute.Add(Nodes.Attribute("coordinate_transformation_mode", "asymmetric"));
                node.Attribute.Add(Nodes.Attribute("nearest_mode", "floor"));
                break;

            case "Resize" when Crosses(13) && node.Text("coordinate_transformation_mode", "") == "tf_half_pixel_for_nn":
                throw new NotSupportedException($"{node.DisplayName()} (Resize with tf_half_pixel_for_nn) has no counterpart");

            case "Slice" when Crosses(10):
                long[] starts = node.RemoveAttribute("starts") is { } startsAttribute ? [.. startsAttribute.Ints] : [];
                MoveToInputs(node, 1, starts, Take(node, "ends"), Take(node, "axes") ?? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)]);
                break;

            case "TopK" when Crosses(10):
                MoveToInputs(node, 1, [node.RemoveAttribute("k")!.I]);
                break;

            case "Scatter" when Crosses(11):
                node.OpType = "ScatterElements";
                break;

            case "Clip" when Crosses(11):
                AddScalarInput(node, node.RemoveAttribute("min")?.F);
                AddScalarInput(node, node.RemoveAttribute("max")?.F);
                DropTrailingGaps(node.Input);
                break;

            case "Pad" when Crosses(11):
                MoveToInputs(node, 1, Take(node, "pads"));
                AddScalarInput(node, node.RemoveAttribute("value")?.F ?? 0);
                break;

            case "Dropout" when Crosses(12):
                // At inference the ratio does not matter.
                node.RemoveAttribute("ratio");
                break;

            case "Squeeze" or "Unsqueeze" or "ReduceSum" when Crosses(13):
                MoveToInputs(node, 1, Take(node, "axes"));
                break;

            case "Split" when Crosses(13) || Crosses(18):
                if (Crosses(13))
                    MoveToInputs(node, 1, Take(node, "split"));
                if (Crosses(18) && node.InputAt(1).Length == 0)
                    node.Attribute.Add(Nodes.Attribute("num_outputs", node.Output.Count));
                break;

            case "ReduceL1" or "ReduceL2" or "ReduceLogSum" or "ReduceLogSumExp" or "ReduceMax" or "ReduceMean" or "ReduceMin" or "ReduceProd" or "ReduceSumSquare" when Crosses(18):
                MoveToInputs(node, 1, Take(node, "axes"));
                break;

            case "RoiAlign" when Crosses(16):
                node.Attribute.Add(Nodes.Attribute("coordinate_transformation_mode", "output_half_pixel"));
                break;

            case "DFT" when Crosses(20):
                // The axis used to count from 1, the batch being 0; it is an input now.
                while (node.Input.Count < 2)
                    node.Input.Add("");
                node.Input.Add(AddInitializer(Tensors.Create(names.Fresh($"{node.Output[0]}_axis"), [], [node.RemoveAttribute("axis")?.I ?? 1])));
                break;

            case "GridSample" when Crosses(20) && node.Attribute("mode") is { } mode:
                mode.S = Google.Protobuf.ByteString.CopyFromUtf8(mode.S.ToStringUtf8() switch { "bilinear" => "linear", "bicubic" => "cubic", var other => other });
                break;

            case "GroupNormalization" when Crosses(21):
                return PerChannel(node);

            case "Softmax" or "LogSoftmax" or "Hardmax" when Crosses(13):
                return AlongOneAxis(node);
        }
        return [node];
    }

    /// <summary>
    /// Up to opset 12 these operators flattened their input to two dimensions at <c>axis</c> (default 1) and worked along the second; from 13
    /// on they work along one axis. The same only where the axis is the last: elsewhere Flatten and Reshape keep the old meaning.
    /// </summary>
    private NodeProto[] AlongOneAxis(NodeProto node)
    {
        long axis = node.RemoveAttribute("axis")?.I ?? 1;
        if (axis == -1 || RankOf(node.Input[0]) is { } rank && axis == rank - 1 || RankOf(node.Output[0]) is { } outputRank && axis == outputRank - 1)
        {
            node.Attribute.Add(Nodes.Attribute("axis", -1));
            return [node];
        }

        string input = node.Input[0];
        string output = node.Output[0];
        string flat = names.Fresh($"{output}_flat");
        string result = names.Fresh($"{output}_rows");
        string shape = names.Fresh($"{output}_shape");
        node.Attribute.Add(Nodes.Attribute("axis", -1));
        node.Input[0] = flat;
        node.Output[0] = result;
        return
        [
            Nodes.Create("Shape", names.Fresh($"{node.Name}_shape"), [input], [shape]),
            Nodes.Create("Flatten", names.Fresh($"{node.Name}_flatten"), [input], [flat], Nodes.Attribute("axis", axis)),
            node,
            Nodes.Create("Reshape", names.Fresh($"{node.Name}_reshape"), [result, shape], [output]),
        ];
    }

    private NodeProto ToResize(NodeProto node)
    {
        // Opset 7 has the scales as an attribute, opset 9 as an input.
        if (node.RemoveAttribute("scales") is { } scales)
        {
            node.Input.Add(AddInitializer(Tensors.Create(names.Fresh($"{node.Output[0]}_scales"), [scales.Floats.Count], [.. scales.Floats])));
        }
        node.OpType = "Resize";
        node.Input.Insert(1, "");
        node.Attribute.Add(Nodes.Attribute("coordinate_transformation_mode", "asymmetric"));
        node.Attribute.Add(Nodes.Attribute("nearest_mode", "floor"));
        return node;
    }

    /// <summary>Opset 18 had one scale and bias a group, opset 21 has one a channel: each is repeated for the channels of its group.</summary>
    private NodeProto[] PerChannel(NodeProto node)
    {
        if (_editor.Value.ShapeOf(node.Input[0]) is not [_, > 0 and var channels, ..])
            throw new NotSupportedException($"{node.DisplayName()} (GroupNormalization of opset 18, with unknown channels) has no counterpart");
        long groups = node.Int("num_groups", 1);
        List<NodeProto> nodes = [];
        for (int position = 1; position <= 2; position++)
        {
            string value = node.Input[position];
            string column = names.Fresh($"{value}_column");
            string wide = names.Fresh($"{value}_wide");
            string perChannel = names.Fresh($"{value}_per_channel");
            string columnShape = AddInitializer(Tensors.Create(names.Fresh($"{value}_column_shape"), [2], [groups, 1L]));
            string wideShape = AddInitializer(Tensors.Create(names.Fresh($"{value}_wide_shape"), [2], [groups, channels / groups]));
            string flatShape = AddInitializer(Tensors.Create(names.Fresh($"{value}_flat_shape"), [1], [channels]));
            nodes.Add(Nodes.Create("Reshape", names.Fresh($"{node.Name}_column"), [value, columnShape], [column]));
            nodes.Add(Nodes.Create("Expand", names.Fresh($"{node.Name}_wide"), [column, wideShape], [wide]));
            nodes.Add(Nodes.Create("Reshape", names.Fresh($"{node.Name}_per_channel"), [wide, flatShape], [perChannel]));
            node.Input[position] = perChannel;
        }
        return [.. nodes, node];
    }

    private string AddInitializer(TensorProto tensor)
    {
        graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    private int? RankOf(string value) => _editor.Value.ShapeOf(value)?.Length;

    private static long[]? Take(NodeProto node, string attribute) => node.RemoveAttribute(attribute) is { } taken ? [.. taken.Ints] : null;

    /// <summary>Puts integer lists that used to be attributes at input positions from <paramref name="position"/> on; a null list is left out.</summary>
    private void MoveToInputs(NodeProto node, int position, params long[]?[] lists)
    {
        while (node.Input.Count < position)
            node.Input.Add("");
        foreach (long[]? list in lists)
        {
            string name = "";
            if (list is not null)
                name = AddInitializer(Tensors.Create(names.Fresh($"{node.Output[0]}_{node.Input.Count}"), [list.Length], list));
            node.Input.Add(name);
        }
        DropTrailingGaps(node.Input);
    }

    private void AddScalarInput(NodeProto node, float? value)
    {
        string name = "";
        if (value is { } number)
            name = AddInitializer(Tensors.Create(names.Fresh($"{node.Output[0]}_{node.Input.Count}"), [], [number]));
        node.Input.Add(name);
    }

    private static void DropTrailingGaps(RepeatedField<string> inputs)
    {
        while (inputs.Count > 0 && inputs[^1].Length == 0)
            inputs.RemoveAt(inputs.Count - 1);
    }
}
