using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization;

/// <summary>Files to measure side by side; the first is the baseline.</summary>
public sealed record ComparisonRequest
{
    /// <summary>The .onnx files, absolute.</summary>
    public required ImmutableArray<string> Paths { get; init; }

    /// <summary>Whether outputs are compared with the baseline's; otherwise only speed is.</summary>
    public bool CompareOutputs { get; init; }

    /// <summary>Files and folders with inputs; empty to make inputs up.</summary>
    public ImmutableArray<string> Data { get; init; } = [];

    /// <summary>How images become inputs; null to guess.</summary>
    public string? Preprocessing { get; init; }

    /// <summary>Where labels come from; null for none.</summary>
    public string? Labels { get; init; }

    /// <summary>Extents for dynamic inputs.</summary>
    public ImmutableDictionary<string, ImmutableArray<long>> InputShapes { get; init; } = ImmutableDictionary<string, ImmutableArray<long>>.Empty;

    /// <summary>Intra-operator threads; 0 is ONNX Runtime's own choice.</summary>
    public int Threads { get; init; }

    /// <summary>Extent of a dynamic batch dimension.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>The most samples that are read.</summary>
    public int MaximumSamples { get; init; } = 300;

    /// <summary>How long the timing may take; a minimal number of rounds is always finished.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether the baseline is timed against itself too, and a warning given where the machine is too noisy to decide.</summary>
    public bool CheckNoise { get; init; }

    /// <summary>The accuracy drop beyond which a file counts as inaccurate.</summary>
    public double MaxAccuracyDrop { get; init; } = 0.01;

    /// <summary>The speed-up from which on a file counts as faster.</summary>
    public double MinSpeedup { get; init; } = 1.05;
}

/// <summary>Measures model files that exist already: interleaved times, and outputs against the first file's.</summary>
public static class ModelComparison
{
    /// <summary>Measures them.</summary>
    /// <param name="request">The files and the conditions.</param>
    /// <param name="diagnostics">Takes warnings and messages.</param>
    /// <param name="progress">Is told what share of the timing is done; null for nobody.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>A report of one model, whose variants are the files.</returns>
    /// <exception cref="DiagnosticException">The baseline or the data cannot be used.</exception>
    public static ModelReport Run(ComparisonRequest request, IDiagnosticSink diagnostics, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        string scratch = Path.Combine(Path.GetTempPath(), $"octet-{Guid.NewGuid():N}");
        Candidate[] files = [];
        try
        {
            using Samples samples = OpenSamples(request, diagnostics);
            files = [.. request.Paths.Zip(RowNames(request.Paths), (path, name) => Open(path, name, request, samples.Labelled, scratch))];
            EnsureBaseline(files);

            if (request.CompareOutputs)
                CompareOutputs(files, samples, cancellation);
            CompareSpeed(files, samples, request, diagnostics, progress, cancellation);

            Verdict[] verdicts = [Verdict.Baseline, .. files.Skip(1).Select(file => request.CompareOutputs ? file.Judge(request.MaxAccuracyDrop, request.MinSpeedup, samples.AreReal) : SpeedOnly(file, request))];
            ImmutableArray<VariantReport> rows = [.. files.Zip(verdicts, request.Paths).Select(row => Row(row.First, row.Second, row.Third, samples.AreReal, request.CompareOutputs))];
            VariantReport best = rows.Where(row => row.Verdict is "faster" or "baseline").MinBy(row => row.MedianMilliseconds)!;
            return new ModelReport(
                Path.GetFileNameWithoutExtension(request.Paths[0]), request.Paths[0], FileHash.Of(request.Paths[0]), best.Name, best.Reason, rows, [], request.Threads, request.BatchSize);
        }
        finally
        {
            foreach (Candidate file in files)
                file.Dispose();
            if (Directory.Exists(scratch))
                Directory.Delete(scratch, recursive: true);
        }
    }

    private static Samples OpenSamples(ComparisonRequest request, IDiagnosticSink diagnostics)
    {
        string baseline = request.Paths[0];
        CheckFile(baseline);
        ImmutableArray<ModelInput> inputs;
        try
        {
            using ModelSession session = new(baseline, request.Threads);
            inputs = TensorSignature.Inputs(session, request.InputShapes, baseline);
        }
        catch (OnnxRuntimeException exception)
        {
            throw DiagnosticCatalog.Exception("OCT2005", baseline, MachineDescription.Current.OnnxRuntime, exception.OneLine());
        }
        if (!request.Data.IsEmpty)
            return Samples.Read(new SampleSourceOptions(request.Data, inputs, baseline, request.Preprocessing, request.Labels, request.BatchSize, request.MaximumSamples), diagnostics);
        return Samples.Generate(inputs, request.BatchSize)
            ?? throw Unknown(baseline, inputs);
    }

    private static DiagnosticException Unknown(string path, ImmutableArray<ModelInput> inputs)
    {
        ModelInput input = inputs.FirstOrDefault(input => input.Dimensions.Any(extent => extent < 0)) ?? inputs[0];
        string reason = input.Dimensions.Any(extent => extent < 0) ? "its extents from" : $"{input.ElementType} values from";
        return DiagnosticCatalog.Exception("OCT3010", path, input.Name, $"it is [{input.DimensionsText}], and there is no data to take {reason}");
    }

