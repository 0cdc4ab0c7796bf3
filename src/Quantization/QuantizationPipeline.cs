using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Reporting;
using Octet.Quantization.Search;
using Octet.Runtime;

namespace Octet.Quantization;

/// <summary>
/// The whole way of one model: read, prepare, calibrate, make the variants, load them in ONNX Runtime, measure accuracy and speed against the
/// float model, judge, and write what ships.
/// </summary>
public sealed class QuantizationPipeline
{
    private const int LayerSamples = 4;
    private const int ProbeCases = 2;
    private const long LargestProbeElements = 4_000_000;

    private readonly QuantizationRequest _request;
    private readonly IDiagnosticSink _diagnostics;
    private readonly IProgress<QuantizationProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly string _scratch;
    private StatisticsFile? _statistics;
    private readonly Stopwatch _elapsed = Stopwatch.StartNew();
    private ImmutableArray<string> _operators = [];

    private QuantizationPipeline(QuantizationRequest request, IDiagnosticSink diagnostics, IProgress<QuantizationProgress>? progress, CancellationToken cancellation)
    {
        _request = request;
        _diagnostics = diagnostics;
        _progress = progress;
        _cancellation = cancellation;
        // A fixed name: what a killed run left behind is swept away by the next.
        _scratch = Path.Combine(request.OutputDirectory, $".{request.Name}.scratch");
    }

    /// <summary>Does all of it.</summary>
    /// <param name="request">The model and its options.</param>
    /// <param name="diagnostics">Takes warnings and messages.</param>
    /// <param name="progress">Is told what is being done.</param>
    /// <param name="cancellation">Stops the work; nothing half-written is left.</param>
    /// <exception cref="DiagnosticException">The model or the data cannot be used at all, or the output cannot be written.</exception>
    public static QuantizationResult Run(
        QuantizationRequest request, IDiagnosticSink diagnostics, IProgress<QuantizationProgress>? progress = null, CancellationToken cancellation = default)
    {
        QuantizationPipeline pipeline = new(request, diagnostics, progress, cancellation);
        try
        {
            return pipeline.Run();
        }
        finally
        {
            pipeline.Sweep();
        }
    }

    private QuantizationResult Run()
    {
        Sweep();
        _statistics = OpenStatistics();
        MakeScratch();
        (string? passThrough, IReadOnlyList<string> domains) = LookAtModel();
        if (passThrough is not null)
            return WriteFloatOnly(passThrough, "", "");

        ModelSession? opened = OpenFloat(domains);
        if (opened is null)
            return WriteFloatOnly("ONNX Runtime does not know one of its operators, so that it cannot be measured", "", "");
        using ModelSession session = opened;
        string inputs = TensorSignature.Describe(session.InputNames, session.Inputs);
        string outputs = TensorSignature.Describe(session.OutputNames, session.Outputs);
        if (session.InputNames.FirstOrDefault(name => !session.Inputs[name].IsTensor) is { } odd)
        {
            Diagnostic problem = DiagnosticCatalog.Create("OCT2007", _request.ModelPath, $"its input '{odd}' is no tensor, so that it cannot be run on samples");
            _diagnostics.Report(problem);
            return WriteFloatOnly(problem.Text, inputs, outputs);
        }

        using Samples? samples = OpenSamples(session);
        if (samples is null)
            return WriteFloatOnly("there is no data, and no inputs can be made up for dynamic extents or unusual types, so that nothing can be measured", inputs, outputs);

        ModelProto prepared;
        try
        {
            Report("preparing");
            prepared = Prepare();
        }
        catch (DiagnosticException exception) when (exception.Diagnostic.Severity != DiagnosticSeverity.Error)
        {
            _diagnostics.Report(exception.Diagnostic);
            return WriteFloatOnly(exception.Diagnostic.Text, inputs, outputs);
        }

        using Candidate reference = new(Variants.Float, samples.Labelled) { Path = _request.ModelPath, SizeBytes = new FileInfo(_request.ModelPath).Length, Session = session };
        reference.Graph = OptimizedGraph.Read(_request.ModelPath, _scratch);
        Candidate[] candidates = [.. RequestedVariants(prepared, samples).Select(name => new Candidate(name, samples.Labelled))];
        try
        {
            MakeVariants(prepared, reference, candidates, samples);
            Probe probe = MeasureAccuracy(reference, candidates, samples);
            MeasureSpeed(reference, candidates, samples);
            ImmutableArray<LayerReport> layers = MeasureLayers(prepared, candidates, samples);
            return Conclude(reference, candidates, samples, probe, layers, inputs, outputs);
        }
        finally
        {
            foreach (Candidate candidate in candidates)
                candidate.Dispose();
        }
    }

