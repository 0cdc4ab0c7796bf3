using System.Collections.Immutable;
using System.Globalization;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests;
using Octet.Runtime;

namespace Octet.Benchmarks;

/// <summary>Each operator of the domain octet against the standard operators that it stands for, as ONNX Runtime optimizes them, on one thread.</summary>
internal static class OperatorsBenchmark
{
    // 819,200 bytes: a layer of a text detector.
    private const int Channels = 32, Height = 160, Width = 160;
    private const int Chain = 20;
    private const float Scale = 0.05f;
    private const byte ZeroPoint = 120;

    private static readonly long[] First = [1, Channels, Height, Width];
    private static readonly long[] Last = [1, Height, Width, Channels];

    public static int Run()
    {
        Console.WriteLine($"{Channels * Height * Width:N0} elements, each operator {Chain} times in a row, one thread ({MachineDescription.Current.Cpu})");
        Console.WriteLine();
        Console.WriteLine("| operator | standard operators | standard ms | octet ms | ratio | 95 % interval |");
        Console.WriteLine("|---|---|---|---|---|---|");
        Compare("LookupTable", "DequantizeLinear, HardSwish, QuantizeLinear", Bytes(First), graph => graph.Repeat("x", (x, _) => graph.Quantize(graph.Node("HardSwish", [graph.Dequantize(x)]))), graph =>
            graph.Repeat("x", (x, _) => graph.Octet("LookupTable", [x, "table"])));
        Compare("LookupTable", "DequantizeLinear, Sigmoid, QuantizeLinear", Bytes(First), graph => graph.Repeat("x", (x, _) => graph.Quantize(graph.Node("Sigmoid", [graph.Dequantize(x)]))), graph =>
            graph.Repeat("x", (x, _) => graph.Octet("LookupTable", [x, "table"])));
        Compare("QuantizedAdd", "2 DequantizeLinear, Add, QuantizeLinear", Bytes(First), graph => graph.Repeat("x", (x, _) => graph.Quantize(graph.Node("Add", [graph.Dequantize(x), graph.Dequantize("x")]))), graph =>
            graph.Repeat("x", (x, _) => graph.Octet("QuantizedAdd", [x, "x"], "a_", "b_", "y_")));
        Compare("QuantizedAdd with a table", "2 DequantizeLinear, Add, HardSwish, QuantizeLinear", Bytes(First), graph => graph.Repeat("x", (x, _) => graph.Quantize(graph.Node("HardSwish", [graph.Node("Add", [graph.Dequantize(x), graph.Dequantize("x")])]))), graph =>
            graph.Repeat("x", (x, _) => graph.Octet("QuantizedAdd", [x, "x", "table"], "a_", "b_", "y_")));
        Compare("QuantizedChannelScale", "2 DequantizeLinear, Mul, QuantizeLinear", Bytes(First), graph => graph.Repeat("x", (x, _) => graph.Quantize(graph.Node("Mul", [graph.Dequantize(x), graph.Dequantize("first")]))), graph =>
            graph.Repeat("x", (x, _) => graph.Octet("QuantizedChannelScale", [x, "first"], "x_", "s_", "y_")));
        Compare("QuantizedChannelScale, channels last", "2 DequantizeLinear, Mul, QuantizeLinear", Bytes(Last), graph => graph.Repeat("x", (x, _) => graph.Quantize(graph.Node("Mul", [graph.Dequantize(x), graph.Dequantize("last")]))), graph =>
            graph.Repeat("x", (x, _) => graph.WithAttributes(graph.Octet("QuantizedChannelScale", [x, "last"], "x_", "s_", "y_"), ("channels_last", 1))));
        // Once: in a chain the Transposes cancel, and side by side they are one.
        Compare("QuantizeNhwc, once", "QuantizeLinear, Transpose", Floats(), graph => graph.Output(graph.Node("Transpose", [graph.Quantize("x")], Nodes.Attribute("perm", [0L, 2, 3, 1]))), graph =>
            graph.Output(graph.Octet("QuantizeNhwc", ["x"], "")));
        Compare("DequantizeNhwc, once", "Transpose, DequantizeLinear", Bytes(Last), graph => graph.Output(graph.Dequantize(graph.Node("Transpose", ["x"], Nodes.Attribute("perm", [0L, 3, 1, 2])))), graph =>
            graph.Output(graph.Octet("DequantizeNhwc", ["x"], "")));
        Compare("ResizeNearestNhwc, once", "Resize", Bytes(Last), graph => graph.Output(graph.Resize("x")), graph =>
            graph.Output(graph.WithAttributes(graph.Octet("ResizeNearestNhwc", ["x"]), ("height_factor", 2), ("width_factor", 2))));
        Console.WriteLine();
        Console.WriteLine("Depthwise convolutions, six in a row: float Conv, QLinearConv with the channels last, and QuantizedDepthwiseConv");
        Console.WriteLine();
        Console.WriteLine("| height x width x channels | kernel | float ms | QLinearConv ms | octet ms | against float | 95 % interval | against QLinearConv |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach ((int height, int width, int channels, int kernel) in new[]
        {
            (56, 56, 64, 3), (24, 96, 96, 3), (48, 192, 16, 3), (64, 64, 96, 3), (160, 160, 48, 3), (80, 80, 24, 5), (3, 48, 240, 5),
        })
            DepthwiseBenchmark.Compare(height, width, channels, kernel);
        return 0;
    }

