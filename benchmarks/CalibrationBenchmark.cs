using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Benchmarks.Models;
using Octet.Quantization;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Emission;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;

namespace Octet.Benchmarks;

/// <summary>
/// Static min-max quantization of ResNet-50 at 224x224 with 100 inputs: time and peak memory of a whole process that reads the model and the
/// data, prepares, calibrates, emits and writes.
/// </summary>
internal static class CalibrationBenchmark
{
    private const int Inputs = 100;
    private const int Repetitions = 5;

    public static int Run(string[] args)
    {
        string folder = Path.Combine(Path.GetTempPath(), "octet-benchmark");
        string data = Path.Combine(folder, "inputs");
        Directory.CreateDirectory(data);
        string model = Path.Combine(folder, "resnet50.onnx");
        OnnxFile.Write(ResNet50.Build(), model);
        for (int i = 0; i < Inputs; i++)
            WriteInput(Path.Combine(data, $"{i:000}.npy"), i);

        List<(double Seconds, double Megabytes)> runs = [];
        for (int repetition = 0; repetition <= Repetitions; repetition++)
        {
            (double seconds, double megabytes) = RunProcess("calibration-once", model, data, Path.Combine(folder, "int8.onnx"));
            // The first run only warms the file cache.
            if (repetition > 0)
                runs.Add((seconds, megabytes));
        }
        MachineDescription machine = MachineDescription.Current;
        Console.WriteLine($"ResNet-50, 224x224, {Inputs} inputs, static min-max, {machine.Cores} cores ({machine.Cpu}, ONNX Runtime {machine.OnnxRuntime})");
        Console.WriteLine(FormattableString.Invariant($"time   median {RobustStatistics.Median([.. runs.Select(run => run.Seconds)]):0.00} s  (min {runs.Min(run => run.Seconds):0.00}, max {runs.Max(run => run.Seconds):0.00})"));
        Console.WriteLine(FormattableString.Invariant($"memory median {RobustStatistics.Median([.. runs.Select(run => run.Megabytes)]):0} MB peak (max {runs.Max(run => run.Megabytes):0})"));
        return 0;
    }

    public static int RunOnce(string modelPath, string data, string output)
    {
        ModelProto prepared = Prepare(modelPath);
        ManagedMemory.ReturnUnused();
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        using SampleSource samples = SampleSource.Open(
            new SampleSourceOptions([data], [new ModelInput("input", TensorElementType.Float, [1, 3, 224, 224])], modelPath, null, null, 1, Inputs), new Printed());
        (ImmutableDictionary<string, ActivationRange> ranges, int used) = MinMaxCalibrator.Collect(
            prepared, plan.Activations, samples.Count, index => samples.TryRead(index)?.Inputs, Path.GetDirectoryName(output)!);
        OnnxFile.Write(QdqEmitter.Emit(prepared, plan, ranges, weightLimit: 127).Model, output);
        using Process self = Process.GetCurrentProcess();
        Console.WriteLine(FormattableString.Invariant($"peak {self.PeakWorkingSet64 / 1e6:0.0} inputs {used}"));
        return used == Inputs ? 0 : 1;
    }

    // A method of its own, as in the pipeline: the original model must not live on in the caller's frame.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ModelProto Prepare(string path) => PreparationPipeline.Run(OnnxFile.Read(path), path);

    private static (double Seconds, double Megabytes) RunProcess(params string[] arguments)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true };
        Stopwatch watch = Stopwatch.StartNew();
        using Process process = Process.Start(start)!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException(said);
        return (watch.Elapsed.TotalSeconds, double.Parse(said.Split(' ')[1], CultureInfo.InvariantCulture));
    }

    private static void WriteInput(string path, int seed)
    {
        Random random = new(seed);
        float[] values = new float[3 * 224 * 224];
        for (int i = 0; i < values.Length; i++)
            values[i] = random.NextSingle() * 4 - 2;
        using FileStream stream = File.Create(path);
        Npy.Write(stream, new NamedTensor("input", [1, 3, 224, 224], values));
    }

    private sealed class Printed : IDiagnosticSink
    {
        public void Report(Diagnostic diagnostic) => Console.Error.WriteLine(diagnostic.ToCanonicalString());
    }
}
