using System.Collections.Immutable;
using System.Globalization;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Tests;
using Octet.Runtime;

namespace Octet.Benchmarks;

/// <summary>The most that ONNX Runtime's kernels do on this machine: a product of friendly size in float and in integers.</summary>
internal static class PeakBenchmark
{
    private const int Size = 1024;
    private const double Gigamacs = (double)Size * Size * Size / 1e9;

    public static int Run()
    {
        MachineDescription machine = MachineDescription.Current;
        Console.WriteLine($"Product of two {Size}x{Size} matrices, the second constant ({machine.Cpu}, {machine.Cores} cores, {string.Join(" ", machine.Features)}, ONNX Runtime {machine.OnnxRuntime})");
        Console.WriteLine();
        Console.WriteLine("| operator | threads | ms | GMAC/s | to float |");
        Console.WriteLine("|---|---|---|---|---|");
        string scratch = Directory.CreateTempSubdirectory("octet-peak-").FullName;
        try
        {
            foreach (int threads in new[] { 1, machine.Cores }.Distinct())
                Measure(threads, scratch);
            return 0;
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static void Measure(int threads, string scratch)
    {
        (string Name, ModelProto Model, Array Input)[] products =
        [
            ("MatMul", Product("MatMul", "", quantized: false), Floats()),
            ("QLinearMatMul, u8 x s8", Product("QLinearMatMul", "", quantized: true), Bytes()),
            ("MatMulIntegerToFloat, u8 x s8", Product("MatMulIntegerToFloat", "com.microsoft", quantized: true), Bytes()),
        ];
        ModelSession[] sessions = [.. products.Select(product => Open(product.Model, threads, scratch))];
        RunInputs[] inputs = [.. products.Select(product => new RunInputs([new NamedTensor("x", [Size, Size], product.Input)]))];
        ImmutableArray<TimingResult> timings = InterleavedTiming.Measure([.. sessions.Zip(inputs, (session, input) => session.Repeatable(input))], new TimingOptions { Budget = TimeSpan.FromSeconds(10) });
        for (int i = 0; i < products.Length; i++)
        {
            TimingResult timing = timings[i];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {products[i].Name} | {threads} | {timing.MedianMilliseconds:0.00} | {Gigamacs / timing.MedianMilliseconds * 1000:0} | x{timing.Speedup:0.00} ({timing.SpeedupLow:0.00}-{timing.SpeedupHigh:0.00}) |"));
            sessions[i].Dispose();
            inputs[i].Dispose();
        }
    }

    private static ModelSession Open(ModelProto model, int threads, string scratch)
    {
        string path = Path.Combine(scratch, "product.onnx");
        OnnxFile.Write(model, path);
        return new ModelSession(path, threads);
    }

    private static ModelProto Product(string op, string domain, bool quantized)
    {
        GraphBuilder graph = new();
        string Add(TensorProto tensor)
        {
            graph.Graph.Initializer.Add(tensor);
            return tensor.Name;
        }
        string x = graph.Input("x", quantized ? TensorProto.Types.DataType.Uint8 : TensorProto.Types.DataType.Float, Size, Size);
        if (!quantized)
        {
            graph.Output(graph.Node(op, [x, graph.Weights(Size, Size)]), Size, Size);
            return graph.Build();
        }
        string weights = Add(Tensors.Create("weights", [Size, Size], (sbyte[])[.. Bytes().Select(value => (sbyte)(value - 128))]));
        string xScale = Add(Tensors.Create("x_scale", [], [0.1f])), wScale = Add(Tensors.Create("w_scale", [], [0.1f])), yScale = Add(Tensors.Create("y_scale", [], [10f]));
        string xZero = Add(Tensors.Create("x_zero", [], (byte[])[128])), wZero = Add(Tensors.Create("w_zero", [], (sbyte[])[0])), yZero = Add(Tensors.Create("y_zero", [], (byte[])[128]));
        string y = op == "QLinearMatMul"
            ? graph.Node(op, [x, xScale, xZero, weights, wScale, wZero, yScale, yZero])
            : graph.Node(op, [x, weights, xScale, wScale, xZero, wZero]);
        graph.Graph.Output.Add(new ValueInfoProto { Name = y });
        ModelProto model = graph.Build();
        model.Graph.Node[0].Domain = domain;
        if (domain.Length > 0)
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = 1 });
        return model;
    }

    private static byte[] Bytes()
    {
        byte[] bytes = new byte[Size * Size];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    private static float[] Floats() => [.. Bytes().Select(value => value / 255f)];
}