    private (string? PassThrough, IReadOnlyList<string> Domains) LookAtModel()
    {
        ModelProto model = OnnxFile.ReadWithoutExternalData(_request.ModelPath);
        // Before ONNX Runtime opens anything that the model names.
        ExternalData.Check(model, _request.ModelPath);
        return (ReasonToPassThrough(model), model.OtherDomains());
    }

    private ModelProto Prepare()
    {
        ModelProto prepared = ReadAndPrepare();
        ManagedMemory.ReturnUnused();
        return prepared;
    }

    // A method of its own: the original model must not live on in a caller's frame.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ModelProto ReadAndPrepare()
    {
        ModelProto original = OnnxFile.Read(_request.ModelPath);
        _operators = [.. DefaultVariants.Operators(original)];
        return PreparationPipeline.Run(original, _request.ModelPath);
    }

    private string? ReasonToPassThrough(ModelProto model)
    {
        int quantized = model.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Count(node =>
            node.OpType is "QuantizeLinear" or "DynamicQuantizeLinear" or "ConvInteger" or "MatMulInteger" or "MatMulNBits" or "QGemm" or "QAttention" || node.OpType.StartsWith("QLinear", StringComparison.Ordinal));
        if (quantized == 0)
            return null;
        _diagnostics.Report(DiagnosticCatalog.Create("OCT2003", _request.ModelPath, quantized));
        return $"it is already quantized ({quantized} quantized operators) and passed through unchanged";
    }

    private ModelSession? OpenFloat(IReadOnlyList<string> domains)
    {
        try
        {
            return new ModelSession(_request.ModelPath, _request.Threads);
        }
        catch (OnnxRuntimeException exception)
        {
            // A custom operator may well be known to the application that registers it: no reason to fail its build.
            string message = exception.OneLine();
            if (message.Contains("not a registered", StringComparison.Ordinal) || message.Contains("No Op registered", StringComparison.Ordinal) || message.Contains("Unrecognized attribute", StringComparison.Ordinal))
            {
                _diagnostics.Report(DiagnosticCatalog.Create("OCT2002", _request.ModelPath, domains.Count > 0 ? $"operators of the domain {string.Join(", ", domains)} ({message})" : message));
                return null;
            }
            throw DiagnosticCatalog.Exception("OCT2005", _request.ModelPath, MachineDescription.Current.OnnxRuntime, message);
        }
    }

    private Samples? OpenSamples(ModelSession session)
    {
        ImmutableArray<ModelInput> inputs = TensorSignature.Inputs(session, _request.InputShapes, _request.ModelPath);
        if (!_request.Data.IsEmpty)
            return Samples.Read(new SampleSourceOptions(_request.Data, inputs, _request.ModelPath, _request.Preprocessing, _request.Labels, _request.BatchSize, _request.CalibrationSamples), _diagnostics);

        Samples? generated = Samples.Generate(inputs, _request.BatchSize);
        string instead = generated is null
            ? "nothing is made"
            : _statistics is not null ? "the statistics file is used, and the variants are measured on generated inputs (accuracy unverified)"
            : "only variants that need no calibration are made, and they are measured on generated inputs (accuracy unverified)";
        _diagnostics.Report(DiagnosticCatalog.Create("OCT3001", _request.ModelPath, _request.Name, instead));
        return generated;
    }

