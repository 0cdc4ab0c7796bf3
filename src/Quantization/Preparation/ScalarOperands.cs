using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Preparation;

/// <summary>Recognises arithmetic with one constant number, as it stands in spelled-out activation functions.</summary>
internal static class ScalarOperands
{
    private const double RoundingOfExporters = 1e-5;

    /// <summary>A node that adds a constant: Add in either order, or Sub of the constant.</summary>
    public static (string Value, double Summand)? ReadSum(NodeProto node, GraphEditor editor)
    {
        if (node.Is("Add") && Read(node, editor) is var (value, constant, _))
            return (value, constant);
        if (node.Is("Sub") && Read(node, editor) is (var minuend, var subtrahend, false))
            return (minuend, -subtrahend);
        return null;
    }

    /// <summary>A node that multiplies by a constant: Mul in either order, or Div by the constant.</summary>
    public static (string Value, double Factor)? ReadProduct(NodeProto node, GraphEditor editor)
    {
        if (node.Is("Mul") && Read(node, editor) is var (value, constant, _))
            return (value, constant);
        if (node.Is("Div") && Read(node, editor) is (var dividend, not 0 and var divisor, false))
            return (dividend, 1 / divisor);
        return null;
    }

    /// <summary>A node, or two, that keep a value between two constants: Clip, or Min and Max.</summary>
    public static (string Value, double Low, double High, NodeProto[] Nodes)? ReadClamp(NodeProto node, GraphEditor editor)
    {
        if (node.Is("Clip") && editor.Index.Scalar(node.InputAt(1)) is { } low && editor.Index.Scalar(node.InputAt(2)) is { } high)
            return (node.Input[0], low, high, [node]);
        // Min and Max may stand in either order.
        if (node.OpType is not ("Min" or "Max") || !node.IsStandard() || node.Input.Count != 2 || Read(node, editor) is not var (between, first, _)
            || editor.Index.SoleConsumer(node.Output[0]) is not { } next || next.OpType is not ("Min" or "Max") || next.OpType == node.OpType || !next.IsStandard()
            || next.Input.Count != 2 || Read(next, editor) is not var (_, second, _) || Math.Sign(second - first) != (node.OpType == "Max" ? 1 : -1))
            return null;
        return (between, Math.Min(first, second), Math.Max(first, second), [node, next]);
    }

    /// <summary>Whether two numbers are the same but for what an exporter's rounding may have changed.</summary>
    public static bool IsAbout(double value, double expected) => Math.Abs(value - expected) <= RoundingOfExporters * Math.Abs(expected);

    private static (string Value, double Constant, bool ConstantFirst)? Read(NodeProto node, GraphEditor editor)
    {
        if (IsScalar(node.Input[1], node.Input[0], editor))
            return (node.Input[0], editor.Index.Scalar(node.Input[1])!.Value, false);
        return IsScalar(node.Input[0], node.Input[1], editor) ? (node.Input[1], editor.Index.Scalar(node.Input[0])!.Value, true) : null;
    }

    // A constant with more dimensions than the value would add some to the result.
    private static bool IsScalar(string constant, string value, GraphEditor editor) =>
        editor.Index.Initializer(constant) is { DataType: (int)TensorProto.Types.DataType.Float } tensor && tensor.ElementCount() == 1 && editor.Index.Initializer(value) is null
        && (tensor.Dims.Count <= 1 || editor.ShapeOf(value)?.Length >= tensor.Dims.Count);
}
