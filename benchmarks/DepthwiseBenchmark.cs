using System.Collections.Immutable;
using System.Globalization;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests;
using Octet.Runtime;

namespace Octet.Benchmarks;

/// <summary>A chain of depthwise convolutions in float, as QLinearConv and as QuantizedDepthwiseConv, on one thread.</summary>
internal static class DepthwiseBenchmark
{
    private const int Chain = 6;
    private const float Scale = 0.05f, WeightScale = 0.002f;
    private const byte ZeroPoint = 120;

    /// <summary>Prints a row of a table.</summary>
    public static void Compare(int height, int width, int channels, int kernel)
    {
        var random = new Random(1);
        var bytes = new byte[height * width * channels];
        random.NextBytes(bytes);
        float[] floats = [.. bytes.Select(value => (value - ZeroPoint) * Scale)];
        sbyte[] weights = [.. Enumerable.Range(0, channels * kernel * kernel).Select(_ => (sbyte)random.Next(-127, 128))];
        AttributeProto[] window =
        [
            Nodes.Attribute("kernel_shape", [(long)kernel, kernel]),
            Nodes.Attribute("pads", [.. Enumerable.Repeat(kernel / 2L, 4)]),
        ];
        AttributeProto[] group = [.. window, Nodes.Attribute("group", (long)channels)];
        AttributeProto[] quantization =
        [
            Nodes.Attribute("x_scale", Scale), Nodes.Attribute("x_zero_point", (long)ZeroPoint),
            Nodes.Attribute("y_scale", Scale), Nodes.Attribute("y_zero_point", (long)ZeroPoint),
        ];
        long[] first = [1, channels, height, width], last = [1, height, width, channels];

        (NamedTensor Input, byte[] Model)[] candidates =
        [
            (new NamedTensor("x", [.. first], floats), Model(TensorProto.Types.DataType.Float, first, x => ("", "Conv", [x, "float_weights"], group))),
            (new NamedTensor("x", [.. last], bytes), Model(TensorProto.Types.DataType.Uint8, last, x => (
                "com.microsoft", "QLinearConv", [x, "scale", "zero", "weights", "scales", "zeros", "scale", "zero"], [.. group, Nodes.Attribute("channels_last", 1L)]))),
            (new NamedTensor("x", [.. last], bytes), Model(TensorProto.Types.DataType.Uint8, last, x => (
                QuantizedOperators.Domain, "QuantizedDepthwiseConv", [x, "weights", "scales"], [.. window, .. quantization]))),
        ];
        InferenceSession[] sessions = [.. candidates.Select(candidate => Open(candidate.Model))];
        OrtValue[] values = [.. candidates.Select(candidate => candidate.Input.ToOrtValue())];
        using var run = new RunOptions();
        ImmutableArray<TimingResult> results = InterleavedTiming.Measure(
            [.. sessions.Select((session, i) => (Action)(() => session.Run(run, ["x"], [values[i]], session.OutputNames).Dispose()))],
            new TimingOptions { Budget = TimeSpan.FromSeconds(5) });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {height} x {width} x {channels} | {kernel} x {kernel} | {results[0].MedianMilliseconds:0.000} | {results[1].MedianMilliseconds:0.000} | {results[2].MedianMilliseconds:0.000} | x{results[2].Speedup:0.00} | {results[2].SpeedupLow:0.00} to {results[2].SpeedupHigh:0.00} | x{results[2].Speedup / results[1].Speedup:0.00} |"));
        foreach (IDisposable resource in sessions.Concat<IDisposable>(values))
            resource.Dispose();

        byte[] Model(TensorProto.Types.DataType type, long[] shape, Func<string, (string Domain, string Op, string[] Inputs, AttributeProto[] Attributes)> convolution)
        {
            var builder = new GraphBuilder(opset: 14);
            string x = builder.Input("x", type, shape);
            long[] filters = [channels, 1, kernel, kernel];
            builder.Graph.Initializer.Add(Quantization.Onnx.Tensors.Create("float_weights", filters, weights.Select(weight => weight * WeightScale).ToArray()));
            builder.Graph.Initializer.Add(Quantization.Onnx.Tensors.Create("weights", filters, weights));
            builder.Graph.Initializer.Add(Quantization.Onnx.Tensors.Create("scales", [channels], Enumerable.Repeat(WeightScale, channels).ToArray()));
            builder.Graph.Initializer.Add(Quantization.Onnx.Tensors.Create("zeros", [channels], new sbyte[channels]));
            builder.Graph.Initializer.Add(Quantization.Onnx.Tensors.Create("scale", [], [Scale]));
            builder.Graph.Initializer.Add(Quantization.Onnx.Tensors.Create("zero", [], [ZeroPoint]));
            for (int i = 0; i < Chain; i++)
            {
                (string domain, string op, string[] inputs, AttributeProto[] attributes) = convolution(x);
                x = builder.Node(op, inputs, attributes);
                builder.Graph.Node[^1].Domain = domain;
            }
            builder.Output(x);
            ModelProto model = builder.Build();
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = QuantizedOperators.Domain, Version = 1 });
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
            return model.ToByteArray();
        }
    }

    private static InferenceSession Open(byte[] model)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
        // Constants that a graph does not use are warned of.
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;
        QuantizedOperators.Register(options);
        return new InferenceSession(model, options);
    }
}