    private ImmutableArray<string> RequestedVariants(ModelProto prepared, Samples samples)
    {
        if (!_request.Variants.IsEmpty)
            return [.. _request.Variants.Where(variant => variant != Variants.Float && (samples.AreReal || _statistics is not null || !Variants.NeedsCalibration(variant)))];

        ImmutableArray<string> variants = DefaultVariants.Of(_operators, prepared, _request.Exclude, Target, samples.AreReal || _statistics is not null);
        if (!variants.Any(Variants.MustBeInteger) && DefaultVariants.ReasonNothing(prepared, _request.Exclude) is { } reason)
            _diagnostics.Report(DiagnosticCatalog.Create("OCT2007", _request.ModelPath, reason));
        return variants;
    }

    private QuantizationTarget Target => QuantizationTarget.Of(_request.Target, RuntimeInformation.ProcessArchitecture, MachineDescription.Current.Features);

    private StatisticsFile? OpenStatistics()
    {
        if (_request.Statistics is not { } path)
            return null;
        StatisticsFile file = StatisticsFile.Read(path);
        file.EnsureFits(path, FileHash.Of(_request.ModelPath), _request.Method);
        return file;
    }

    private CalibrationStatistics Calibrate(ModelProto prepared, QuantizationPlan plan, Samples samples)
    {
        if (_statistics is { } file)
        {
            file.EnsureCovers(_request.Statistics!, plan.Activations);
            return file.Statistics;
        }
        Report($"calibrating on {samples.Count} inputs");
        return Calibrator.Collect(
            prepared, plan.Activations, CalibrationMethods.NeedsHistogram(_request.Method), samples.Count, index => samples.Read(index)?.Inputs, _scratch, cancellation: _cancellation);
    }

    private void MakeVariants(ModelProto prepared, Candidate reference, Candidate[] candidates, Samples samples)
    {
        VariantFactory factory = new(prepared, _request.Exclude, Target, plan =>
        {
            CalibrationStatistics statistics = Calibrate(prepared, plan, samples);
            if (_request.Method != CalibrationMethods.Auto)
                return statistics.Ranges(_request.Method);
            Report($"trying the calibration methods {string.Join(", ", CalibrationMethods.All)}");
            int weightLimit = Variants.WeightLimit(candidates.Select(candidate => candidate.Name).First(Variants.NeedsCalibration));
            return CalibrationMethodSearch.Best(
                prepared, plan, statistics, weightLimit, Target.SignedActivations, reference.Session!, Enumerable.Range(0, samples.Count).Select(samples.Read).OfType<Sample>(), samples.Labelled, _scratch, _request.Threads, _cancellation);
        });
        foreach (Candidate candidate in candidates)
        {
            _cancellation.ThrowIfCancellationRequested();
            Report($"making {candidate.Name}");
            try
            {
                candidate.Build = factory.Make(candidate.Name);
                candidate.Path = Path.Combine(_scratch, FileNameOf(candidate.Name));
                OnnxFile.Write(candidate.Build.Model, candidate.Path);
                candidate.SizeBytes = new FileInfo(candidate.Path).Length;
                candidate.Graph = OptimizedGraph.Read(candidate.Path, _scratch);
                if (Variants.MustBeInteger(candidate.Name) && candidate.Graph.IntegerNodes == 0)
                    candidate.Fail("ONNX Runtime runs none of its compute nodes in integer kernels");
                else
                    candidate.Session = new ModelSession(candidate.Path, _request.Threads);
            }
            catch (OnnxRuntimeException exception)
            {
                candidate.Fail($"ONNX Runtime does not take it: {exception.OneLine()}");
            }
            catch (InvalidDataException exception)
            {
                if (Variants.NeedsCalibration(candidate.Name))
                    _diagnostics.Report(DiagnosticCatalog.Create("OCT2007", _request.ModelPath, exception.Message));
                candidate.Fail(exception.Message);
            }
        }
    }

