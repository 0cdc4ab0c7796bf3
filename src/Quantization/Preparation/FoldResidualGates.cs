using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// x + x * g becomes x * (g + 1) where g is one number a channel, as in squeeze-and-excitation with a shortcut around it (PP-OCR's residual SE layers): one pass over
/// the image less.
/// </summary>
public static class FoldResidualGates
{
    /// <summary>Returns the rewritten model; the argument is left as it is, and returned itself where nothing changes.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.TryEachNode(model, node => node.Is("Add"), TryFold);

    private static bool TryFold(NodeProto add, GraphEditor editor)
    {
        for (int i = 0; i < add.Input.Count; i++)
        {
            (string product, string image) = (add.Input[i], add.Input[1 - i]);
            if (product == image || editor.Index.Producer(product) is not { } mul || !mul.Is("Mul") || !ReferenceEquals(editor.Index.SoleConsumer(product), add) || !mul.Input.Contains(image))
                continue;
            string gate = mul.Input[mul.Input[0] == image ? 1 : 0];
            if (editor.ShapeOf(image) is not { Length: > 2 } extents || editor.ShapeOf(gate) is not { } gates || gates.Length != extents.Length || !gates.Skip(2).All(extent => extent == 1)
                || extents.Skip(2).All(extent => extent == 1) || editor.ElementTypeOf(gate) != TensorProto.Types.DataType.Float)
                continue;
            ReplacementNodes nodes = new(add, editor);
            string larger = nodes.Add("Add", [gate, nodes.Constant("one", [], [1f])]);
            nodes.AddAs(add.Output[0], "Mul", [image, larger]);
            editor.Remove(mul);
            nodes.Commit();
            return true;
        }
        return false;
    }
}
