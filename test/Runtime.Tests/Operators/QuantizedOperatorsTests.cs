using Microsoft.ML.OnnxRuntime;
using Octet.Runtime.Operators;

namespace Octet.Runtime.Tests;

/// <summary>Registration, and what ONNX Runtime says and does where something is wrong.</summary>
public sealed class QuantizedOperatorsTests
{
    private static readonly (string, object) Scale = ("scale", 0.5f);

    [Fact]
    public void Registering_twice_and_from_many_threads_is_registering_once()
    {
        using var options = new SessionOptions();
        Parallel.For(0, 16, _ => QuantizedOperators.Register(options));
        QuantizedOperators.Register(options);
        using var session = new InferenceSession(TableModel(), options);
        Assert.Equal(["y"], session.OutputNames);
    }

    [Fact]
    public void Many_options_and_sessions_share_the_operators() => Parallel.For(0, 16, seed =>
    {
        for (int round = 0; round < 5; round++)
        {
            InferenceSession session;
            using (var options = new SessionOptions { IntraOpNumThreads = 1 + seed % 3 })
            {
                QuantizedOperators.Register(options);
                session = new InferenceSession(TableModel(), options);
            }
            // The options are gone, the session remains.
            using (session)
                AssertTable(session, seed * 5 + round);
        }
    });

    [Fact]
    public void One_session_runs_on_many_threads_at_once()
    {
        using InferenceSession session = OperatorSession.Open(TableModel(), threads: 2);
        Parallel.For(0, 32, seed => AssertTable(session, seed));
    }

    [Fact]
    public void Sessions_outlive_a_garbage_collection()
    {
        using InferenceSession session = OperatorSession.Open(TableModel());
        for (int round = 0; round < 3; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            AssertTable(session, round);
        }
    }

    [Fact]
    public void Options_must_be_there()
    {
        Assert.Throws<ArgumentNullException>(() => QuantizedOperators.Register(null!));
        var options = new SessionOptions();
        options.Dispose();
        Assert.Throws<ObjectDisposedException>(() => QuantizedOperators.Register(options));
    }

    [Fact]
    public void Without_registration_ONNX_Runtime_names_the_operator() =>
        Assert.Contains("LookupTable", Assert.Throws<OnnxRuntimeException>(() => new InferenceSession(TableModel())).Message);

    [Fact]
    public void Models_tell_whether_they_need_the_operators()
    {
        Assert.True(QuantizedOperators.IsNeededBy(new MemoryStream(TableModel())));
        Assert.False(QuantizedOperators.IsNeededBy(new MemoryStream(OnnxModel.MatMul(2, 2, [1, 2, 3, 4]))));
        Assert.False(QuantizedOperators.IsNeededBy(new MemoryStream([])));

        string file = Path.GetTempFileName();
        File.WriteAllBytes(file, TableModel());
        Assert.True(QuantizedOperators.IsNeededBy(file));
        File.Delete(file);
        Assert.Throws<FileNotFoundException>(() => QuantizedOperators.IsNeededBy(file));
    }

    [Fact]
    public void What_is_no_model_is_told()
    {
        Assert.Throws<InvalidDataException>(() => QuantizedOperators.IsNeededBy(new MemoryStream("This is no model."u8.ToArray())));
        byte[] model = TableModel();
        // Every cut is an end, or the middle of a field, and never an endless loop.
        for (int length = 0; length < model.Length; length++)
        {
            var part = new MemoryStream(model, 0, length);
            Exception? exception = Record.Exception(() => Assert.False(QuantizedOperators.IsNeededBy(part)));
            Assert.True(exception is null or InvalidDataException, $"{length}: {exception}");
        }
    }

    public static TheoryData<string, string, (string, object)[]> WrongAttributes => new()
    {
        { "octet:QuantizeNhwc", "The attribute 'scale' is missing.", [] },
        { "octet:QuantizeNhwc", "The attribute 'scale' is 0; a scale is greater than 0 and finite.", [("scale", 0f)] },
        { "octet:QuantizeNhwc", "The attribute 'scale' is -1; ", [("scale", -1f)] },
        { "octet:QuantizeNhwc", "The attribute 'scale' is NaN; ", [("scale", float.NaN)] },
        { "octet:QuantizeNhwc", "The attribute 'scale' is Infinity; ", [("scale", float.PositiveInfinity)] },
        { "octet:QuantizeNhwc", "The attribute 'scale' is missing.", [("scale", 1L)] },
        { "octet:QuantizeNhwc", "The attribute 'zero_point' is 256; a zero point is 0 to 255.", [Scale, ("zero_point", 256L)] },
        { "octet:QuantizeNhwc", "The attribute 'zero_point' is -1; ", [Scale, ("zero_point", -1L)] },
    };

