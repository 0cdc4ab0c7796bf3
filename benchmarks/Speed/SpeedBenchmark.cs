using System.Collections.Immutable;
using System.Globalization;
using Octet.Benchmarks.Accuracy;
using Octet.Benchmarks.Peer;
using Octet.Benchmarks.Speed;
using Octet.Quantization;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Benchmarks;

/// <summary>
/// How fast the variant is that Octet selects, against the float model and the peer's best recipe (<see cref="PeerRecipe"/>): all of them loaded side by
/// side in one process and timed in turns.
/// </summary>
internal static class SpeedBenchmark
{
    private static readonly TimeSpan LeastTiming = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The options: <c>--model NAME</c> (all where it is left out), <c>--threads N</c> (1), <c>--budget S</c> (120: Octet's time for a model), <c>--large</c> (also a batch
    /// of 10,000), <c>--nodes</c> (the time by kind of node), <c>--max-accuracy-drop D</c> (0.01).
    /// </summary>
    public static int Run(string[] args, string repository)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        int threads = int.Parse(Arguments.Option(args, "--threads") ?? "1", CultureInfo.InvariantCulture);
        string? only = Arguments.Option(args, "--model");
        if (Fonts.Find().Length == 0)
        {
            Console.Error.WriteLine(Fonts.None);
            return 1;
        }
        string scratch = Directory.CreateTempSubdirectory("octet-speed-").FullName;
        try
        {
            KeyValuePair<string, Func<SpeedModel>>[] models = [.. SpeedModel.All(repository, scratch, args.Contains("--large") || only?.EndsWith("-large", StringComparison.Ordinal) == true).Where(model => only is null || model.Key == only)];
            if (models.Length == 0)
                return Arguments.Refuse($"There is no model '{only}'.");
            MachineDescription machine = MachineDescription.Current;
            Console.WriteLine($"Speed ({machine.Cpu}, {machine.Cores} cores, {string.Join(" ", machine.Features)}, ONNX Runtime {machine.OnnxRuntime})");
            Console.WriteLine();
            Console.WriteLine("| model | batch | threads | float ms | peer ms | peer's recipe | peer | Octet ms | Octet | Octet / peer | selected | peer's accuracy drop | Octet's |");
            Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
            List<string> details = [];
            foreach ((string name, Func<SpeedModel> create) in models)
            {
                string folder = Directory.CreateDirectory(Path.Combine(scratch, $"{name}-files")).FullName;
                details.AddRange(Measure(create(), threads, args, folder));
                Directory.Delete(folder, recursive: true);
            }
            foreach (string line in details)
                Console.WriteLine(line);
            return 0;
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static IReadOnlyList<string> Measure(SpeedModel model, int threads, string[] args, string folder)
    {
        ModelReport report = Quantize(model, threads, args, folder);
        VariantReport selected = report.Variants.Single(row => row.Name == report.Selected);
        bool quantized = selected.Name != "float";
        string octet = quantized ? Path.Combine(folder, "out", selected.Path) : model.Path;

        List<(string Recipe, string Path)> racers = [("float", model.Path), .. PeerVariants(model, folder)];
        if (quantized)
            racers.Add((selected.Name, octet));
        ImmutableArray<TimingResult> timings = Time(racers.Select(racer => racer.Path), model, threads);
        int peer = Enumerable.Range(1, racers.Count - (quantized ? 2 : 1)).MaxBy(i => timings[i].Speedup);
        TimingResult own = timings[quantized ? ^1 : 0];
        Console.WriteLine(
            $"| {model.Name} | {model.Batch} | {threads} | {Milliseconds(timings[0])} | {Milliseconds(timings[peer])} | {racers[peer].Recipe} | {Speedup(timings[peer])} " +
            $"| {Milliseconds(own)} | {Speedup(own)} | {Speedup(AgainstPeer(timings[peer], own))} | {selected.Name}, {selected.Verdict} | {Drop(model, racers[peer].Path)} | {Drop(model, octet)} |");

        if (!args.Contains("--nodes"))
            return [];
        double gigamacs = MultiplyAccumulates.Of(model) / 1e9;
        return
        [
            "",
            $"{model.Name}, batch {model.Batch}, {threads} thread{(threads == 1 ? "" : "s")}: {gigamacs:0.00} GMAC a run; float {Rate(timings[0]):0} GMAC/s, peer {Rate(timings[peer]):0}, Octet {Rate(own):0}. {report.Reason}",
            "",
            .. NodeShares.Table([racers[0], racers[peer] with { Recipe = "peer" }, .. quantized ? [("Octet", octet)] : Array.Empty<(string, string)>()], model.Inputs, threads, folder),
        ];

        double Rate(TimingResult timing) => gigamacs / timing.MedianMilliseconds * 1000;
    }

    /// <summary>What a build does with the model, its reports on the error output.</summary>
    private static ModelReport Quantize(SpeedModel model, int threads, string[] args, string folder)
    {
        string data = Path.Combine(folder, "calibration");
        model.WriteCalibration(data);
        double drop = double.Parse(Arguments.Option(args, "--max-accuracy-drop") ?? "0.01", CultureInfo.InvariantCulture);
        QuantizationRequest request = new()
        {
            ModelPath = model.Path,
            Name = model.Name,
            Source = model.Path,
            OutputDirectory = Path.Combine(folder, "out"),
            FloatFileName = Path.GetFileName(model.Path),
            Data = [data],
            Labels = model.Calibration[0].Label is null ? null : "folders",
            MaxAccuracyDrop = model.IsTrained ? drop : double.MaxValue,
            TimeBudget = TimeSpan.FromSeconds(double.Parse(Arguments.Option(args, "--budget") ?? "120", CultureInfo.InvariantCulture)),
            Threads = threads,
            BatchSize = (int)model.Calibration[0].Inputs[0].Shape[0],
        };
        ModelReport report = QuantizationPipeline.Run(request, new ErrorOutput()).Report;
        foreach (string line in SummaryTable.Render(new QuantizationReport(ReportJson.Schema, MachineDescription.Current, [report])))
            Console.Error.WriteLine(line);
        return report;
    }

    /// <summary>Both of the peer's operator lists, on min-max ranges; what ONNX Runtime does not load is left out.</summary>
    private static IEnumerable<(string Recipe, string Path)> PeerVariants(SpeedModel model, string folder)
    {
        ModelProto preprocessed = PeerModel.Preprocess(model.Path, folder);
        var ranges = PeerCalibration.Collect(preprocessed, [.. model.Calibration.Select(sample => sample.Inputs)], folder)[PeerCalibration.MinMax];
        foreach ((string recipe, IReadOnlySet<string> operators) in new[] { ("Conv Gemm MatMul", PeerRecipe.ComputeOnly), ("default operators", PeerRecipe.DefaultOperators) })
        {
            string path = Path.Combine(folder, $"peer-{operators.Count}.onnx");
            OnnxFile.Write(PeerRecipe.Quantize(preprocessed, operators, ranges), path);
            yield return (recipe, path);
        }
    }

    private static ImmutableArray<TimingResult> Time(IEnumerable<string> paths, SpeedModel model, int threads)
    {
        List<ModelSession> sessions = [];
        try
        {
            foreach (string path in paths)
                sessions.Add(new ModelSession(path, threads));
            using RunInputs inputs = new(model.Inputs);
            using ExclusiveMeasurement exclusive = ExclusiveMeasurement.Enter(TimeSpan.FromMinutes(5), CancellationToken.None);
            return InterleavedTiming.Measure([.. sessions.Select(session => session.Repeatable(inputs))], new TimingOptions { Budget = LeastTiming });
        }
        finally
        {
            foreach (ModelSession session in sessions)
                session.Dispose();
        }
    }

    // Paired round by round, as the ratios to float are.
    private static TimingResult AgainstPeer(TimingResult peer, TimingResult own)
    {
        double[] ratios = [.. peer.LatenciesMilliseconds.Zip(own.LatenciesMilliseconds, (theirs, ours) => theirs / ours)];
        ConfidenceInterval interval = RobustStatistics.MedianInterval(ratios);
        return own with { Speedup = RobustStatistics.Median(ratios), SpeedupLow = Math.Max(0, interval.Low), SpeedupHigh = interval.High };
    }

    private static string Milliseconds(TimingResult timing) => timing.MedianMilliseconds.ToString(timing.MedianMilliseconds < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture);

    private static string Speedup(TimingResult timing) => string.Create(CultureInfo.InvariantCulture, $"x{timing.Speedup:0.00} ({timing.SpeedupLow:0.00}-{timing.SpeedupHigh:0.00})");

    // On the samples of the calibration, as the build judges; with random weights no output means anything.
    private static string Drop(SpeedModel model, string path)
    {
        if (!model.IsTrained)
            return "-";
        using ModelSession reference = new(model.Path, threads: 0), variant = new(path, threads: 0);
        AccuracyMeter meter = new(model.Calibration[0].Label is not null);
        foreach (Sample sample in model.Calibration)
            meter.Add(reference.Run(sample.Inputs), variant.Run(sample.Inputs), sample.Labels);
        AccuracyReport report = meter.ToReport(verified: true);
        return string.Create(CultureInfo.InvariantCulture, $"{report.Drop:0.0000} ({report.Metric})");
    }

    private sealed class ErrorOutput : IDiagnosticSink
    {
        public void Report(Diagnostic diagnostic) => Console.Error.WriteLine(diagnostic.ToCanonicalString());
    }
}