    private static void Compare(string name, string standardName, NamedTensor input, Action<Graph> standard, Action<Graph> octet)
    {
        using InferenceSession baseline = Open(input, standard), candidate = Open(input, octet);
        using OrtValue value = input.ToOrtValue();
        using var options = new RunOptions();
        ImmutableArray<TimingResult> results = InterleavedTiming.Measure(
            [() => Execute(baseline), () => Execute(candidate)], new TimingOptions { Budget = TimeSpan.FromSeconds(5) });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {standardName} | {results[0].MedianMilliseconds:0.00} | {results[1].MedianMilliseconds:0.00} | x{results[1].Speedup:0.0} | {results[1].SpeedupLow:0.0} to {results[1].SpeedupHigh:0.0} |"));

        void Execute(InferenceSession session) => session.Run(options, ["x"], [value], session.OutputNames).Dispose();
    }

    private static InferenceSession Open(NamedTensor input, Action<Graph> build)
    {
        var graph = new Graph(input);
        build(graph);
        using var options = new SessionOptions { IntraOpNumThreads = 1, GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
        // Constants that a graph does not use are warned of.
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;
        QuantizedOperators.Register(options);
        return new InferenceSession(graph.ToModel(), options);
    }

    private static NamedTensor Bytes(long[] shape)
    {
        var bytes = new byte[Channels * Height * Width];
        new Random(1).NextBytes(bytes);
        return new NamedTensor("x", [.. shape], bytes);
    }

    private static NamedTensor Floats()
    {
        var random = new Random(1);
        return new NamedTensor("x", [.. First], Enumerable.Range(0, Channels * Height * Width).Select(_ => random.NextSingle() * 12 - 6).ToArray());
    }

    /// <summary>A graph over the input x, with a table, factors a channel in both layouts, and the zero point.</summary>
    private sealed class Graph
    {
        private readonly GraphBuilder _builder = new(opset: 14);

        public Graph(NamedTensor input)
        {
            _builder.Input("x", input.Data is float[]? TensorProto.Types.DataType.Float : TensorProto.Types.DataType.Uint8, [.. input.Shape]);
            var random = new Random(2);
            Random("table", 256);
            Random("first", 1, Channels, 1, 1);
            Random("last", 1, 1, 1, Channels);
            _builder.Graph.Initializer.Add(Quantization.Onnx.Tensors.Create("zero", [], [ZeroPoint]));
            _builder.Graph.Initializer.Add(Quantization.Onnx.Tensors.Create("scale", [], [Scale]));

            void Random(string name, params long[] shape)
            {
                var bytes = new byte[shape.Aggregate(1L, (product, extent) => product * extent)];
                random.NextBytes(bytes);
                _builder.Graph.Initializer.Add(Quantization.Onnx.Tensors.Create(name, shape, bytes));
            }
        }

        public string Node(string op, string[] inputs, params AttributeProto[] attributes) => _builder.Node(op, inputs, attributes);

        public string Dequantize(string x) => Node("DequantizeLinear", [x, "scale", "zero"]);

        public string Quantize(string x) => Node("QuantizeLinear", [x, "scale", "zero"]);

        /// <summary>An operator with the same scale and zero point for all these prefixes.</summary>
        public string Octet(string op, string[] inputs, params string[] prefixes)
        {
            string result = Node(
                op, inputs, [.. prefixes.SelectMany(prefix => new[] { Nodes.Attribute(prefix + "scale", Scale), Nodes.Attribute(prefix + "zero_point", (long)ZeroPoint) })]);
            _builder.Graph.Node[^1].Domain = QuantizedOperators.Domain;
            return result;
        }

        /// <summary>Adds attributes to the node that was added last.</summary>
        public string WithAttributes(string result, params (string Name, long Value)[] attributes)
        {
            _builder.Graph.Node[^1].Attribute.Add(attributes.Select(attribute => Nodes.Attribute(attribute.Name, attribute.Value)));
            return result;
        }

        /// <summary>Twice the height and the width, channels last.</summary>
        public string Resize(string x) => Node(
            "Resize",
            [x, "", _builder.Constant([4], [1, 2, 2, 1])],
            Nodes.Attribute("mode", "nearest"),
            Nodes.Attribute("coordinate_transformation_mode", "asymmetric"),
            Nodes.Attribute("nearest_mode", "floor"));

        /// <summary>A chain: each takes what the one before it gives.</summary>
        public void Repeat(string x, Func<string, int, string> operation)
        {
            for (int i = 0; i < Chain; i++)
                x = operation(x, i);
            _builder.Output(x);
        }

        // Without a type: ONNX Runtime infers it.
        public void Output(string name) => _builder.Output(name);

        public byte[] ToModel()
        {
            ModelProto model = _builder.Build();
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = QuantizedOperators.Domain, Version = 1 });
            return model.ToByteArray();
        }
    }
}