    private static void CheckFile(string path) => ExternalData.Check(OnnxFile.ReadWithoutExternalData(path), path);

    /// <summary>File names; with their folder where two are alike, and with a number where the same file is given twice.</summary>
    private static IEnumerable<string> RowNames(ImmutableArray<string> paths)
    {
        string[] names = [.. paths.Select(Path.GetFileNameWithoutExtension).OfType<string>()];
        if (names.Distinct(StringComparer.Ordinal).Count() < names.Length)
            names = [.. names.Zip(paths, (name, path) => $"{Path.GetFileName(Path.GetDirectoryName(path))}/{name}")];
        return names.Select((name, place) => names.Take(place).Count(earlier => earlier == name) is > 0 and var before ? $"{name} ({before + 1})" : name);
    }

    private static void EnsureBaseline(Candidate[] files)
    {
        if (!files[0].IsAlive)
            throw DiagnosticCatalog.Exception("OCT2005", files[0].Path, MachineDescription.Current.OnnxRuntime, files[0].Failure);
    }

    private static Candidate Open(string path, string name, ComparisonRequest request, bool labelled, string scratch)
    {
        Candidate file = new(name, labelled);
        try
        {
            CheckFile(path);
            file.Load([path], scratch, request.Threads);
        }
        catch (OnnxRuntimeException exception)
        {
            file.Fail(exception.OneLine());
        }
        return file;
    }

    private static void CompareOutputs(Candidate[] files, Samples samples, CancellationToken cancellation)
    {
        for (int index = 0; index < samples.Count; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (samples.Read(index) is not { } sample)
                continue;
            ImmutableArray<NamedTensor> expected = [];
            Try(files[0], () => expected = files[0].Session!.Run(sample.Inputs));
            EnsureBaseline(files);
            foreach (Candidate file in files.Where(file => file.IsAlive))
                Try(file, () => Compare(file, expected, file == files[0] ? expected : file.Session!.Run(sample.Inputs), sample.Labels));
        }
    }

    private static void Compare(Candidate file, ImmutableArray<NamedTensor> expected, ImmutableArray<NamedTensor> actual, ImmutableArray<int> labels)
    {
        if (!expected.Select(output => output.Name).SequenceEqual(actual.Select(output => output.Name), StringComparer.Ordinal))
            file.Fail($"its outputs are {Names(actual)}, the baseline's {Names(expected)}");
        else
            file.Accuracy.Add(expected, actual, labels);
    }

    private static string Names(ImmutableArray<NamedTensor> tensors) => string.Join(", ", tensors.Select(tensor => tensor.Name));

    private static void CompareSpeed(Candidate[] files, Samples samples, ComparisonRequest request, IDiagnosticSink diagnostics, IProgress<double>? progress, CancellationToken cancellation)
    {
        if (samples.FirstReadable() is not { } sample)
            return;
        using RunInputs inputs = new(sample.Inputs);
        foreach (Candidate file in files.Where(file => file.IsAlive))
            Try(file, file.Session!.Repeatable(inputs));
        EnsureBaseline(files);
        Candidate[] alive = [.. files.Where(file => file.IsAlive)];
        using ExclusiveMeasurement exclusive = ExclusiveMeasurement.Enter(TimeSpan.FromMinutes(5), cancellation);
        using ModelSession? again = request.CheckNoise ? new ModelSession(files[0].Path, request.Threads) : null;
        Action[] runs = [.. alive.Select(file => file.Session!.Repeatable(inputs)), .. again is null ? Array.Empty<Action>() : [again.Repeatable(inputs)]];
        ImmutableArray<TimingResult> timings = InterleavedTiming.Measure(runs, new TimingOptions { Budget = request.Budget, Progress = progress }, cancellation);
        if (again is not null && MeasurementNoise.Of(timings[0], timings[^1], request.MinSpeedup) is { } noise)
            diagnostics.Report(DiagnosticCatalog.Create("OCT4006", files[0].Path, noise));
        for (int i = 0; i < alive.Length; i++)
            alive[i].Conditions = [new ConditionTiming(new MeasuringCondition(request.Threads, request.BatchSize), timings[i])];
    }

    private static void Try(Candidate file, Action action)
    {
        try
        {
            action();
        }
        catch (OnnxRuntimeException exception)
        {
            file.Fail($"it does not run on these inputs: {exception.OneLine()}");
        }
    }

    private static Verdict SpeedOnly(Candidate file, ComparisonRequest request) =>
        file.Timing is null ? Verdict.Failed(file.Failure ?? "it was not measured") : Verdict.OfSpeed(file.Timing, request.MinSpeedup);

    private static VariantReport Row(Candidate file, Verdict verdict, string path, bool verified, bool withAccuracy)
    {
        VariantReport row = file.ToReport(verdict, path, verified);
        return withAccuracy ? row : row with { Accuracy = null };
    }
}
