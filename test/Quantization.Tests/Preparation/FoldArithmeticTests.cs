using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Tests.Preparation;

public sealed class FoldArithmeticTests
{
    public static TheoryData<string, string, long[], bool> Behind()
    {
        TheoryData<string, string, long[], bool> cases = [];
        foreach (string op in new[] { "Add", "Sub", "Mul", "Div" })
        {
            foreach (long[] extents in new long[][] { [], [1], [6, 1, 1], [1, 6, 1, 1] })
                cases.Add("Conv", op, extents, false);
            cases.Add("ConvTranspose", op, [6, 1, 1], false);
            cases.Add("Gemm", op, [6], false);
            cases.Add("Gemm", op, [1, 6], false);
        }
        cases.Add("MatMul", "Mul", [6], false);
        cases.Add("MatMul", "Div", [1, 1, 6], false);
        cases.Add("Conv", "Sub", [6, 1, 1], true);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Behind))]
    public void A_constant_behind_a_compute_node_folds_into_it(string compute, string op, long[] extents, bool constantFirst)
    {
        GraphBuilder builder = new();
        long[] shape = compute switch { "Gemm" => [3, 4], "MatMul" => [2, 3, 4], _ => [1, 4, 5, 5] };
        string x = builder.Input("x", shape);
        string y = compute switch
        {
            "Conv" => builder.Conv(x, 6, 4, 3),
            "ConvTranspose" => builder.Node("ConvTranspose", [x, builder.Weights(4, 6, 2, 2)]),
            "Gemm" => builder.Node("Gemm", [x, builder.Weights(4, 6), builder.Weights(6)]),
            _ => builder.Node("MatMul", [x, builder.Weights(4, 6)]),
        };
        string constant = builder.Constant(extents, [.. builder.Values(extents, 1).Select(value => value + 2)]);
        builder.Output(builder.Node(op, constantFirst ? [constant, y] : [y, constant]));
        ModelProto model = builder.Build();

        ModelProto result = FoldArithmetic.Apply(InferShapes.Apply(model));

        Assert.Equal(compute, Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, shape));
    }

    [Theory]
    [InlineData("Mul", 1)]
    [InlineData("Div", 1)]
    [InlineData("Sub", 0)]
    [InlineData("Add", 0)]
    public void A_constant_before_a_convolution_folds_into_it(string op, int padding)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        string scaled = builder.Node(op, [x, builder.Constant([1, 4, 1, 1], [1, 2, 3, 4])]);
        builder.Output(builder.Conv(scaled, 6, 4, 3, group: 2, pad: padding));
        ModelProto model = builder.Build();

        ModelProto result = FoldArithmetic.Apply(model);

        Assert.Equal("Conv", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 6, 6]));
    }

    [Theory]
    [InlineData("Add")]
    [InlineData("Sub")]
    public void A_shift_before_padding_stays(string op)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        builder.Output(builder.Conv(builder.Node(op, [x, builder.Weights(4, 1, 1)]), 6, 4, 3, pad: 1));

        Assert.Equal(2, FoldArithmetic.Apply(builder.Build()).Graph.Node.Count);
    }

    [Fact]
    public void A_constant_that_widens_its_operand_stays()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 1, 6, 6);
        builder.Output(builder.Conv(builder.Node("Mul", [x, builder.Weights(1, 4, 1, 1)]), 6, 4, 3));

        Assert.Equal(2, FoldArithmetic.Apply(builder.Build()).Graph.Node.Count);
    }

    [Fact]
    public void A_constant_along_another_axis_stays()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        builder.Output(builder.Node("Mul", [builder.Conv(x, 6, 4, 3), builder.Weights(6)]));

        Assert.Equal(2, FoldArithmetic.Apply(builder.Build()).Graph.Node.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Arithmetic_and_normalization_fold_in_any_order(bool normalizationFirst)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 4, 6, 6);
        string y = builder.Conv(x, 6, 4, 3);
        if (normalizationFirst)
            y = builder.BatchNormalization(y, 6);
        y = builder.Node("Add", [builder.Node("Mul", [y, builder.Weights(6, 1, 1)]), builder.Weights(1, 6, 1, 1)]);
        if (!normalizationFirst)
            y = builder.BatchNormalization(y, 6);
        builder.Output(y);
        ModelProto model = builder.Build();

        ModelProto result = FoldAffine.Apply(model);

        Assert.Equal("Conv", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [1, 4, 6, 6]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_matrix_product_and_a_row_become_one_gemm(bool rowFirst)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", -1, 5);
        string product = builder.Node("MatMul", [x, builder.Weights(5, 7)]);
        string row = builder.Weights(7);
        builder.Output(builder.Node("Add", rowFirst ? [row, product] : [product, row]));
        ModelProto model = builder.Build();

        ModelProto result = FuseMatMulAdd.Apply(model);

        Assert.Equal("Gemm", Assert.Single(result.Graph.Node).OpType);
        Reference.AssertEqual(model, result, Reference.Tensor(x, [3, 5]));
    }

    [Fact]
    public void A_product_of_more_dimensions_stays_a_product()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 3, 5);
        builder.Output(builder.Node("Add", [builder.Node("MatMul", [x, builder.Weights(5, 7)]), builder.Weights(7)]));

        Assert.Equal(1, FuseMatMulAdd.Apply(builder.Build()).Count("MatMul"));
    }
}
