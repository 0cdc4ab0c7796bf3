using System.Runtime.InteropServices;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Tests.Emission;

namespace Octet.Quantization.Tests.Methods;

/// <summary>What is tried by itself: what applies, and nothing else.</summary>
public sealed class DefaultVariantsTests
{
    [Fact]
    public void A_network_of_convolutions_is_quantized_statically()
    {
        GraphBuilder builder = new();
        builder.Output(builder.Conv(builder.Node("Relu", [builder.Conv(builder.Input("x", 1, 3, 8, 8), 8, 3, 3)]), 8, 8, 3));
        ModelProto model = builder.Build();
        Assert.Equal(["int8"], Of(model));
        Assert.Equal(["int8-portable"], Of(model, target: QuantizationTarget.X64Avx2));
        Assert.Empty(Of(model, calibrated: false));
        Assert.Empty(Of(model, exclude: ["Conv"]));
    }

    [Fact]
    public void A_small_classifier_behind_convolutions_is_not_worth_a_dynamic_variant()
    {
        GraphBuilder builder = new();
        string features = builder.Node("Flatten", [builder.Node("GlobalAveragePool", [builder.Conv(builder.Input("x", 1, 16, 8, 8), 16, 16, 3)])]);
        builder.Output(builder.Node("Gemm", [features, builder.Weights(16, 10)]));
        Assert.Equal(["int8"], Of(builder.Build()));
    }

    [Fact]
    public void Matrix_products_are_tried_in_every_way_and_without_data_too()
    {
        ModelProto model = TransformerModel.Build();
        Assert.Equal(["int8", "int8-dynamic", "int8-weights"], Of(model));
        Assert.Equal(["int8-dynamic", "int8-weights"], Of(model, calibrated: false));
        Assert.Equal(["int8-portable", "int8-dynamic", "int8-weights"], Of(model, target: QuantizationTarget.X64Avx2));
    }

    [Fact]
    public void An_lstm_is_dynamic_alone()
    {
        GraphBuilder builder = new();
        builder.Output(DynamicEmitterTests.Lstm(builder, builder.Input("x", 7, 2, 16), "forward", 16, 32));
        Assert.Equal(["int8-dynamic"], Of(builder.Build()));
    }

    [Fact]
    public void A_model_that_preparation_changes_is_tried_in_float_as_well()
    {
        GraphBuilder builder = new();
        builder.Output(builder.BatchNormalization(builder.Conv(builder.Input("x", 1, 3, 8, 8), 8, 3, 3), 8));
        Assert.Equal(["float-optimized", "int8"], Of(builder.Build()));
    }

    [Fact]
    public void A_model_without_anything_to_quantize_says_why()
    {
        GraphBuilder builder = new();
        builder.Output(builder.Node("Sin", [builder.Input("x", 1, 3)]));
        ModelProto model = builder.Build();
        Assert.Empty(Of(model));
        Assert.Contains("no Conv, Gemm or MatMul", DefaultVariants.ReasonNothing(PreparationPipeline.Run(model, "test.onnx"), []));
        Assert.Null(DefaultVariants.ReasonNothing(PreparationPipeline.Run(TransformerModel.Build(), "test.onnx"), []));
    }

    [Theory]
    [InlineData("auto", Architecture.X64, "avx2 avx512-vnni", "x64-vnni")]
    [InlineData("auto", Architecture.X64, "avx2 avx-vnni", "x64-vnni")]
    [InlineData("auto", Architecture.X64, "avx2", "x64-avx2")]
    [InlineData("auto", Architecture.X64, "", "x64-vnni")]
    [InlineData("auto", Architecture.Arm64, "neon-dotprod", "arm64")]
    [InlineData("arm64", Architecture.X64, "avx2", "arm64")]
    [InlineData("x64-avx2", Architecture.X64, "avx512-vnni", "x64-avx2")]
    public void Auto_is_the_machine_at_hand(string name, Architecture architecture, string features, string expected) =>
        Assert.Equal(expected, QuantizationTarget.Of(name, architecture, features.Split(' ')).Name);

    [Fact]
    public void An_unknown_target_is_refused() => Assert.Throws<ArgumentException>(() => QuantizationTarget.Of("riscv", Architecture.X64, []));

    private static IEnumerable<string> Of(ModelProto model, QuantizationTarget? target = null, bool calibrated = true, string[]? exclude = null) =>
        DefaultVariants.Of(DefaultVariants.Operators(model), PreparationPipeline.Run(model, "test.onnx"), [.. (exclude ?? []).Select(pattern => new NodePattern(pattern))], target ?? QuantizationTarget.X64Vnni, calibrated);
}
