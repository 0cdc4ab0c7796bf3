using CsCheck;
using Octet.Quantization.Calibration;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Preparation;

public sealed class SmoothQuantTests
{
    [Fact]
    public void Sources_of_every_kind_stay_equal()
    {
        var cases =
            from source in Gen.OneOfConst("LayerNormalization", "LayerNormalization without bias", "MatMul", "MatMul Add", "Mul", "Mul Add")
            from relu in Gen.Bool
            from rank in Gen.Int[2, 4]
            from columns in Gen.Int[2, 9]
            from readers in Gen.Int[1, 3]
            from gemm in Gen.Bool
            from alpha in Gen.Double[0, 1]
            from seed in Gen.Int[0, 1000]
            select (source, relu, rank, columns, readers, gemm, alpha, seed);
        cases.Sample(test =>
        {
            GraphBuilder builder = new(opset: 17, seed: test.seed);
            long[] shape = [.. Enumerable.Repeat(2L, test.rank - 1), test.columns];
            string x = builder.Input("x", shape);
            string y = Source(builder, test.source, builder.Node("Sigmoid", [x]), test.columns);
            if (test.relu)
                y = builder.Node("Relu", [y]);
            for (int i = 0; i < test.readers; i++)
                builder.Output(test.rank == 2 && test.gemm
                    ? builder.Node("Gemm", [y, builder.Weights(3, test.columns)], Nodes.Attribute("transB", 1L))
                    : builder.Node("MatMul", [y, builder.Weights(test.columns, 3)]));
            ModelProto model = builder.Build();
            float[] magnitudes = [.. Enumerable.Range(0, test.columns).Select(column => column % 5 == 4 ? 0 : MathF.Pow(10, column % 7 - 3))];

            Assert.Equal([y], SmoothQuant.Values(model).ToArray());
            ModelProto smooth = SmoothQuant.Apply(model, new Dictionary<string, IReadOnlyList<float>> { [y] = magnitudes }, test.alpha);

            Assert.Equal(model.Graph.Node.Select(node => (node.Name, node.OpType)), smooth.Graph.Node.Select(node => (node.Name, node.OpType)));
            Assert.NotEqual(model, smooth);
            Reference.AssertEqual(model, smooth, Reference.Tensor(x, shape, test.seed));
        }, iter: 60, threads: 1);
    }

    [Fact]
    public void A_row_that_two_normalizations_share_is_changed_for_one()
    {
        GraphBuilder builder = new(opset: 17);
        string x = builder.Input("x", 2, 3, 4);
        string scale = builder.Weights(4), bias = builder.Weights(4);
        string y = builder.Node("LayerNormalization", [x, scale, bias]);
        builder.Output(builder.Node("MatMul", [y, builder.Weights(4, 5)]));
        builder.Output(builder.Node("LayerNormalization", [x, scale, bias]));
        ModelProto model = builder.Build();

        ModelProto smooth = SmoothQuant.Apply(model, new Dictionary<string, IReadOnlyList<float>> { [y] = [1, 100, 3, 0.1f] });

        Assert.NotEqual(model, smooth);
        Reference.AssertEqual(model, smooth, Reference.Tensor(x, [2, 3, 4]));
    }

    [Theory]
    [InlineData("residual")]
    [InlineData("convolution")]
    [InlineData("gelu")]
    [InlineData("two axes")]
    [InlineData("left operand")]
    [InlineData("wider row")]
    public void What_cannot_take_the_division_is_left_alone(string obstacle)
    {
        GraphBuilder builder = new(opset: 17);
        string x = builder.Input("x", 1, 4, 4);
        string y = obstacle switch
        {
            "two axes" => builder.Node("LayerNormalization", [x, builder.Weights(4, 4)], Nodes.Attribute("axis", -2L)),
            "wider row" => builder.Node("Mul", [x, builder.Weights(1, 1, 1, 4)]),
            _ => builder.Node("LayerNormalization", [x, builder.Weights(4)]),
        };
        if (obstacle == "gelu")
            y = builder.Node("Erf", [y]);
        string weights = builder.Weights(4, 4);
        builder.Output(builder.Node("MatMul", obstacle == "left operand" ? [weights, y] : [y, weights]));
        if (obstacle == "residual")
            builder.Output(builder.Node("Add", [y, x]));
        if (obstacle == "convolution")
            builder.Output(builder.Node("Conv", [y, builder.Weights(2, 4, 1)]));
        ModelProto model = builder.Build();

        Assert.Empty(SmoothQuant.Values(model));
        Assert.Same(model, SmoothQuant.Apply(model, new Dictionary<string, IReadOnlyList<float>> { [y] = [1, 2, 3, 4] }));
    }

    [Fact]
    public void Columns_that_dwarf_the_others_cost_less()
    {
        GraphBuilder builder = new(opset: 17);
        // As in trained transformers: a few columns a hundred times as large, and weights that do not make up for it.
        float[] scale = [.. Enumerable.Range(0, 64).Select(column => column % 30 == 7 ? 60f : 0.5f)];
        float[] weights = [.. builder.Values([64, 32], 1).Select((weight, position) => position / 32 % 30 == 7 ? weight * 0.02f : weight)];
        string x = builder.Input("x", 8, 3, 64);
        builder.Output(builder.Node("MatMul", [builder.Node("LayerNormalization", [x, builder.Constant([64], scale), builder.Weights(64)]), builder.Constant([64, 32], weights)]));
        ModelProto model = PreparationPipeline.Run(builder.Build(), "test.onnx");
        NamedTensor input = Reference.Tensor(x, [8, 3, 64]);

        ModelProto smooth = SmoothQuant.Apply(model, Balanced.Magnitudes(model, SmoothQuant.Values(model).Select(value => new ChannelAxis(value, -1)), input));

        double plain = Quantized.SqnrDb(model, Quantized.Make(model, input).Model, input);
        Assert.InRange(Quantized.SqnrDb(model, Quantized.Make(smooth, input).Model, input), plain + 10, 60);
        Assert.Equal(1, Quantized.Optimized(Quantized.Make(smooth, input).Model).IntegerNodes);
    }

    private static string Source(GraphBuilder builder, string kind, string value, long columns) => kind switch
    {
        "LayerNormalization" => builder.Node(kind, [value, builder.Weights(columns), builder.Weights(columns)]),
        "LayerNormalization without bias" => builder.Node("LayerNormalization", [value, builder.Weights(columns)], Nodes.Attribute("axis", -1L)),
        "MatMul" => builder.Node(kind, [value, builder.Weights(columns, columns)]),
        "MatMul Add" => builder.Node("Add", [builder.Node("MatMul", [value, builder.Weights(columns, columns)]), builder.Weights(columns)]),
        "Mul" => builder.Node(kind, [builder.Weights(columns), value]),
        _ => builder.Node("Add", [builder.Weights(columns), builder.Node("Mul", [value, builder.Weights(columns)])]),
    };
}
