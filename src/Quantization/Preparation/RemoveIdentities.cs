using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Removes operators that do nothing at inference: Identity, Dropout whose mask nobody reads, Cast to the same type, Clip without bounds,
/// Transpose that moves nothing; and makes one Transpose of two, one Reshape of two.
/// </summary>
public static class RemoveIdentities
{
    /// <summary>Returns the rewritten model; the argument is left as it is. A value that leaves the graph keeps its name.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.EachNode(model, MayDoNothing, (node, editor) =>
    {
        MergeWithPrevious(node, editor);
        if (DoesNothing(node, editor))
            Bypass(node, editor);
    });

    private static bool MayDoNothing(NodeProto node) =>
        node.IsStandard() && node.OpType is "Identity" or "Dropout" or "Cast" or "Clip" or "Transpose" or "Reshape";

    private static bool DoesNothing(NodeProto node, GraphEditor editor) => node.OpType switch
    {
        "Identity" => true,
        // From opset 12 on, a third input switches training mode on.
        "Dropout" => node.InputAt(2).Length == 0 && node.Output.Skip(1).All(mask => mask.Length == 0 || (editor.Index.Consumers(mask).Count == 0 && !editor.Index.IsOutput(mask))),
        "Cast" => (long?)editor.ElementTypeOf(node.Input[0]) == node.Int("to", 0),
        "Clip" => node.Input.Skip(1).All(bound => bound.Length == 0) && node.Attribute("min") is null && node.Attribute("max") is null,
        "Transpose" => node.Ints("perm") is { } perm && perm.SequenceEqual(perm.Order()),
        "Reshape" => editor.ShapeOf(node.Input[0]) is { } from && editor.ShapeOf(node.Output[0]) is { } to && from.SequenceEqual(to) && !from.Contains(-1),
        _ => false,
    };

    /// <summary>Lets a Transpose or Reshape read what the same operator before it reads, so that the one before is needed no longer.</summary>
    private static void MergeWithPrevious(NodeProto node, GraphEditor editor)
    {
        if (node.OpType is not ("Transpose" or "Reshape") || editor.Index.Producer(node.Input[0]) is not { } previous || !previous.Is(node.OpType))
            return;
        if (node.OpType == "Transpose")
        {
            if (previous.Ints("perm") is not { } first || node.Ints("perm") is not { } second || first.Length != second.Length)
                return;
            long[] both = [.. second.Select(axis => first[axis])];
            editor.Change(node, changed =>
            {
                changed.RemoveAttribute("perm");
                changed.Attribute.Add(Nodes.Attribute("perm", both));
            });
        }
        // A 0 takes an extent from the shape in between.
        else if (node.Int("allowzero", 0) != 0 || editor.Index.Initializer(node.InputAt(1)) is not { } shape || shape.ToInt64s().Contains(0))
        {
            return;
        }

        string between = node.Input[0];
        editor.Change(node, changed => changed.Input[0] = previous.Input[0]);
        if (editor.Index.Consumers(between).Count == 0 && !editor.Index.IsOutput(between))
            editor.Remove(previous);
    }

    private static void Bypass(NodeProto node, GraphEditor editor)
    {
        GraphIndex index = editor.Index;
        (string input, string output) = (node.Input[0], node.Output[0]);
        if (!index.IsOutput(output))
        {
            editor.Remove(node);
            editor.RedirectReads(output, input);
        }
        else if (index.Producer(input) is { } producer && !index.IsOutput(input))
        {
            // The graph's output must keep its name: the producer writes it directly.
            editor.Remove(node);
            editor.Change(producer, changed => changed.Output[changed.Output.IndexOf(input)] = output);
            editor.RedirectReads(input, output);
        }
    }
}
