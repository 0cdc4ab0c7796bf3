using CsCheck;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

/// <summary>MatMul and Gemm in every form that exporters write, with an input to run them on.</summary>
internal sealed record MatrixProducts(ModelProto Model, NamedTensor Input, string Description)
{
    /// <param name="leastInner">The smallest extent that is summed over.</param>
    public static Gen<MatrixProducts> Of(int leastInner) =>
        from gemm in Gen.Bool
        from transposed in Gen.Bool
        from bias in Gen.Int[0, 3]
        from alpha in Gen.OneOfConst(1f, 0.5f)
        from beta in Gen.OneOfConst(1f, -2f)
        from rank in Gen.Int[1, 4]
        from inner in Gen.Int[leastInner, 100]
        from columns in Gen.Int[1, 40]
        from seed in Gen.Int[0, 1000]
        select gemm ? Gemm(transposed, bias, alpha, beta, inner, columns, seed) : MatMul(bias, rank, inner, columns, seed);

    private static MatrixProducts Gemm(bool transposed, int bias, float alpha, float beta, int inner, int columns, int seed)
    {
        GraphBuilder builder = new(seed: seed);
        string x = builder.Input("x", 5, inner);
        string weights = transposed ? builder.Weights(columns, inner) : builder.Weights(inner, columns);
        string[] operands = bias switch
        {
            0 => [x, weights],
            1 => [x, weights, builder.Weights(columns)],
            2 => [x, weights, builder.Weights(1, columns)],
            _ => [x, weights, builder.Weights(5, columns)],
        };
        builder.Output(builder.Node("Gemm", operands, Nodes.Attribute("transB", transposed ? 1 : 0), Nodes.Attribute("alpha", alpha), Nodes.Attribute("beta", beta)));
        return new MatrixProducts(builder.Build(), Reference.Tensor(x, [5, inner], seed), $"Gemm transposed {transposed} bias {bias} alpha {alpha} beta {beta} {inner}x{columns} seed {seed}");
    }

    private static MatrixProducts MatMul(int bias, int rank, int inner, int columns, int seed)
    {
        GraphBuilder builder = new(seed: seed);
        long[] shape = [.. Enumerable.Repeat(3L, rank - 1), inner];
        string x = builder.Input("x", shape);
        string y = builder.Node("MatMul", [x, builder.Weights(inner, columns)]);
        y = bias switch
        {
            0 => y,
            1 => builder.Node("Add", [y, builder.Weights(columns)]),
            2 => builder.Node("Add", [builder.Weights(columns), y]),
            _ => builder.Node("Relu", [builder.Node("Add", [builder.Weights(columns), y])]),
        };
        builder.Output(y);
        return new MatrixProducts(builder.Build(), Reference.Tensor(x, shape, seed), $"MatMul rank {rank} bias {bias} {inner}x{columns} seed {seed}");
    }

    public override string ToString() => Description;
}
