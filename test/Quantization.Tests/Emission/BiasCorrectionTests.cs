using System.Collections.Immutable;
using CsCheck;
using Octet.Quantization.Calibration;
using Octet.Quantization.Emission;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Emission;

public sealed class BiasCorrectionTests
{
    // 4-bit weights: what they are off by is then far above what 8-bit activations are.
    private const int WeightLimit = 7;

    [Fact]
    public void The_means_of_convolutions_are_kept()
    {
        var cases =
            from groups in Gen.Int[1, 3]
            from inputsPerGroup in Gen.Int[1, 4]
            from outputsPerGroup in Gen.Int[1, 4]
            from kernel in Gen.Int[1, 3]
            from bias in Gen.Bool
            from dimensions in Gen.Int[1, 2]
            from signed in Gen.Bool
            from seed in Gen.Int[0, 1000]
            select (groups, inputsPerGroup, outputsPerGroup, kernel, bias, dimensions, signed, seed);
        cases.Sample(test =>
        {
            GraphBuilder builder = new(seed: test.seed);
            long inputs = test.groups * test.inputsPerGroup, outputs = test.groups * test.outputsPerGroup;
            long[] Spatial(long extent) => [.. Enumerable.Repeat(extent, test.dimensions)];
            // As many places in one dimension as in two: rounding averages out over them.
            long[] shape = [2, inputs, .. Spatial(test.dimensions == 1 ? 400 : 20)];
            string x = builder.Input("x", shape);
            string weights = builder.Weights([outputs, test.inputsPerGroup, .. Spatial(test.kernel)]);
            builder.Output(builder.Node("Conv", test.bias ? [x, weights, builder.Weights(outputs)] : [x, weights], Nodes.Attribute("group", (long)test.groups)));
            AssertCorrected(builder.Build(), Positive(x, shape, test.seed), axis: 1, test.signed);
        }, iter: 40, threads: 1);
    }

    [Fact]
    public void The_means_of_matrix_products_are_kept()
    {
        var cases =
            from op in Gen.OneOfConst("Gemm", "Gemm transposed", "MatMul", "MatMul Add")
            from bias in Gen.Bool
            from inner in Gen.Int[3, 40]
            from columns in Gen.Int[1, 20]
            from signed in Gen.Bool
            from seed in Gen.Int[0, 1000]
            select (op, bias, inner, columns, signed, seed);
        cases.Sample(test =>
        {
            GraphBuilder builder = new(seed: test.seed);
            bool gemm = test.op.StartsWith("Gemm", StringComparison.Ordinal), transposed = test.op == "Gemm transposed";
            long[] shape = gemm ? [200, test.inner] : [4, 50, test.inner];
            string x = builder.Input("x", shape);
            string weights = transposed ? builder.Weights(test.columns, test.inner) : builder.Weights(test.inner, test.columns);
            string[] operands = gemm && test.bias ? [x, weights, builder.Weights(test.columns)] : [x, weights];
            string y = gemm ? builder.Node("Gemm", operands, Nodes.Attribute("transB", transposed ? 1L : 0)) : builder.Node("MatMul", operands);
            builder.Output(test.op == "MatMul Add" ? builder.Node("Add", [y, builder.Weights(test.columns)]) : y);
            AssertCorrected(builder.Build(), Positive(x, shape, test.seed), axis: -1, test.signed);
        }, iter: 40, threads: 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Most_of_the_shift_goes(bool product)
    {
        GraphBuilder builder = new();
        long[] shape = product ? [8, 100, 32] : [1, 32, 30, 30];
        string x = builder.Input("x", shape);
        builder.Output(product ? builder.Node("MatMul", [x, builder.Weights(32, 24)]) : builder.Node("Conv", [x, builder.Weights(24, 32, 3, 3)]));
        NamedTensor input = Positive(x, shape, 1);

        (ModelProto prepared, ModelProto plain, ModelProto corrected) = Emit(builder.Build(), input);

        int axis = product ? -1 : 1;
        Assert.InRange(Norm(MeanErrors(prepared, corrected, input, axis)), 0, Norm(MeanErrors(prepared, plain, input, axis)) / 10);
        Assert.InRange(Quantized.SqnrDb(prepared, corrected, input), Quantized.SqnrDb(prepared, plain, input) + 3, 60);
    }

    [Fact]
    public void Shared_weights_are_corrected_for_each_input()
    {
        GraphBuilder builder = new();
        string weights = builder.Weights(6, 4, 3, 3), bias = builder.Weights(6);
        string x = builder.Input("x", 1, 4, 20, 20);
        // The same range, and so the same scale, but other means.
        string y = builder.Node("Mul", [x, x]);
        string[] outputs = [.. new[] { x, y }.Select(input => builder.Node("Conv", [input, weights, bias]))];
        builder.Output(builder.Node("Concat", outputs, Nodes.Attribute("axis", 1L)));
        NamedTensor input = Positive(x, [1, 4, 20, 20], 1, largest: 1);
        ((float[])input.Data)[0] = 1;

        AssertCorrected(builder.Build(), input, axis: 1, signed: false);
    }

    [Fact]
    public void A_product_with_an_integer_result_stays_one()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 4, 20, 8);
        builder.Output(builder.Node("MatMul", [builder.Node("MatMul", [x, builder.Weights(8, 16)]), builder.Weights(16, 4)]));
        NamedTensor input = Positive(x, [4, 20, 8], 1);

        (_, ModelProto plain, ModelProto corrected) = Emit(builder.Build(), input);

        Assert.NotEqual(plain, corrected);
        Assert.Equal(Quantized.Optimized(plain), Quantized.Optimized(corrected));
    }

