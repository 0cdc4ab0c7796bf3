using CsCheck;
using Octet.Quantization.Emission;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using DataType = Octet.Quantization.Onnx.Protocol.TensorProto.Types.DataType;

namespace Octet.Quantization.Tests.Preparation;

/// <summary>Models with quantize/dequantize pairs are taken apart into floats and what was trained.</summary>
public class TakeQuantizationTests
{
    private static readonly long[] Shape = [1, 3, 8, 8];

    [Fact]
    public void Pairs_go_and_their_scales_are_kept_by_the_names_of_values()
    {
        GraphBuilder graph = new();
        string input = graph.Pair(graph.Input("x", Shape), 0.05f, 100);
        (string weights, sbyte[] integers, float[] scales) = graph.IntegerWeights(4, 8, 3, 3, 3);
        string conv = graph.ConvOf(input, weights);
        graph.Output(graph.SignedPair(conv, 0.1f, -128));
        UnquantizedModel taken = Take(graph.Build());

        Assert.DoesNotContain(taken.Model.Graph.Node, node => node.OpType.EndsWith("quantizeLinear", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(new TrainedActivation(0.05f, 100), taken.Trained.Activations["x"]);
        // A signed integer is the unsigned one less 128.
        Assert.Equal(new TrainedActivation(0.1f, 0), taken.Trained.Activations[conv]);
        Assert.Equal(integers, taken.Trained.Weights[weights].Integers);
        Assert.Equal(scales, taken.Trained.Weights[weights].Scales);
        float[] floats = taken.Model.Graph.Initializer.Single(tensor => tensor.Name == weights).ToFloats();
        Assert.Equal(integers.Select((integer, i) => integer * scales[i / 27]), floats);
    }

    [Fact]
    public void The_float_model_computes_what_is_left_without_rounding()
    {
        GraphBuilder graph = new();
        string input = graph.Pair(graph.Input("x", Shape), 0.03f, 128);
        graph.Output(graph.Pair(graph.ConvOf(input, graph.IntegerWeights(8, 8, 3, 3, 3).Value), 0.03f, 128));
        ModelProto model = graph.Build();
        Assert.InRange(Quantized.SqnrDb(model, Take(model).Model, Reference.Tensor("x", Shape)), 30, 80);
    }

    [Fact]
    public void Float_weights_behind_a_pair_become_integers_within_the_limits_of_a_clip()
    {
        GraphBuilder graph = new();
        string input = graph.Pair(graph.Input("x", Shape), 0.05f, 0);
        string floats = graph.ScaledWeights(8, 3, 3, 3), scale = graph.Constant([8], [.. Enumerable.Repeat(0.05f, 8)]);
        string zero = graph.Integers(DataType.Int8, [8], new byte[8]);
        string quantized = graph.Node("QuantizeLinear", [floats, scale, zero], Nodes.Attribute("axis", 0L));
        string clipped = graph.Node("Clip", [quantized, graph.Integers(DataType.Int8, [], unchecked((byte)-7)), graph.Integers(DataType.Int8, [], 7)]);
        string weights = graph.Node("DequantizeLinear", [clipped, scale, zero], Nodes.Attribute("axis", 0L));
        graph.Output(graph.ConvOf(input, weights));
        float[] values = graph.Graph.Initializer.Single(tensor => tensor.Name == floats).ToFloats();
        Assert.Equal(values.Select(value => (sbyte)Math.Clamp(MathF.Round(value / 0.05f), -7, 7)), Take(graph.Build()).Trained.Weights[weights].Integers);
    }

    [Fact]
    public void Unsigned_weights_around_128_are_signed_ones()
    {
        GraphBuilder graph = new();
        string input = graph.Pair(graph.Input("x", 1, 2), 0.05f, 0), scale = graph.Constant([], [0.5f]);
        string weights = graph.Node("DequantizeLinear", [graph.Integers(DataType.Uint8, [2, 2], 0, 127, 128, 255), scale, graph.Integers(DataType.Uint8, [], 128)]);
        graph.Output(graph.Node("MatMul", [input, weights]));
        Assert.Equal([-128, -1, 0, 127], Take(graph.Build()).Trained.Weights[weights].Integers.Select(integer => (int)integer));
    }

    [Fact]
    public void Weights_that_are_transposed_where_they_are_read_keep_their_integers()
    {
        GraphBuilder graph = new();
        string input = graph.Pair(graph.Input("x", 1, 3, 4), 0.05f, 0);
        (string weights, sbyte[] integers, float[] scales) = graph.IntegerWeights(8, 2, 4);
        string transposed = graph.Node("Transpose", [weights], Nodes.Attribute("perm", [1L, 0]));
        graph.Output(graph.Node("MatMul", [input, transposed]));
        TrainedWeights taken = Take(graph.Build()).Trained.Weights[transposed];
        Assert.Equal((sbyte[])[integers[0], integers[4], integers[1], integers[5], integers[2], integers[6], integers[3], integers[7]], taken.Integers.ToArray());
        Assert.Equal((scales.Length, 1), (taken.Scales.Length, taken.Axis));
    }

    [Fact]
    public void An_integer_bias_becomes_its_value()
    {
        GraphBuilder graph = new();
        string input = graph.Pair(graph.Input("x", Shape), 0.05f, 0);
        string weights = graph.IntegerWeights(8, 2, 3, 1, 1).Value;
        graph.Graph.Initializer.Add(Tensors.Create("bias", [2L], [1000, -2000]));
        string bias = graph.Node("DequantizeLinear", ["bias", graph.Constant([2], [0.001f, 0.002f])], Nodes.Attribute("axis", 0L));
        graph.Output(graph.Node("Conv", [input, weights, bias]));
        Assert.Equal([1000 * 0.001f, -2000 * 0.002f], Take(graph.Build()).Model.Graph.Initializer.Single(tensor => tensor.Name == bias).ToFloats());
    }

    public static TheoryData<string, string> Refused() => new()
    {
        { "channels", "a scale for each channel of an activation" },
        { "scales", "different scales or zero points" },
        { "asymmetric", "do not lie around 0" },
        { "int16", "are of type Int16" },
        { "computed", "is computed" },
        { "alone", "is no part of a quantize/dequantize pair" },
        { "output", "leave the model" },
        { "negative", "is not positive" },
        { "read", "are read by Cast" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_static_variants_cannot_carry_is_refused_with_the_reason(string what, string reason)
    {
        GraphBuilder graph = new();
        string x = graph.Input("x", Shape), scale = graph.Constant([], [what == "negative" ? -1f : 0.1f]), zero = graph.Integers(DataType.Uint8, [], 3);
        string Quantize() => graph.Node("QuantizeLinear", [x, scale, zero]);
        string Pair(string integers, string byScale, string byZero) => graph.Node("DequantizeLinear", [integers, byScale, byZero]);
        graph.Output(what switch
        {
            "channels" => Pair(graph.Node("QuantizeLinear", [x, graph.Constant([3], [1, 2, 3]), graph.Integers(DataType.Uint8, [3], 0, 0, 0)]), graph.Constant([3], [1, 2, 3]), graph.Integers(DataType.Uint8, [3], 0, 0, 0)),
            "scales" => Pair(Quantize(), graph.Constant([], [0.2f]), zero),
            "asymmetric" => graph.ConvOf(Pair(Quantize(), scale, zero), Pair(graph.Integers(DataType.Uint8, [1, 3, 1, 1], 1, 2, 250), scale, zero)),
            "int16" => Pair(graph.Node("QuantizeLinear", [x, scale, graph.Integers(DataType.Int16, [], 0, 0)]), scale, graph.Integers(DataType.Int16, [], 0, 0)),
            "computed" => Pair(Quantize(), graph.Node("ReduceMax", [x]), zero),
            "alone" => Pair(graph.Node("MaxPool", [Quantize()], Nodes.Attribute("kernel_shape", [1L, 1])), scale, zero),
            "read" => graph.Node("Cast", [Quantize()], Nodes.Attribute("to", 1L)),
            "output" => Quantize(),
            _ => Pair(Quantize(), scale, zero),
        });
        Assert.False(TakeQuantization.TryTake(graph.Build(), out UnquantizedModel? taken, out string? said));
        Assert.Null(taken);
        // The first node that cannot be taken is named.
        Assert.Contains(what == "alone" ? "are read by MaxPool" : reason, said, StringComparison.Ordinal);
    }

    [Fact]
    public void Integers_survive_any_factor_of_their_channels() =>
        Gen.Select(Gen.Int[1, 127], Gen.Int[0, 10_000], Gen.Bool).Sample((limit, seed, perTensor) =>
        {
            Random random = new(seed);
            const int Channels = 3, Inner = 8;
            // The first of each channel is not 0, so that the channel's sign is known.
            sbyte[] integers = [.. Enumerable.Range(0, Channels * Inner).Select(i => (sbyte)(i % Inner == 0 ? limit : random.Next(-limit, limit + 1)))];
            float[] scales = [.. Enumerable.Range(0, perTensor ? 1 : Channels).Select(_ => random.NextSingle() + 0.01f)];
            float[] factors = [.. Enumerable.Range(0, Channels).Select(_ => (random.NextSingle() + 0.1f) * (random.Next(2) * 2 - 1))];
            float Scale(int i) => scales[i / Inner % scales.Length] * factors[i / Inner];
            float[] weights = [.. integers.Select((integer, i) => integer * Scale(i))];
            TrainedWeights trained = new([.. integers], [.. scales], 0);

            QuantizedWeights found = QuantizedWeights.OfTrained(trained, weights, [Channels, Inner], 0)!;
            Assert.Equal(integers.Select((integer, i) => integer * Math.Sign(factors[i / Inner])), found.Values.Select(value => (int)value));
            Assert.All(Enumerable.Range(0, Channels), channel => Assert.Equal(Math.Abs(Scale(channel * Inner)), found.Scales[channel], 1e-5f * Math.Abs(Scale(channel * Inner))));

            weights[5] += Scale(5) * 0.4f;
            Assert.Null(QuantizedWeights.OfTrained(trained, weights, [Channels, Inner], 0));
        }, iter: 200);

    private static UnquantizedModel Take(ModelProto model)
    {
        ModelProto before = model.Clone();
        Assert.True(TakeQuantization.TryTake(model, out UnquantizedModel? taken, out string? reason), reason);
        Assert.Equal(before, model);
        return taken;
    }
}
