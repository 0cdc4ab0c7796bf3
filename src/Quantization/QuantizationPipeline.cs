using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Calibration.DataFree;
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
    // The share of the time budget after which no further rewriting of the float model is tried.
    private const double FloatShare = 0.12;

    private const int NodesNamed = 8;

    private readonly QuantizationRequest _request;
    private readonly IDiagnosticSink _diagnostics;
    private readonly IProgress<QuantizationProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly string _scratch;
    private StatisticsFile? _statistics;
    private DataFreeRanges? _derived;
    private UnquantizedModel? _unquantized;
    private TrainedQuantization? _trained;
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
        if (ReasonNotMeasurable(session) is { } unmeasurable)
        {
            Diagnostic problem = DiagnosticCatalog.Create("OCT2007", _request.ModelPath, unmeasurable);
            _diagnostics.Report(problem);
            return WriteFloatOnly(problem.Text, inputs, outputs);
        }

        using Samples? samples = OpenSamples(session);
        if (samples is null)
        {
            ReportMissingData("nothing is made");
            return WriteFloatOnly("there is no data, and no inputs can be made up for dynamic extents or unusual types, so that nothing can be measured", inputs, outputs);
        }

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

        StaticRecipe? dataFree = DataFreeRecipe(prepared);
        ReportMissingData(InsteadOfData(dataFree));
        bool calibrated = samples.AreReal || _statistics is not null || dataFree is not null || _trained is not null;
        SpeedSearch speed = new(_request, samples, _scratch, Report, _cancellation);
        using Candidate reference = Candidate.Float(_request.ModelPath, session, samples.Labelled, _scratch);
        Candidate[] candidates = [.. RequestedVariants(prepared, calibrated, speed).Select(name => new Candidate(name, samples.Labelled))];
        try
        {
            StaticVariants staticVariants = new(_request, Target, reference, samples, speed, _scratch, _elapsed, Report, _cancellation);
            int weightLimit = Variants.WeightLimit(candidates.Select(candidate => candidate.Name).FirstOrDefault(Variants.NeedsCalibration, Variants.Int8));
            VariantFactory factory = new(
                prepared,
                _request.Exclude,
                Target,
                // Derived ranges are of this very plan: no other choice of layers is tried.
                () => _trained is not null ? staticVariants.FindTrained(prepared, _trained, weightLimit) : dataFree ?? staticVariants.Find(prepared, weightLimit, _statistics),
                () => speed.RewriteFloat(prepared, () => _elapsed.Elapsed < _request.TimeBudget * FloatShare));
            CandidateMeasurement measurement = new(_request, reference, samples, _scratch, _elapsed, Report, _cancellation);
            MakeVariants(factory, candidates);
            Probe probe = measurement.MeasureAccuracy(candidates);
            if (samples.AreReal && _request.Pinned is null)
                LeaveWorstLayersFloat(staticVariants, factory, candidates, samples, measurement);
            measurement.MeasureSpeed(candidates);
            ImmutableArray<LayerReport> layers = measurement.MeasureLayers(candidates);
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
        ModelProto original = _unquantized?.Model ?? OnnxFile.Read(_request.ModelPath);
        _unquantized = null;
        _operators = [.. DefaultVariants.Operators(original)];
        ModelProto unfolded = PreparationPipeline.RunUntilFolding(original, _request.ModelPath);
        if (_request.Data.IsEmpty && _statistics is null && _trained is null)
            _derived = BatchNormalizationRanges.Derive(unfolded);
        return PreparationPipeline.RunFromFolding(unfolded, _request.ModelPath);
    }

    private string? ReasonToPassThrough(ModelProto model)
    {
        int quantized = model.Graph.WithSubgraphs().SelectMany(graph => graph.Node).Count(TakeQuantization.IsQuantized);
        if (quantized == 0)
            return null;
        if (TakeQuantization.TryTake(OnnxFile.Read(_request.ModelPath), out _unquantized, out string? reason))
        {
            _trained = _unquantized.Trained;
            _diagnostics.Report(DiagnosticCatalog.Create("OCT2008", _request.ModelPath, _trained.Weights.Count, _trained.Activations.Count));
            return null;
        }
        _diagnostics.Report(DiagnosticCatalog.Create("OCT2003", _request.ModelPath, quantized, reason));
        return $"it is already quantized ({quantized} quantized operators) and passed through unchanged: {reason}";
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

    private static string? ReasonNotMeasurable(ModelSession session)
    {
        if (session.InputNames.FirstOrDefault(name => !session.Inputs[name].IsTensor) is { } input)
            return $"its input '{input}' is no tensor, so that it cannot be run on samples";
        return session.OutputNames.FirstOrDefault(name => !session.Outputs[name].IsTensor || session.Outputs[name].IsString) is { } output
            ? $"its output '{output}' is no tensor of numbers, so that variants cannot be compared with it"
            : null;
    }

    private Samples? OpenSamples(ModelSession session)
    {
        ImmutableArray<ModelInput> inputs = TensorSignature.Inputs(session, _request.InputShapes, _request.ModelPath);
        if (!_request.Data.IsEmpty)
            return Samples.Read(new SampleSourceOptions(_request.Data, inputs, _request.ModelPath, _request.Preprocessing, _request.Labels, _request.BatchSize, _request.CalibrationSamples), _diagnostics);

        return Samples.Generate(inputs, _request.BatchSize);
    }

    /// <summary>Says what is made without data, and on what it is measured.</summary>
    private void ReportMissingData(string instead)
    {
        if (_request.Data.IsEmpty)
            _diagnostics.Report(DiagnosticCatalog.Create("OCT3001", _request.ModelPath, _request.Name, instead));
    }

    private string InsteadOfData(StaticRecipe? dataFree) =>
        (_trained is not null ? "the ranges that the model was trained with are used"
            : _statistics is not null ? "the statistics file is used"
            : dataFree is not null ? $"the ranges of {dataFree.Plan.ComputeNodes.Count} of {dataFree.Plan.ComputeNodes.Count + dataFree.Plan.FloatReasons.Count} compute nodes are derived from BatchNormalization statistics"
            : "only variants that need no calibration are made") + ", and the variants are measured on generated inputs (accuracy unverified)";

    private StaticRecipe? DataFreeRecipe(ModelProto prepared)
    {
        if (_derived is null)
            return null;
        QuantizationPlan plan = StaticQuantization.Derived(prepared, StaticQuantization.Plan(prepared, _request.Exclude), _derived);
        return plan.ComputeNodes.IsEmpty ? null : new StaticRecipe(prepared, plan, _derived.For(plan.Activations));
    }

    private ImmutableArray<string> RequestedVariants(ModelProto prepared, bool calibrated, SpeedSearch speed)
    {
        if (!_request.Variants.IsEmpty)
            return [.. _request.Variants.Where(variant => variant != Variants.Float && (calibrated || !Variants.NeedsCalibration(variant)))];

        ImmutableArray<string> variants = DefaultVariants.Of(_operators, prepared, _request.Exclude, Target, calibrated);
        if (!variants.Contains(Variants.FloatOptimized) && speed.HasRewritings(prepared))
            variants = variants.Insert(0, Variants.FloatOptimized);
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

    private void MakeVariants(VariantFactory factory, Candidate[] candidates)
    {
        foreach (Candidate candidate in candidates)
        {
            _cancellation.ThrowIfCancellationRequested();
            Report($"making {candidate.Name}");
            Open(candidate, () => factory.Make(candidate.Name));
        }
    }

    private void Open(Candidate candidate, Func<VariantBuild> make)
    {
        try
        {
            candidate.Load(make(), Path.Combine(_scratch, FileNameOf(candidate.Name)), _scratch, _request.Threads);
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

    private void LeaveWorstLayersFloat(StaticVariants staticVariants, VariantFactory factory, Candidate[] candidates, Samples samples, CandidateMeasurement measurement)
    {
        for (int i = 0; i < candidates.Length; i++)
        {
            string name = candidates[i].Name;
            if (!candidates[i].IsAlive || candidates[i].Build?.Static is not { } recipe || candidates[i].Accuracy.ToReport(verified: true).Drop <= _request.MaxAccuracyDrop
                || staticVariants.LeaveWorstLayersFloat(name, recipe) is not { } found)
                continue;

            candidates[i].Dispose();
            candidates[i] = new Candidate(name, samples.Labelled);
            Open(candidates[i], () => factory.Make(name, found));
            measurement.MeasureAccuracy([candidates[i]]);
            string[] left = [.. found.LeftFloat.Where(node => node.Value == LayerExclusion.Reason).Select(node => node.Key)];
            _diagnostics.Report(DiagnosticCatalog.Create("OCT4005", _request.ModelPath, _request.Name, name, left.Length, recipe.Plan.ComputeNodes.Count, Named(left)));
        }
    }

    // The report has them all.
    private static string Named(string[] nodes) => string.Join(", ", nodes.Take(NodesNamed)) + (nodes.Length > NodesNamed ? $" and {nodes.Length - NodesNamed} more" : "");

    private QuantizationResult Conclude(
        Candidate reference, Candidate[] candidates, Samples samples, Probe probe, ImmutableArray<LayerReport> layers, string inputs, string outputs)
    {
        // The last moment to stop: from here on files are replaced.
        _cancellation.ThrowIfCancellationRequested();
        bool verified = samples.AreReal;
        Verdict[] verdicts = [.. candidates.Select(candidate => candidate.Judge(_request.MaxAccuracyDrop, _request.MinSpeedup, verified))];
        (Candidate Candidate, Verdict Verdict)[] judged = [.. candidates.Zip(verdicts)];
        Candidate? best = MeasuringConditions.Fastest(judged.Where(pair => pair.Verdict.Ships).Select(pair => pair.Candidate), _request.MinSpeedup);
        string selected = best?.Name ?? Variants.Float;
        string reason = best is not null ? judged.Single(pair => pair.Candidate == best).Verdict.Reason
            : judged.Length == 0 ? "no variant could be tried" : $"no variant is faster and accurate: {string.Join("; ", judged.Select(pair => $"{pair.Candidate.Name} is {pair.Verdict.Name}"))}";
        foreach ((Candidate candidate, Verdict verdict) in judged)
            ReportVerdict(candidate, verdict);

        foreach (Candidate candidate in candidates)
            candidate.Dispose();
        VariantReport floatReport = reference.ToReport(Verdict.Baseline, _request.Source, verified);
        ImmutableArray<VariantReport> rows = [floatReport, .. judged.Select(pair => pair.Candidate.ToReport(pair.Verdict, pair.Verdict.Ships ? FileNameOf(pair.Candidate.Name) : "", verified))];
        ModelReport report = new(_request.Name, _request.Source, FileHash.Of(_request.ModelPath), selected, reason, rows, layers, _request.Threads, _request.BatchSize);
        ShippedVariant[] shipped = [.. judged.Where(pair => pair.Verdict.Ships).Select(pair => new ShippedVariant(pair.Candidate.Name, pair.Candidate.Files))];
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
