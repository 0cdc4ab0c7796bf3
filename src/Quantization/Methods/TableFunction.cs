using Octet.Quantization.Calibration.DataFree;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Methods;

/// <summary>A node as a function of one value, element by element: on 8-bit values it is a table of 256 entries.</summary>
/// <param name="Input">The name of the value.</param>
/// <param name="Value">The function, as the ONNX operator defines it.</param>
internal sealed record TableFunction(string Input, Func<double, double> Value)
{
    /// <summary>This function, then another.</summary>
    public TableFunction Then(TableFunction next) => new(Input, x => next.Value(Value(x)));

    /// <summary>Reads a node; null where it computes something else.</summary>
    public static TableFunction? Of(NodeProto node, GraphIndex index)
    {
        if (ElementwiseFunction.Of(node, index) is { } function)
            return new TableFunction(node.Input[0], function.Value);
        if (!node.IsStandard() || node.Input.Count != 2 || node.OpType is not ("Add" or "Sub" or "Mul" or "Div" or "Min" or "Max"))
            return null;
        bool constantFirst = index.Initializer(node.Input[0]) is not null;
        string value = node.Input[constantFirst ? 1 : 0], constant = node.Input[constantFirst ? 0 : 1];
        // A constant with more dimensions than the value would add some to the result.
        if (index.Initializer(value) is not null || index.Initializer(constant) is not { Dims.Count: <= 1 } || index.Scalar(constant) is not { } scalar)
            return null;
        return node.OpType switch
        {
            "Add" => new(value, x => x + scalar),
            "Mul" => new(value, x => x * scalar),
            "Min" => new(value, x => Math.Min(x, scalar)),
            "Max" => new(value, x => Math.Max(x, scalar)),
            "Sub" when constantFirst => new(value, x => scalar - x),
            "Sub" => new(value, x => x - scalar),
            "Div" when !constantFirst && scalar != 0 => new(value, x => x / scalar),
            _ => null,
        };
    }
}
