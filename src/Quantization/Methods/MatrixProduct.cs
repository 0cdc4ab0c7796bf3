using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Methods;

/// <summary>A MatMul or Gemm with constant weights, read as output = input * weights + bias.</summary>
internal sealed class MatrixProduct
{
    private readonly TensorProto _weights;
    private readonly bool _transposed;
    private readonly float _alpha;
    private readonly float _beta;

    private MatrixProduct(NodeProto node, TensorProto weights, TensorProto? bias)
    {
        _weights = weights;
        Bias = bias;
        bool gemm = node.Is("Gemm");
        _transposed = gemm && node.Int("transB", 0) != 0;
        _alpha = gemm ? node.Float("alpha", 1) : 1;
        _beta = gemm ? node.Float("beta", 1) : 1;
        Inner = (int)weights.Dims[_transposed ? 1 : 0];
        Columns = (int)weights.Dims[_transposed ? 0 : 1];
    }

    /// <summary>The extent that is summed over.</summary>
    public int Inner { get; }

    /// <summary>The number of output channels.</summary>
    public int Columns { get; }

    /// <summary>The constant third operand of a Gemm, of any shape that broadcasts; null where there is none or it is computed.</summary>
    public TensorProto? Bias { get; }

    /// <summary>What identifies equal weights: nodes may share them.</summary>
    public object WeightsKey => (new ReferenceKey(_weights), _transposed, _alpha);

    /// <summary>What identifies a constant by its place, not by its content.</summary>
    public static object KeyOf(TensorProto constant) => new ReferenceKey(constant);

    /// <summary>Why the node cannot be read so; null where it can.</summary>
    public static string? ReasonNot(NodeProto node, ConstantScope constants)
    {
        if (!node.Is("MatMul") && !node.Is("Gemm"))
            return $"{node.OpType} is no matrix product";
        if (constants.Find(node.InputAt(1)) is not { } weights)
            return node.Is("MatMul") && constants.Find(node.InputAt(0)) is null ? "both its operands are computed, not constant" : "its weights are computed, not constant";
        if ((DataType)weights.DataType != DataType.Float)
            return "its weights are not 32-bit floating-point";
        if (weights.Dims.Count != 2 || weights.ElementCount() == 0)
            return "its weights are not a matrix";
        if (constants.Find(node.InputAt(0)) is not null)
            return "its input is constant";
        if (node.Is("Gemm") && node.Int("transA", 0) != 0)
            return "it transposes its input";
        if (node.InputAt(2).Length > 0 && constants.Find(node.Input[2]) is null && node.Float("beta", 1) != 1)
            return "it scales a computed bias";
        return null;
    }

    /// <summary>Reads a node that <see cref="ReasonNot"/> has no objection to.</summary>
    public static MatrixProduct Read(NodeProto node, ConstantScope constants) => new(node, constants.Find(node.Input[1])!, constants.Find(node.InputAt(2)));

    /// <summary>The weights, one row of <see cref="Inner"/> values a column of the product, with Gemm's alpha in them.</summary>
    public float[] WeightsByColumn()
    {
        float[] values = _weights.ToFloats();
        if (!_transposed)
            values = Transpose<float>(values, Inner, Columns);
        Scale(values, _alpha);
        return values;
    }

    /// <summary>The constant bias with Gemm's beta in it, under a new name.</summary>
    public TensorProto ScaledBias(string name)
    {
        if (_beta == 1)
            return Bias!.WithName(name);
        float[] values = Bias!.ToFloats();
        Scale(values, _beta);
        return Tensors.Create(name, Bias!.Dims, values);
    }

    /// <summary>The transposed matrix; in tiles, so that neither side leaves the cache.</summary>
    public static T[] Transpose<T>(ReadOnlySpan<T> matrix, int rows, int columns)
    {
        const int Tile = 32;
        T[] result = new T[matrix.Length];
        for (int top = 0; top < rows; top += Tile)
            for (int left = 0; left < columns; left += Tile)
                for (int row = top; row < Math.Min(top + Tile, rows); row++)
                    for (int column = left; column < Math.Min(left + Tile, columns); column++)
                        result[column * rows + row] = matrix[row * columns + column];
        return result;
    }

    private static void Scale(Span<float> values, float factor)
    {
        if (factor == 1)
            return;
        for (int i = 0; i < values.Length; i++)
            values[i] *= factor;
    }

    // Messages compare by content, which for weights means reading them all.
    private readonly record struct ReferenceKey(TensorProto Tensor)
    {
        public bool Equals(ReferenceKey other) => ReferenceEquals(Tensor, other.Tensor);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(Tensor);
    }
}
