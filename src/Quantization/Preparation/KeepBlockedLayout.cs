using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Puts a depthwise 1x1 Conv of ones behind a pool, Concat or Pad whose result an Add joins with a Conv's. ONNX Runtime keeps float values in blocks of channels from Conv to Conv
/// (NCHWc) and adds them there, Relu included; a pool over channels that fill no whole block, or a Concat with a constant, leaves that layout, and every shortcut behind it
/// is then added outside, with two reorderings each. A Conv brings the value back in.
/// </summary>
public static class KeepBlockedLayout
{
    // ONNX Runtime blocks channels in multiples of this number only.
    private const int Alignment = 4;

    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.TryEachNode(model, node => node.Is("Add"), TryEnter);

    private static bool TryEnter(NodeProto add, GraphEditor editor)
    {
        if (add.Input.Count != 2 || !add.Input.Any(input => editor.Index.Producer(input)?.Is("Conv") == true)
            || add.Input.FirstOrDefault(input => Leaves(editor.Index.Producer(input), editor)) is not { } outside
            || editor.ShapeOf(outside) is not [_, > 0 and var channels, _, _] || channels % Alignment != 0 || editor.ShapeOf(add.Output[0]) is not [_, var sum, _, _] || sum != channels)
            return false;
        ReplacementNodes nodes = new(add, editor);
        string ones = nodes.Constant("ones", [channels, 1, 1, 1], Enumerable.Repeat(1f, (int)channels).ToArray());
        string inside = nodes.Add("Conv", [outside, ones], Nodes.Attribute("group", channels), Nodes.Attribute("kernel_shape", [1L, 1]));
        nodes.AddAs(add.Output[0], "Add", [.. add.Input.Select(input => input == outside ? inside : input)]);
        nodes.Commit();
        return true;
    }

    private static bool Leaves(NodeProto? node, GraphEditor editor) => node is not null && node.IsStandard() && node.OpType switch
    {
        "MaxPool" or "AveragePool" => editor.ShapeOf(node.Output[0]) is [_, var channels, ..] && channels % 16 != 0,
        "Concat" => node.Int("axis", 1) == 1 && node.Input.Any(input => editor.Index.Initializer(input) is not null || editor.ShapeOf(input) is [_, var channels, ..] && channels % 16 != 0),
        "Pad" => true,
        _ => false,
    };
}
