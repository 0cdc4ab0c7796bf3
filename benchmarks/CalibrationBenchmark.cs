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
/// Static quantization of ResNet-50 at 224x224: time and peak memory of a whole process that reads the model and the data, prepares, calibrates,
/// emits and writes. Methods are run in turns, so that a machine that slows down slows them all.
/// </summary>
internal static class CalibrationBenchmark
{
    private const int DefaultInputs = 100;
    private const int DefaultRepetitions = 5;

    /// <summary>The options: <c>--method M</c> (every method where it is left out), <c>--inputs N</c>, <c>--repetitions N</c>.</summary>
    public static int Run(string[] args)
    {
        string[] methods = Arguments.Option(args, "--method") is { } method ? [method] : [.. CalibrationMethods.All];
        int inputs = Number(args, "--inputs", DefaultInputs);
        int repetitions = Number(args, "--repetitions", DefaultRepetitions);

        string folder = Directory.CreateTempSubdirectory("octet-benchmark-").FullName;
        try
        {
            string data = Path.Combine(folder, "inputs");
            Directory.CreateDirectory(data);
            string model = Path.Combine(folder, "resnet50.onnx");
            OnnxFile.Write(ResNet50.Build(), model);
            for (int i = 0; i < inputs; i++)
                WriteInput(Path.Combine(data, $"{i:0000}.npy"), i);

            Dictionary<string, List<(double Seconds, double Megabytes)>> runs = methods.ToDictionary(name => name, _ => new List<(double, double)>());
            for (int repetition = 0; repetition <= repetitions; repetition++)
                foreach (string name in methods)
                {
                    (double seconds, double megabytes) = RunProcess("calibration-once", model, data, Path.Combine(folder, "int8.onnx"), name, inputs.ToString(CultureInfo.InvariantCulture));
                    // The first run only warms the file cache.
                    if (repetition > 0)
                        runs[name].Add((seconds, megabytes));
                }
            Print(methods, inputs, runs);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static int RunOnce(string modelPath, string data, string output, string method, int inputs)
    {
        ModelProto prepared = Prepare(modelPath);
        ManagedMemory.ReturnUnused();
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        CalibratedRanges ranges;
        using (SampleSource samples = SampleSource.Open(
            new SampleSourceOptions([data], [new ModelInput("input", TensorElementType.Float, [1, 3, 224, 224])], modelPath, null, null, 1, inputs), new Printed()))
            ranges = Calibrator.Collect(
                prepared, plan.Activations, CalibrationMethods.NeedsHistogram(method), samples.Count, index => samples.TryRead(index)?.Inputs, Path.GetDirectoryName(output)!).Ranges(method);
        OnnxFile.Write(QdqEmitter.Emit(prepared, plan, ranges.Ranges, weightLimit: 127).Model, output);
        using Process self = Process.GetCurrentProcess();
        Console.WriteLine(FormattableString.Invariant($"peak {self.PeakWorkingSet64 / 1e6:0.0} inputs {ranges.Samples}"));
        return ranges.Samples == inputs ? 0 : 1;
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
        return (watch.Elapsed.TotalSeconds, double.Parse(said.Split("peak ")[1].Split(' ')[0], CultureInfo.InvariantCulture));
    }

    private static void Print(string[] methods, int inputs, Dictionary<string, List<(double Seconds, double Megabytes)>> runs)
    {
        MachineDescription machine = MachineDescription.Current;
        Console.WriteLine($"ResNet-50, 224x224, {inputs} inputs, static, {machine.Cores} cores ({machine.Cpu}, ONNX Runtime {machine.OnnxRuntime})");
        Console.WriteLine();
        Console.WriteLine("| method | median s | min s | max s | median peak MB | max peak MB |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (string method in methods)
        {
            double[] seconds = [.. runs[method].Select(run => run.Seconds)];
            double[] megabytes = [.. runs[method].Select(run => run.Megabytes)];
            Console.WriteLine(FormattableString.Invariant(
                $"| {method} | {RobustStatistics.Median(seconds):0.00} | {seconds.Min():0.00} | {seconds.Max():0.00} | {RobustStatistics.Median(megabytes):0} | {megabytes.Max():0} |"));
        }
    }

    private static int Number(string[] args, string name, int defaultValue) => Arguments.Option(args, name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : defaultValue;

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
