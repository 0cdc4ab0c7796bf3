using CsCheck;
using Octet.Quantization.Calibration;
using Octet.Quantization.Emission;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

/// <summary>Constant factors and summands beside conversions: gone where integers stand for both sides, kept where none do.</summary>
public sealed class AbsorbAffineTests
{
    private static readonly string[] Arithmetic = ["Mul", "Div", "Add", "Sub"];

    [Fact]
    public void The_scaling_of_pixels_before_a_padded_convolution_is_part_of_the_first_conversion()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 12, 12);
        string pixels = builder.Node("Div", [builder.Node("Sub", [x, builder.Constant([1], [127.5f])]), builder.Constant([1], [127.5f])]);
        builder.Output(builder.Conv(pixels, 8, 3, 3, pad: 1));
        ModelProto model = builder.Build();
        NamedTensor input = Pixels(x, 1, 3, 12, 12);

        ModelProto variant = Emit(model, input);

        Assert.DoesNotContain(variant.Graph.Node, node => Arithmetic.Contains(node.OpType));
        Assert.InRange(Quantized.SqnrDb(model, variant, input), 30, Agreement.LimitDb);
    }

    [Fact]
    public void A_factor_between_two_integer_layers_leaves_nothing()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        string scaled = builder.Node("Mul", [builder.Conv(x, 8, 3, 3), builder.Constant([], [0.37f])]);
        builder.Output(builder.Conv(scaled, 4, 8, 1));
        ModelProto model = builder.Build();
        NamedTensor input = Reference.Tensor(x, [1, 3, 8, 8]);

        ModelProto variant = Emit(model, input);

        Assert.DoesNotContain(variant.Graph.Node, node => Arithmetic.Contains(node.OpType));
        Assert.Equal(2, Quantized.Optimized(variant).ConversionNodes);
        Assert.InRange(Quantized.SqnrDb(model, variant, input), 28, Agreement.LimitDb);
    }

    [Fact]
    public void A_factor_behind_the_last_layer_is_part_of_the_last_conversion()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        builder.Output(builder.Node("Mul", [builder.Conv(x, 8, 3, 3), builder.Constant([], [12f])]));
        ModelProto model = builder.Build();
        NamedTensor input = Reference.Tensor(x, [1, 3, 8, 8]);

        ModelProto variant = Emit(model, input);

        Assert.DoesNotContain(variant.Graph.Node, node => Arithmetic.Contains(node.OpType));
        Assert.Equal(model.Graph.Output[0].Name, variant.Graph.Output[0].Name);
        Assert.InRange(Quantized.SqnrDb(model, variant, input), 28, Agreement.LimitDb);
    }

    [Theory]
    [InlineData("Mul", -2f)] // integers would count down
    [InlineData("Add", 0.001f)] // less than a step
    public void What_no_integers_stand_for_is_left(string op, float constant)
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        builder.Output(builder.Conv(builder.Node(op, [x, builder.Constant([], [constant])]), 4, 3, 3));
        ModelProto model = builder.Build();
        NamedTensor input = Reference.Tensor(x, [1, 3, 8, 8]);

        ModelProto variant = Emit(model, input);

        Assert.Contains(variant.Graph.Node, node => node.OpType == op);
        Assert.True(ReferenceEquals(variant, AbsorbAffine.Apply(variant)));
    }

    [Fact]
    public void A_value_that_others_read_too_stays_for_them()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 8, 8);
        string scaled = builder.Node("Mul", [x, builder.Constant([], [0.5f])]);
        builder.Output(builder.Conv(scaled, 4, 3, 3));
        builder.Output(builder.Node("Exp", [scaled]));
        ModelProto model = builder.Build();
        NamedTensor input = Reference.Tensor(x, [1, 3, 8, 8]);

        ModelProto variant = Emit(model, input);

        Assert.Contains(variant.Graph.Node, node => node.OpType == "Mul");
        Assert.Equal(x, variant.Graph.Node.Single(node => node.OpType == "QuantizeLinear" && node.Input[0] == x).Input[0]);
        Assert.InRange(Quantized.SqnrDb(model, variant, input), 28, Agreement.LimitDb);
    }

    // With and without, an element differs by a step at most, where a rounding tips.
    [Fact]
    public void Absorbed_arithmetic_moves_no_value_by_more_than_a_step() => Gen.Select(Gen.Float[0.01f, 50f], Gen.Int[-200, 200], Gen.Float[1e-3f, 0.1f], Gen.Int[0, 255]).Sample((factor, steps, scale, zeroPoint) =>
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 64);
        string moved = builder.Node("Add", [builder.Node("Mul", [x, builder.Constant([], [factor])]), builder.Constant([], [steps * scale])]);
        builder.Graph.Initializer.Add(Tensors.Create("scale", [], [scale]));
        builder.Graph.Initializer.Add(Tensors.Create("zero_point", [], [(byte)zeroPoint]));
        builder.Output(builder.Node("DequantizeLinear", [builder.Node("QuantizeLinear", [moved, "scale", "zero_point"]), "scale", "zero_point"]));
        ModelProto model = builder.Build();
        ModelProto absorbed = AbsorbAffine.Apply(model);
        bool possible = zeroPoint + steps is >= 0 and <= 255;
        if (possible)
            Assert.DoesNotContain(absorbed.Graph.Node, node => node.OpType == "Mul" || node.OpType == "Add");
        NamedTensor input = Reference.Tensor(x, [64]);
        float[] expected = Reference.Run(model, input).Floats(), actual = Reference.Run(absorbed, input).Floats();
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, scale * 1.01));
    }, iter: 60);

    private static ModelProto Emit(ModelProto model, NamedTensor input)
    {
        using ScratchFolder scratch = new();
        QuantizationPlan plan = StaticQuantization.Plan(model, []);
        CalibratedRanges ranges = Calibrator.Collect(model, plan.Activations, withHistograms: false, 1, _ => [input], scratch.Path).Ranges(CalibrationMethods.MinMax);
        return new StaticRecipe(model, plan, ranges).Emit(127, signedActivations: false).Model;
    }

    private static NamedTensor Pixels(string name, params long[] shape)
    {
        Random random = new(7);
        float[] values = [.. Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => (float)random.Next(256))];
        return new NamedTensor(name, [.. shape], values);
    }
}