    [Theory]
    [MemberData(nameof(WrongAttributes))]
    public void Wrong_attributes_are_told_when_the_model_is_opened(string op, string message, (string, object)[] attributes)
    {
        byte[] model = new OnnxGraph().Input("x", OnnxGraph.Float, 1, 1, 1).Node(op, ["x"], "y", attributes).Output("y", OnnxGraph.UInt8).ToModel();
        Assert.Contains(message, Assert.Throws<OnnxRuntimeException>(() => OperatorSession.Open(model)).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    [InlineData(1L << 40)]
    public void Factors_that_are_none_are_told_when_the_model_is_opened(long factor)
    {
        byte[] model = new OnnxGraph().Input("x", OnnxGraph.UInt8, 1, 1, 1, 1)
            .Node("octet:ResizeNearestNhwc", ["x"], "y", ("height_factor", 1L), ("width_factor", factor)).Output("y", OnnxGraph.UInt8).ToModel();
        Assert.Contains($"'width_factor' is missing or {factor};", Assert.Throws<OnnxRuntimeException>(() => OperatorSession.Open(model)).Message);
    }

    // Without a shape the weights are an input.
    [Theory]
    [InlineData("The weights must be constant.", null)]
    [InlineData("The weights have the shape [2,2,3,3]; it must be [channels, 1, height, width].", new long[] { 2, 2, 3, 3 })]
    [InlineData("The weights have the shape [18]; ", new long[] { 18 })]
    [InlineData("The weights' scales have the shape [2]; there must be one, or one for each of 3 channels.", new long[] { 3, 1, 3, 3 })]
    [InlineData("The biases have the shape [2]; there must be one for each of 3 channels.", new long[] { 3, 1, 3, 3 }, 1)]
    [InlineData("x_scale * Infinity / y_scale, of channel 0, is no finite number.", new long[] { 2, 1, 3, 3 }, 2, float.PositiveInfinity)]
    [InlineData("The attribute 'kernel_shape' is [5,5], the weights' shape [2,1,3,3].", new long[] { 2, 1, 3, 3 }, 2, 1f, "kernel_shape", new long[] { 5, 5 })]
    [InlineData("The attribute 'strides' is [0,1]; it must be 2 integers from 1 to 32767.", new long[] { 2, 1, 3, 3 }, 2, 1f, "strides", new long[] { 0, 1 })]
    [InlineData("The attribute 'dilations' is [1]; it must be 2 integers from 1", new long[] { 2, 1, 3, 3 }, 2, 1f, "dilations", new long[] { 1 })]
    [InlineData("The attribute 'pads' is [0,0,0,-1]; it must be 4 integers from 0", new long[] { 2, 1, 3, 3 }, 2, 1f, "pads", new long[] { 0, 0, 0, -1 })]
    public void Convolutions_that_cannot_be_are_told_when_the_model_is_opened(
        string message, long[]? weights, int scales = 2, float scale = 1, string attribute = "strides", long[]? values = null)
    {
        byte[] model = Convolution(weights, scales, scale, (attribute, values ?? [1, 1]));
        Assert.Contains(message, Assert.Throws<OnnxRuntimeException>(() => OperatorSession.Open(model)).Message);
    }

    [Fact]
    public void A_convolution_of_other_channels_is_told_when_the_model_runs()
    {
        byte[] model = Convolution([2, 1, 3, 3], 2, 1);
        using InferenceSession session = OperatorSession.Open(model);
        Assert.Contains(
            "The input has the shape [1,4,4,3]; it must be [images, height, width, 2].",
            Assert.Throws<OnnxRuntimeException>(() => OperatorSession.Run(session, Zeros("x", [1, 4, 4, 3]))).Message);
        // Nothing in, or nowhere for a window to stand: nothing out.
        Assert.Equal(new long[] { 0, 2, 2, 2 }, OperatorSession.Run(session, Zeros("x", [0, 4, 4, 2]))[0].Shape);
        Assert.Equal(new long[] { 1, 0, 2, 2 }, OperatorSession.Run(session, Zeros("x", [1, 2, 4, 2]))[0].Shape);
    }

    private static byte[] Convolution(long[]? weights, int scales, float scale, params (string, object)[] attributes)
    {
        OnnxGraph graph = new OnnxGraph().Input("x", OnnxGraph.UInt8, -1, -1, -1, -1)
            .Constant("scales", Enumerable.Repeat(scale, scales).ToArray(), scales).Constant("biases", new int[2], 2);
        graph = weights is null
            ? graph.Input("w", OnnxGraph.Int8, 2, 1, 3, 3)
            : graph.Constant("w", new sbyte[weights.Aggregate(1L, (product, extent) => product * extent)], weights);
        return graph.Node("octet:QuantizedDepthwiseConv", ["x", "w", "scales", "biases"], "y", [("x_scale", 1f), ("y_scale", 1f), .. attributes])
            .Output("y", OnnxGraph.UInt8, -1, -1, -1, -1).ToModel();
    }

    public static TheoryData<string> TypedOperators => ["octet:LookupTable", "octet:QuantizedAdd", "octet:QuantizedChannelScale", "octet:DequantizeNhwc", "octet:ResizeNearestNhwc"];

    [Theory]
    [MemberData(nameof(TypedOperators))]
    public void Wrong_types_are_told_when_the_model_is_opened(string op)
    {
        string[] inputs = op is "octet:DequantizeNhwc" or "octet:ResizeNearestNhwc" ? ["x"] : ["x", "x"];
        byte[] model = new OnnxGraph().Input("x", OnnxGraph.Float, 1, 1, 1).Node(op, inputs, "y", Scale).Output("y", OnnxGraph.UInt8).ToModel();
        Assert.Contains("tensor(float)", Assert.Throws<OnnxRuntimeException>(() => OperatorSession.Open(model)).Message);
    }

    [Theory]
    [InlineData("octet:LookupTable", new long[] { 4 }, new long[] { 255 }, "The table has the shape [255]; it must have 256 entries.")]
    [InlineData("octet:QuantizedAdd", new long[] { 4 }, new long[] { 5 }, "The summands have the shapes [4] and [5]; they must be equal.")]
    [InlineData("octet:QuantizedAdd", new long[] { 4, 1 }, new long[] { 4 }, "The summands have the shapes [4,1] and [4]; they must be equal.")]
    [InlineData("octet:QuantizedChannelScale", new long[] { 4 }, new long[] { 4 }, "The input has the shape [4]; it must have an axis of images and one of channels.")]
    [InlineData("octet:QuantizedChannelScale", new long[] { 2, 4, 3 }, new long[] { 4, 1 }, "The factors have the shape [4,1]; there must be one for each of 2 images with 4 channels.")]
    [InlineData("octet:DequantizeNhwc", new long[] { 4 }, null, "The input has the shape [4]; it must have an axis of images and one of channels.")]
    [InlineData("octet:ResizeNearestNhwc", new long[] { 4, 4, 4 }, null, "The input has the shape [4,4,4]; it must be [images, height, width, channels].")]
    [InlineData("octet:LookupTable", new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, new long[] { 256 }, "A tensor has 9 dimensions; more than 8 are not supported.")]
    public void Shapes_that_do_not_fit_are_told_when_the_model_runs(string op, long[] x, long[]? second, string message)
    {
        OnnxGraph graph = new OnnxGraph().Input("x", OnnxGraph.UInt8, [.. x.Select(_ => -1L)]);
        List<NamedTensor> inputs = [Zeros("x", x)];
        if (second is not null)
        {
            graph.Input("b", OnnxGraph.UInt8, [.. second.Select(_ => -1L)]);
            inputs.Add(Zeros("b", second));
        }
        (string, object)[] attributes = [Scale, ("a_scale", 1f), ("b_scale", 1f), ("x_scale", 1f), ("s_scale", 1f), ("y_scale", 1f), ("height_factor", 2L), ("width_factor", 2L)];
        byte[] model = graph
            .Node(op, [.. inputs.Select(input => input.Name)], "y", attributes)
            .Output("y", op == "octet:DequantizeNhwc" ? OnnxGraph.Float : OnnxGraph.UInt8).ToModel();
        using InferenceSession session = OperatorSession.Open(model);
        // The session is as good as before.
        for (int round = 0; round < 2; round++)
            Assert.Contains(message, Assert.Throws<OnnxRuntimeException>(() => OperatorSession.Run(session, [.. inputs])).Message);
    }

    [Fact]
    public void Shapes_are_known_when_the_model_is_opened()
    {
        byte[] model = new OnnxGraph().Input("x", OnnxGraph.Float, -1, 3, -1, 7)
            .Node("octet:QuantizeNhwc", ["x"], "q", Scale)
            .Constant("table", new byte[256], 256).Node("octet:LookupTable", ["q", "table"], "t")
            .Node("octet:QuantizedAdd", ["q", "t"], "sum", ("a_scale", 1f), ("b_scale", 1f), ("y_scale", 1f))
            .Node("octet:DequantizeNhwc", ["sum"], "y", Scale)
            .Output("sum", OnnxGraph.UInt8).Output("y", OnnxGraph.Float).ToModel();
        using InferenceSession session = OperatorSession.Open(model);
        Assert.Equal([-1, -1, 7, 3], session.OutputMetadata["sum"].Dimensions);
        Assert.Equal(["x0", "x2", "", ""], session.OutputMetadata["sum"].SymbolicDimensions);
        Assert.Equal([-1, 3, -1, 7], session.OutputMetadata["y"].Dimensions);
        Assert.Equal(["x0", "", "x2", ""], session.OutputMetadata["y"].SymbolicDimensions);
    }

    [Fact]
    public void Inputs_of_unknown_rank_are_opened_and_run()
    {
        byte[] model = new OnnxGraph().Input("x", OnnxGraph.Float)
            .Node("octet:QuantizeNhwc", ["x"], "q", Scale).Node("octet:DequantizeNhwc", ["q"], "y", Scale).Output("y", OnnxGraph.Float).ToModel();
        NamedTensor x = new("x", [1, 2, 3], new float[] { 0, 1, 2, 3, 4, 5 });
        Tensors.AssertEqual(new NamedTensor("y", [1, 2, 3], x.Data), OperatorSession.Run(model, x)[0]);
    }

    [Fact]
    public void An_input_with_another_reader_is_not_overwritten()
    {
        byte[] plusOne = [.. Enumerable.Range(1, 256).Select(value => (byte)value)];
        byte[] model = new OnnxGraph().Input("x", OnnxGraph.UInt8, 1000).Constant("table", plusOne, 256)
            .Node("octet:LookupTable", ["x", "table"], "one")
            .Node("octet:LookupTable", ["one", "table"], "two")
            .Node("octet:LookupTable", ["two", "table"], "three")
            .Node("octet:QuantizedAdd", ["three", "one"], "sum", ("a_scale", 1f), ("b_scale", 1f), ("y_scale", 1f))
            .Output("sum", OnnxGraph.UInt8).ToModel();
        byte[] x = [.. Enumerable.Range(0, 1000).Select(value => (byte)(value % 100))];
        NamedTensor sum = OperatorSession.Run(model, new NamedTensor("x", [1000], x))[0];
        Assert.Equal(x.Select(value => (byte)(2 * value + 4)).ToArray(), sum.Data);
        Assert.Equal([.. Enumerable.Range(0, 1000).Select(value => (byte)(value % 100))], x);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public void What_fails_in_a_kernel_is_an_error_of_ONNX_Runtime(int parts)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 4 };
        OperatorDomain.Add(options, Failing.Value);
        byte[] model = new OnnxGraph().Input("x", OnnxGraph.UInt8, -1).Node("octet.failing:Fail", ["x"], "y").Output("y", OnnxGraph.UInt8).ToModel();
        using var session = new InferenceSession(model, options);
        for (int round = 0; round < 3; round++)
        {
            string message = Assert.Throws<OnnxRuntimeException>(() => OperatorSession.Run(session, Zeros("x", [parts]))).Message;
            Assert.Contains(parts == 0 ? "InvalidOperationException: no parts" : "part failed", message);
        }
    }

    private static readonly Lazy<nint> Failing = new(() => OperatorDomain.Create("octet.failing", [new FailingOperator()]));

    private static byte[] TableModel() => new OnnxGraph()
        .Input("x", OnnxGraph.UInt8, -1).Constant("table", [.. Enumerable.Range(0, 256).Select(value => (byte)(255 - value))], 256)
        .Node("octet:LookupTable", ["x", "table"], "y").Output("y", OnnxGraph.UInt8, -1).ToModel();

    private static void AssertTable(InferenceSession session, int seed)
    {
        var x = new byte[100_000 + seed];
        new Random(seed).NextBytes(x);
        NamedTensor y = OperatorSession.Run(session, new NamedTensor("x", [x.Length], x))[0];
        Assert.True(((byte[])y.Data).AsSpan().SequenceEqual(x.Select(value => (byte)(255 - value)).ToArray()));
    }

    private static NamedTensor Zeros(string name, long[] shape) =>
        new(name, [.. shape], new byte[shape.Aggregate(1L, (product, extent) => product * extent)]);

    private sealed class FailingOperator() : CustomOperator("Fail", [ElementType.UInt8], requiredInputs: 1, ElementType.UInt8)
    {
        public override Kernel CreateKernel(KernelInfo info) => new FailingKernel();
    }

    /// <summary>Fails in all parts but the first of many, or at once where there are none.</summary>
    private sealed class FailingKernel : Kernel
    {
        public override void Compute(KernelContext context)
        {
            nint parts = context.Input(0).Shape.Count;
            if (parts == 0)
                throw new InvalidOperationException("no parts");
            context.ParallelFor(new Work(parts), parts);
        }

        private readonly struct Work(nint parts) : IParallelWork
        {
            public void Run(nint part)
            {
                if (part > 0 || parts == 1)
                    throw new InvalidOperationException("part failed");
            }
        }
    }
}