    private Probe MeasureAccuracy(Candidate reference, Candidate[] candidates, Samples samples)
    {
        Report($"comparing outputs on {samples.Count} inputs");
        ImmutableArray<ProbeCase>.Builder cases = ImmutableArray.CreateBuilder<ProbeCase>();
        for (int index = 0; index < samples.Count; index++)
        {
            _cancellation.ThrowIfCancellationRequested();
            // The first few are always compared, however long they take.
            if (index >= 8 && _elapsed.Elapsed > _request.TimeBudget / 2)
                break;
            if (samples.Read(index) is not { } sample)
                continue;
            ImmutableArray<NamedTensor> expected = RunFloat(reference, sample);
            if (cases.Count < ProbeCases && (cases.Count == 0 || sample.Inputs.Concat(expected).Sum(tensor => (long)tensor.Count) < LargestProbeElements))
                cases.Add(new ProbeCase(sample.Inputs, expected));
            reference.Accuracy.Add(expected, expected, sample.Labels);
            foreach (Candidate candidate in candidates.Where(candidate => candidate.IsAlive))
            {
                try
                {
                    ImmutableArray<NamedTensor> actual = candidate.Session!.Run(sample.Inputs);
                    candidate.Accuracy.Add(expected, actual, sample.Labels);
                }
                catch (OnnxRuntimeException exception)
                {
                    candidate.Fail($"it does not run: {exception.OneLine()}");
                }
            }
        }
        Probe probe = new(cases.ToImmutable());
        foreach (Candidate candidate in candidates.Where(candidate => candidate.IsAlive))
            candidate.ProbeSqnrDb = candidate.Session!.ProbeSqnrDb(probe);
        return probe;
    }

    private ImmutableArray<NamedTensor> RunFloat(Candidate reference, Sample sample)
    {
        try
        {
            return reference.Session!.Run(sample.Inputs);
        }
        catch (OnnxRuntimeException exception)
        {
            throw DiagnosticCatalog.Exception("OCT2005", _request.ModelPath, MachineDescription.Current.OnnxRuntime, $"it does not run on {sample.Source}: {exception.OneLine()}");
        }
    }

    private void MeasureSpeed(Candidate reference, Candidate[] candidates, Samples samples)
    {
        Candidate[] runners = [reference, .. candidates.Where(candidate => candidate.IsAlive)];
        if (samples.FirstReadable() is not { } sample)
            return;
        using RunInputs inputs = new(sample.Inputs);
        TimeSpan left = _request.TimeBudget - _elapsed.Elapsed;
        TimeSpan budget = TimeSpan.FromSeconds(Math.Clamp(left.TotalSeconds / 4, 1, 10));
        using ExclusiveMeasurement exclusive = ExclusiveMeasurement.Enter(_request.TimeBudget, _cancellation);
        Report($"measuring {string.Join(", ", runners.Select(runner => runner.Name))} in turns");
        ImmutableArray<TimingResult> timings = InterleavedTiming.Measure([.. runners.Select(runner => runner.Session!.Repeatable(inputs))], new TimingOptions { Budget = budget }, _cancellation);
        for (int i = 0; i < runners.Length; i++)
            runners[i].Timing = timings[i];
    }

    private ImmutableArray<LayerReport> MeasureLayers(ModelProto prepared, Candidate[] candidates, Samples samples)
    {
        if (candidates.FirstOrDefault(candidate => candidate.Build?.Emitted is not null && candidate.Failure is null) is not { Build: { Emitted: { } emitted, Plan: { } plan } } variant)
            return [];
        Report("comparing layers");
        ImmutableArray<NamedTensor>[] inputs = [.. Enumerable.Range(0, samples.Count).Select(samples.Read).OfType<Sample>().Take(LayerSamples).Select(sample => sample.Inputs)];
        ImmutableArray<LayerReport> layers = LayerErrors.Measure(prepared, emitted, plan, inputs, _scratch);
        if (inputs.Length == 0)
            return layers;
        using RunInputs first = new(inputs[0]);
        using ExclusiveMeasurement exclusive = ExclusiveMeasurement.Enter(_request.TimeBudget, _cancellation);
        NodeTimes reference = NodeTimes.Measure(_request.ModelPath, first, _request.Threads, _scratch);
        return LayerErrors.WithTimes(layers, prepared, reference, NodeTimes.Measure(variant.Path, first, _request.Threads, _scratch));
    }

