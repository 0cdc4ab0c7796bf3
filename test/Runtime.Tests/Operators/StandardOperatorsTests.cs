using Octet.Runtime.Operators;

namespace Octet.Runtime.Tests;

/// <summary>Each operator against the standard operators that it stands for, in one session, bit for bit; sums, which are computed in integers, within a step.</summary>
public sealed class StandardOperatorsTests
{
    private const int UInt8 = OnnxGraph.UInt8;

    private readonly Random _random = new(7);

    public static TheoryData<long[]> Shapes => [[1], [256], [3, 5, 7], [], [0], [2, 0, 3], [1, 64, 20, 20], [200_003]];

    public static TheoryData<long[]> Images =>
        [[1, 3, 5, 7], [2, 16, 16, 16], [1, 17, 9, 13], [1, 64, 56, 56], [3, 130, 1, 1], [1, 1, 3, 3], [2, 24, 33, 31], [0, 8, 4, 4], [1, 0, 4, 4], [1, 4, 0, 4], [2, 5], [2, 5, 9], [1, 2, 3, 4, 5], [1, 1500, 2, 2], [1, 600, 7, 7], [1, 3, 96, 97]];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_table_of_a_function_equals_the_function(long[] shape)
    {
        byte[] model = Model(graph => graph
            .Input("x", UInt8, shape).Input("all", UInt8, 256)
            .DequantizeLinear("x", 0.05f, 120).Node("Sigmoid", ["x_float"], "s").QuantizeLinear("s", "expected", 1 / 255f, 0)
            .DequantizeLinear("all", 0.05f, 120).Node("Sigmoid", ["all_float"], "t").QuantizeLinear("t", "table", 1 / 255f, 0)
            .Node("octet:LookupTable", ["x", "table"], "actual"));
        byte[] all = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        AssertEqual(model, Bytes("x", shape), new NamedTensor("all", [256], all));
    }

    [Fact]
    public void Signed_values_index_by_their_bits()
    {
        sbyte[] table = [.. Enumerable.Range(0, 256).Select(_ => (sbyte)_random.Next(-128, 128))];
        byte[] model = new OnnxGraph().Input("x", OnnxGraph.Int8, 256).Constant("table", table, 256)
            .Node("octet:LookupTable", ["x", "table"], "y").Output("y", OnnxGraph.Int8).ToModel();
        sbyte[] x = [.. Enumerable.Range(0, 256).Select(value => (sbyte)(value * 7))];
        NamedTensor y = OperatorSession.Run(model, new NamedTensor("x", [256], x))[0];
        Tensors.AssertEqual(new NamedTensor("y", [256], x.Select(value => table[(byte)value]).ToArray()), y);
    }

