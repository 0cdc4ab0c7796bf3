namespace Octet.Runtime.Tests;

/// <summary>The smallest models that ONNX Runtime loads.</summary>
internal static class OnnxModel
{
    /// <summary>A model with one node: y = x W, where x is [1, rows] and W is [rows, columns].</summary>
    public static byte[] MatMul(int rows, int columns, float[] weights) => new OnnxGraph()
        .Input("x", OnnxGraph.Float, 1, rows)
        .Constant("w", weights, rows, columns)
        .Node("MatMul", ["x", "w"], "y")
        .Output("y", OnnxGraph.Float, 1, columns)
        .ToModel();
}