    private QuantizationResult Conclude(
        Candidate reference, Candidate[] candidates, Samples samples, Probe probe, ImmutableArray<LayerReport> layers, string inputs, string outputs)
    {
        // The last moment to stop: from here on files are replaced.
        _cancellation.ThrowIfCancellationRequested();
        bool verified = samples.AreReal;
        Verdict[] verdicts = [.. candidates.Select(candidate => candidate.Judge(_request.MaxAccuracyDrop, _request.MinSpeedup, verified))];
        (Candidate Candidate, Verdict Verdict)[] judged = [.. candidates.Zip(verdicts)];
        (Candidate Candidate, Verdict Verdict)? best = judged.Where(pair => pair.Verdict.Ships).OrderByDescending(pair => pair.Candidate.Timing!.Speedup).Select(pair => ((Candidate, Verdict)?)pair).FirstOrDefault();
        string selected = best?.Candidate.Name ?? Variants.Float;
        string reason = best?.Verdict.Reason ?? (judged.Length == 0 ? "no variant could be tried" : $"no variant is faster and accurate: {string.Join("; ", judged.Select(pair => $"{pair.Candidate.Name} is {pair.Verdict.Name}"))}");
        foreach ((Candidate candidate, Verdict verdict) in judged)
            ReportVerdict(candidate, verdict);

        foreach (Candidate candidate in candidates)
            candidate.Dispose();
        VariantReport floatReport = reference.ToReport(Verdict.Baseline, _request.Source, verified);
        ImmutableArray<VariantReport> rows = [floatReport, .. judged.Select(pair => pair.Candidate.ToReport(pair.Verdict, pair.Verdict.Ships ? FileNameOf(pair.Candidate.Name) : "", verified))];
        ModelReport report = new(_request.Name, _request.Source, FileHash.Of(_request.ModelPath), selected, reason, rows, layers, _request.Threads, _request.BatchSize);
        ShippedVariant[] shipped = [.. judged.Where(pair => pair.Verdict.Ships).Select(pair => new ShippedVariant(pair.Candidate.Name, pair.Candidate.Path))];
        ImmutableDictionary<string, double> probeSqnr = candidates.Where(candidate => candidate.ProbeSqnrDb is not null).ToImmutableDictionary(candidate => candidate.Name, candidate => candidate.ProbeSqnrDb!.Value);
        ImmutableArray<string> files = ShippedFiles.Write(_request, report, shipped, probe, probeSqnr);
        return new QuantizationResult(report, files, inputs, outputs);
    }

    private void ReportVerdict(Candidate candidate, Verdict verdict)
    {
        string? code = verdict.Name switch
        {
            "slower" => "OCT4001",
            "inaccurate" => "OCT4002",
            "failed" => "OCT4003",
            _ => null,
        };
        if (code is not null)
            _diagnostics.Report(DiagnosticCatalog.Create(code, _request.ModelPath, _request.Name, candidate.Name, verdict.Reason));
    }

    private QuantizationResult WriteFloatOnly(string reason, string inputs, string outputs)
    {
        VariantReport row = new(Variants.Float, _request.Source, new FileInfo(_request.ModelPath).Length, double.NaN, double.NaN, 1, 1, 1, null, 0, 0, 0, Verdict.Baseline.Name, reason, null, []);
        ModelReport report = new(_request.Name, _request.Source, FileHash.Of(_request.ModelPath), Variants.Float, reason, [row], [], _request.Threads, _request.BatchSize);
        ImmutableArray<string> files = ShippedFiles.Write(_request, report, [], null, ImmutableDictionary<string, double>.Empty);
        return new QuantizationResult(report, files, inputs, outputs);
    }

    private string FileNameOf(string variant) => $"{Path.GetFileNameWithoutExtension(_request.FloatFileName)}.{variant}.onnx";

    private void Report(string activity)
    {
        _cancellation.ThrowIfCancellationRequested();
        _progress?.Report(new QuantizationProgress(_request.Name, activity));
    }

    /// <summary>Makes the folder first of all: an output that cannot be written is said before the work, not after it.</summary>
    private void MakeScratch()
    {
        try
        {
            Directory.CreateDirectory(_scratch);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiagnosticCatalog.Exception("OCT5002", _request.OutputDirectory, exception.Message.TrimEnd('.'));
        }
    }

    private void Sweep()
    {
        try
        {
            if (Directory.Exists(_scratch))
                Directory.Delete(_scratch, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What cannot be swept is never read; writing will tell if the folder is read-only.
        }
    }
}