    [Fact]
    public void Sums_of_all_pairs_are_those_of_the_standard_operators_but_for_halves()
    {
        byte[] a = [.. Enumerable.Range(0, 65536).Select(pair => (byte)pair)];
        byte[] b = [.. Enumerable.Range(0, 65536).Select(pair => (byte)(pair >> 8))];
        for (int round = 0; round < 20; round++)
        {
            // No summand with larger steps than the sum.
            Quantization y = Scale(), first = Scale(), second = Scale();
            first = first with { Scale = Math.Min(first.Scale, y.Scale) };
            second = second with { Scale = Math.Min(second.Scale, y.Scale) };
            NamedTensor[] outputs = OperatorSession.Run(AddModel([65536], first, second, y), 1, [new NamedTensor("a", [65536], a), new NamedTensor("b", [65536], b)]);
            byte[] expected = (byte[])outputs[0].Data, actual = (byte[])outputs[1].Data;
            for (int pair = 0; pair < a.Length; pair++)
            {
                double exact = ((a[pair] - first.ZeroPoint) * (double)first.Scale + (b[pair] - second.ZeroPoint) * (double)second.Scale) / y.Scale;
                bool isHalf = Math.Abs(exact - Math.Floor(exact) - 0.5) < 1 / 60.0;
                Assert.InRange(Math.Abs(expected[pair] - actual[pair]), 0, isHalf ? 1 : 0);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Sums_of_any_shape_are_those_of_the_standard_operators_within_a_step(long[] shape)
    {
        byte[] model = AddModel(shape, Scale(), Scale(), Scale());
        NamedTensor[] inputs = [Bytes("a", shape), Bytes("b", shape)];
        foreach (int threads in new[] { 1, 4 })
        {
            NamedTensor[] outputs = OperatorSession.Run(model, threads, inputs);
            Assert.Equal(outputs[0].Shape.ToArray(), outputs[1].Shape.ToArray());
            Assert.All(((byte[])outputs[0].Data).Zip((byte[])outputs[1].Data), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1));
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_table_behind_a_sum_equals_the_function(long[] shape)
    {
        Quantization a = Scale(), b = Scale(), y = Scale();
        var table = new byte[256];
        _random.NextBytes(table);
        (string, object)[] attributes = [.. Attributes("a", a), .. Attributes("b", b), .. Attributes("y", y)];
        byte[] model = Model(graph => graph.Constant("table", table, 256).Input("a", UInt8, shape).Input("b", UInt8, shape)
            .Node("octet:QuantizedAdd", ["a", "b"], "sum", attributes).Node("octet:LookupTable", ["sum", "table"], "expected")
            .Node("octet:QuantizedAdd", ["a", "b", "table"], "actual", attributes));
        AssertEqual(model, Bytes("a", shape), Bytes("b", shape));
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Channels_first_are_scaled_as_by_Mul(long[] shape)
    {
        long[] factors = [.. shape.Select((extent, axis) => axis < 2 ? extent : 1)];
        AssertScaled(shape, factors, channelsLast: 0);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Channels_last_are_scaled_as_by_Mul(long[] channelsFirst)
    {
        long[] shape = [channelsFirst[0], .. channelsFirst[2..], channelsFirst[1]];
        long[] factors = [.. shape.Select((extent, axis) => axis == 0 || axis == shape.Length - 1 ? extent : 1)];
        AssertScaled(shape, factors, channelsLast: 1);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Quantization_transposes(long[] shape)
    {
        Quantization y = Scale();
        long[] axes = [0, .. Enumerable.Range(2, shape.Length - 2).Select(axis => (long)axis), 1];
        byte[] model = Model(graph => graph
            .Input("x", OnnxGraph.Float, shape)
            .QuantizeLinear("x", "q", y.Scale, y.ZeroPoint).Node("Transpose", ["q"], "expected", ("perm", axes))
            .Node("octet:QuantizeNhwc", ["x"], "actual", ("scale", y.Scale), ("zero_point", (long)y.ZeroPoint)));
        // Halves, which round to even, and what saturates.
        float[] values = [.. Enumerable.Range(0, Count(shape)).Select(i => (i % 4) switch
        {
            0 => (_random.Next(-600, 600) + 0.5f) * y.Scale,
            1 => (_random.NextSingle() - 0.5f) * 300 * y.Scale,
            2 => (_random.NextSingle() - 0.5f) * 1e30f,
            _ => _random.Next(3) switch { 0 => float.PositiveInfinity, 1 => float.NegativeInfinity, _ => -0f },
        })];
        AssertEqual(model, new NamedTensor("x", [.. shape], values));
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Dequantization_transposes(long[] channelsFirst)
    {
        long[] shape = [channelsFirst[0], .. channelsFirst[2..], channelsFirst[1]];
        Quantization x = Scale();
        long[] axes = [0, shape.Length - 1, .. Enumerable.Range(1, shape.Length - 2).Select(axis => (long)axis)];
        byte[] model = Model(
            graph => graph
                .Input("x", UInt8, shape)
                .DequantizeLinear("x", x.Scale, x.ZeroPoint).Node("Transpose", ["x_float"], "expected", ("perm", axes))
                .Node("octet:DequantizeNhwc", ["x"], "actual", ("scale", x.Scale), ("zero_point", (long)x.ZeroPoint)),
            OnnxGraph.Float);
        AssertEqual(model, Bytes("x", shape));
    }

    [Theory]
    [InlineData(new long[] { 1, 5, 7, 3 }, 2, 2)]
    [InlineData(new long[] { 2, 3, 4, 16 }, 1, 4)]
    [InlineData(new long[] { 1, 4, 3, 33 }, 3, 1)]
    [InlineData(new long[] { 3, 20, 20, 24 }, 4, 8)]
    public void Pixels_are_repeated_as_by_Resize(long[] shape, long heightFactor, long widthFactor)
    {
        byte[] model = Model(graph => graph
            .Input("x", UInt8, shape).Constant("scales", [1f, heightFactor, widthFactor, 1f], 4)
            .Node("Resize", ["x", "", "scales"], "expected", ("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor"))
            .Node("octet:ResizeNearestNhwc", ["x"], "actual", ("height_factor", heightFactor), ("width_factor", widthFactor)));
        AssertEqual(model, Bytes("x", shape));
    }

    // The standard operator refuses these.
    [Theory]
    [InlineData(new long[] { 0, 5, 7, 3 }, new long[] { 0, 10, 21, 3 })]
    [InlineData(new long[] { 1, 5, 0, 3 }, new long[] { 1, 10, 0, 3 })]
    public void Nothing_repeated_is_nothing(long[] shape, long[] expected)
    {
        byte[] model = new OnnxGraph().Input("x", UInt8, shape)
            .Node("octet:ResizeNearestNhwc", ["x"], "y", ("height_factor", 2L), ("width_factor", 3L)).Output("y", UInt8).ToModel();
        Assert.Equal(expected, OperatorSession.Run(model, Bytes("x", shape))[0].Shape);
    }

    [Fact]
    public void Nothing_that_is_no_number_is_0()
    {
        byte[] model = new OnnxGraph().Input("x", OnnxGraph.Float, 1, 1, 37)
            .Node("octet:QuantizeNhwc", ["x"], "y", ("scale", 0.5f), ("zero_point", 9L)).Output("y", UInt8, 1, 37, 1).ToModel();
        NamedTensor y = OperatorSession.Run(model, new NamedTensor("x", [1, 1, 37], Enumerable.Repeat(float.NaN, 37).ToArray()))[0];
        Assert.Equal(new byte[37], y.Data);
    }

    [Theory]
    [InlineData(new long[] { 1, 28, 28, 64 }, new long[] { 3, 3 }, new long[] { 1, 1 }, new long[] { 1, 1 }, new long[] { 1, 1, 1, 1 })]
    [InlineData(new long[] { 2, 29, 31, 24 }, new long[] { 5, 5 }, new long[] { 2, 2 }, new long[] { 1, 1 }, new long[] { 1, 2, 2, 1 })]
    [InlineData(new long[] { 1, 3, 48, 240 }, new long[] { 5, 5 }, new long[] { 1, 1 }, new long[] { 1, 1 }, new long[] { 2, 2, 2, 2 })]
    [InlineData(new long[] { 1, 40, 33, 7 }, new long[] { 3, 2 }, new long[] { 1, 3 }, new long[] { 2, 3 }, new long[] { 2, 0, 2, 3 })]
    [InlineData(new long[] { 3, 7, 7, 576 }, new long[] { 7, 7 }, new long[] { 1, 1 }, new long[] { 1, 1 }, new long[] { 3, 3, 3, 3 })]
    [InlineData(new long[] { 1, 1, 9, 33 }, new long[] { 1, 4 }, new long[] { 1, 1 }, new long[] { 1, 1 }, new long[] { 0, 0, 0, 0 })]
    public void Depthwise_convolutions_equal_QLinearConv(long[] shape, long[] kernel, long[] strides, long[] dilations, long[] pads)
    {
        long channels = shape[3];
        foreach (bool perChannel in new[] { true, false })
        {
            Quantization x = Scale(), y = Scale();
            sbyte[] weights = [.. Enumerable.Range(0, (int)(channels * kernel[0] * kernel[1])).Select(_ => (sbyte)_random.Next(-128, 128))];
            float[] scales = [.. Enumerable.Range(0, perChannel ? (int)channels : 1).Select(_ => _random.NextSingle() * 0.02f)];
            int[] biases = [.. Enumerable.Range(0, (int)channels).Select(_ => _random.Next(-5000, 5000))];
            (string, object)[] window = [("kernel_shape", kernel), ("strides", strides), ("dilations", dilations), ("pads", pads)];
            byte[] model = Model(graph => graph
                .Input("x", UInt8, shape)
                .Constant("w", weights, channels, 1, kernel[0], kernel[1]).Constant("ws", scales, perChannel ? [channels] : []).Constant("b", biases, channels)
                .Constant("wz", new sbyte[scales.Length], perChannel ? [channels] : [])
                .Constant("xs", [x.Scale]).Constant("xz", [x.ZeroPoint]).Constant("ys", [y.Scale]).Constant("yz", [y.ZeroPoint])
                .Node("com.microsoft:QLinearConv", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"], "expected",
                    [.. window, ("group", channels), ("channels_last", 1L)])
                .Node("octet:QuantizedDepthwiseConv", ["x", "w", "ws", "b"], "actual", [.. window, .. Attributes("x", x), .. Attributes("y", y)]));
            AssertEqual(model, Bytes("x", shape));
        }
    }

    [Fact]
    public void A_table_behind_a_depthwise_convolution_without_biases_is_looked_up()
    {
        var table = new byte[256];
        _random.NextBytes(table);
        sbyte[] weights = [.. Enumerable.Range(0, 20 * 9).Select(_ => (sbyte)_random.Next(-128, 128))];
        (string, object)[] attributes = [.. Attributes("x", new Quantization(0.5f, 100)), .. Attributes("y", new Quantization(2, 50)), ("pads", new long[] { 1, 1, 1, 1 })];
        byte[] model = Model(graph => graph
            .Input("x", UInt8, 1, 9, 11, 20).Constant("w", weights, 20, 1, 3, 3).Constant("ws", [0.01f]).Constant("table", table, 256)
            .Node("octet:QuantizedDepthwiseConv", ["x", "w", "ws"], "plain", attributes).Node("octet:LookupTable", ["plain", "table"], "expected")
            .Node("octet:QuantizedDepthwiseConv", ["x", "w", "ws", "", "table"], "actual", attributes));
        AssertEqual(model, Bytes("x", [1, 9, 11, 20]));
    }

    private void AssertScaled(long[] shape, long[] factors, long channelsLast)
    {
        Quantization x = Scale(), s = Scale(), y = Scale();
        byte[] model = Model(graph => graph
            .Input("x", UInt8, shape).Input("s", UInt8, factors)
            .DequantizeLinear("x", x.Scale, x.ZeroPoint).DequantizeLinear("s", s.Scale, s.ZeroPoint)
            .Node("Mul", ["x_float", "s_float"], "product").QuantizeLinear("product", "expected", y.Scale, y.ZeroPoint)
            .Node("octet:QuantizedChannelScale", ["x", "s"], "actual",
                [.. Attributes("x", x), .. Attributes("s", s), .. Attributes("y", y), ("channels_last", channelsLast)]));
        AssertEqual(model, Bytes("x", shape), Bytes("s", factors));
    }

    private static byte[] AddModel(long[] shape, Quantization a, Quantization b, Quantization y) =>
        Model(graph => graph.Input("a", UInt8, shape).Input("b", UInt8, shape)
            .DequantizeLinear("a", a.Scale, a.ZeroPoint).DequantizeLinear("b", b.Scale, b.ZeroPoint)
            .Node("Add", ["a_float", "b_float"], "float_sum").QuantizeLinear("float_sum", "expected", y.Scale, y.ZeroPoint)
            .Node("octet:QuantizedAdd", ["a", "b"], "actual", [.. Attributes("a", a), .. Attributes("b", b), .. Attributes("y", y)]));

    private static IEnumerable<(string, object)> Attributes(string name, Quantization quantization) =>
        [($"{name}_scale", quantization.Scale), ($"{name}_zero_point", (long)quantization.ZeroPoint)];

    private static byte[] Model(Func<OnnxGraph, OnnxGraph> nodes, int type = UInt8) =>
        nodes(new OnnxGraph()).Output("expected", type).Output("actual", type).ToModel();

    /// <summary>The two outputs are equal in type, shape and bits, whatever the number of threads.</summary>
    private static void AssertEqual(byte[] model, params NamedTensor[] inputs)
    {
        foreach (int threads in new[] { 1, 4 })
        {
            NamedTensor[] outputs = OperatorSession.Run(model, threads, inputs);
            Assert.Equal("actual", outputs[1].Name);
            Tensors.AssertEqual(new NamedTensor("actual", outputs[0].Shape, outputs[0].Data), outputs[1]);
        }
    }

    private Quantization Scale() => new(MathF.Exp(_random.NextSingle() * 4 - 4), (byte)_random.Next(256));

    private NamedTensor Bytes(string name, long[] shape)
    {
        var bytes = new byte[Count(shape)];
        _random.NextBytes(bytes);
        return new NamedTensor(name, [.. shape], bytes);
    }

    private static int Count(long[] shape) => (int)shape.Aggregate(1L, (product, extent) => product * extent);
}