    [Fact]
    public void Means_that_are_missing_or_of_other_channels_change_nothing()
    {
        ModelProto prepared = PreparationPipeline.Run(Pipeline.SmallModels.Convolutions(), "test.onnx");
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        Dictionary<string, ActivationRange> ranges = plan.Activations.ToDictionary(activation => activation, _ => new ActivationRange(-1, 2));
        ModelProto Emitted(params ImmutableArray<double>[] means) => QdqEmitter.Emit(prepared, plan, ranges, WeightLimit, inputMeans: means.ToDictionary(_ => "x", mean => mean)).Model;

        ModelProto plain = QdqEmitter.Emit(prepared, plan, ranges, WeightLimit).Model;
        Assert.Equal(plain, Emitted());
        Assert.Equal(plain, Emitted([1, 2]));
        Assert.NotEqual(plain, Emitted([1, 2, 3]));
        Assert.Equal(Emitted([1, 2, 3]), Emitted([1, 2, 3]));
    }

    [Fact]
    public void Inputs_of_integer_nodes_are_named_with_their_axis()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 2, 4, 4);
        string y = builder.Node("Relu", [builder.Node("Conv", [x, builder.Weights(4, 4, 1)])]);
        string z = builder.Node("MatMul", [y, builder.Weights(4, 4)]);
        string softmax = builder.Node("Softmax", [z]);
        builder.Output(builder.Node("MatMul", [softmax, builder.Weights(4, 2)]));
        builder.Output(builder.Node("Conv", [y, builder.Weights(2, 4, 1)]));
        ModelProto model = PreparationPipeline.Run(builder.Build(), "test.onnx");

        // The second value is read along two axes.
        Assert.Equal([new ChannelAxis(x, 1), new ChannelAxis(softmax, -1)], StaticQuantization.CorrectedInputs(model, StaticQuantization.Plan(model, [])).ToArray());
    }

    private static void AssertCorrected(ModelProto model, NamedTensor input, int axis, bool signed)
    {
        (ModelProto prepared, ModelProto plain, ModelProto corrected) = Emit(model, input, signed);

        Assert.Equal(Quantized.Optimized(plain), Quantized.Optimized(corrected));
        double[] before = MeanErrors(prepared, plain, input, axis), after = MeanErrors(prepared, corrected, input, axis);
        // What is left comes from rounding the input and the output to 8 bits, and averages out.
        double largest = Reference.Run(prepared, input).Floats().Max(MathF.Abs);
        Assert.All(after, error => Assert.InRange(Math.Abs(error), 0, 0.004 * largest));
        Assert.InRange(Norm(after), 0, Norm(before) + 0.002 * largest);
    }

    private static (ModelProto Prepared, ModelProto Plain, ModelProto Corrected) Emit(ModelProto model, NamedTensor input, bool signed = false)
    {
        using ScratchFolder scratch = new();
        ModelProto prepared = PreparationPipeline.Run(model, "test.onnx");
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        ImmutableDictionary<string, ActivationRange> ranges = Calibrator.Collect(prepared, plan.Activations, withHistograms: false, 1, _ => [input], scratch.Path).Ranges(CalibrationMethods.MinMax).Ranges;
        Dictionary<string, ImmutableArray<double>> means = ChannelCalibration.Collect(prepared, StaticQuantization.CorrectedInputs(prepared, plan), 1, _ => [input], scratch.Path)
            .ToDictionary(pair => pair.Key, pair => pair.Value.Mean);
        return (prepared, QdqEmitter.Emit(prepared, plan, ranges, WeightLimit, signed).Model, QdqEmitter.Emit(prepared, plan, ranges, WeightLimit, signed, means).Model);
    }

    private static double[] MeanErrors(ModelProto expected, ModelProto actual, NamedTensor input, int axis)
    {
        using ScratchFolder scratch = new();
        ImmutableArray<double> Means(ModelProto model) =>
            ChannelCalibration.Collect(model, [new ChannelAxis(model.Graph.Output[0].Name, axis)], 1, _ => [input], scratch.Path)[model.Graph.Output[0].Name].Mean;
        return [.. Means(expected).Zip(Means(actual), (first, second) => second - first)];
    }

    private static double Norm(double[] values) => Math.Sqrt(values.Sum(value => value * value));

    private static NamedTensor Positive(string name, long[] shape, int seed, float largest = 2)
    {
        NamedTensor tensor = Reference.Tensor(name, shape, seed, largest / 2);
        float[] values = (float[])tensor.Data;
        for (int i = 0; i < values.Length; i++)
            values[i] += largest / 2;
        return tensor;
    }
}
