using CsCheck;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

/// <summary>MatMul and Gemm in every form that exporters write, with an input to run them on.</summary>
/// <param name="Energy">The sum of all squared terms that are added up: what noise is compared with, since a few outputs may cancel to nothing.</param>
internal sealed record MatrixProducts(ModelProto Model, NamedTensor Input, double Energy, string Description)
{
    /// <summary>The noise of a variant's outputs, below the energy of their terms, dB.</summary>
    public double NoiseDb(ModelProto variant)
    {
        float[] expected = Reference.Run(Model, Input).Floats();
        float[] actual = Reference.Run(variant, Input).Floats();
        return 10 * Math.Log10(Energy / expected.Zip(actual).Sum(pair => Math.Pow(pair.First - pair.Second, 2)));
    }

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
        NamedTensor input = Reference.Tensor(x, [5, inner], seed);
        double energy = alpha * alpha * EnergyOf(input, builder.Graph.Initializer[0], inner, transposed);
        return new MatrixProducts(builder.Build(), input, energy, $"Gemm transposed {transposed} bias {bias} alpha {alpha} beta {beta} {inner}x{columns} seed {seed}");
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
        NamedTensor input = Reference.Tensor(x, shape, seed);
        return new MatrixProducts(builder.Build(), input, EnergyOf(input, builder.Graph.Initializer[0], inner, transposed: false), $"MatMul rank {rank} bias {bias} {inner}x{columns} seed {seed}");
    }

    public override string ToString() => Description;

    private static double EnergyOf(NamedTensor input, TensorProto weights, int inner, bool transposed)
    {
        float[] values = weights.ToFloats();
        double[] byTerm = new double[inner];
        for (int i = 0; i < values.Length; i++)
            byTerm[transposed ? i % inner : i / (values.Length / inner)] += (double)values[i] * values[i];
        return ((float[])input.Data).Select((value, i) => (double)value * value * byTerm[i % inner]).Sum();
    }
}
