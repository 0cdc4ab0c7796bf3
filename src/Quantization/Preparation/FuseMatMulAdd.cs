using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>
/// Writes a MatMul of a matrix with constant weights, and the Add of a constant row behind it, as one Gemm: in integer kernels the row is then a bias,
/// added before rounding. ONNX Runtime does so itself in float only.
/// </summary>
public static class FuseMatMulAdd
{
    /// <summary>Returns the rewritten model; the argument is left as it is. Equal up to float rounding.</summary>
    public static ModelProto Apply(ModelProto model) => Rewriting.EachNode(model, node => node.Is("MatMul"), (matMul, editor) =>
    {
        GraphIndex index = editor.Index;
        if (index.Initializer(matMul.Input[1]) is not { } weights || weights.Dims.Count != 2
            || editor.ShapeOf(matMul.Input[0]) is not [_, _]
            || index.SoleConsumer(matMul.Output[0]) is not { } add || !add.Is("Add")
            || index.Initializer(add.Input[add.Input[0] == matMul.Output[0] ? 1 : 0]) is not { } row
            || row.DataType != weights.DataType || row.ElementCount() != weights.Dims[1] || !ChannelAffine.LiesAlong(row, 2, 1))
            return;

        editor.Remove(matMul);
        editor.Replace(add, Nodes.Create("Gemm", matMul.Name, [matMul.Input[0], matMul.Input[1], row.Name], [add.Output[0]]));
    });
}
