using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization;

/// <summary>The measuring half of the pipeline: candidates against the float model, in accuracy, in speed, and layer by layer.</summary>
internal sealed class CandidateMeasurement(
    QuantizationRequest request, Candidate reference, Samples samples, string scratch, Stopwatch elapsed, Action<string> report, CancellationToken cancellation)
{
    private const int LayerSamples = 4;
    private const int ProbeCases = 2;
    private const long LargestProbeElements = 4_000_000;

    // However long they take.
    private const int AlwaysCompared = 8;

    private Probe? _probe;

    /// <summary>Compares outputs sample by sample, and again on the probe, as the application will at start.</summary>
    /// <returns>The probe: the first samples with the float model's outputs.</returns>
    public Probe MeasureAccuracy(IReadOnlyCollection<Candidate> candidates)
    {
        report($"comparing outputs on {samples.Count} inputs");
        Stopwatch pass = Stopwatch.StartNew();
        bool first = _probe is null;
        ImmutableArray<ProbeCase>.Builder cases = ImmutableArray.CreateBuilder<ProbeCase>();
        for (int index = 0; index < samples.Count; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (index >= AlwaysCompared && pass.Elapsed > request.TimeBudget / 4)
                break;
            if (samples.Read(index) is not { } sample)
                continue;
            ImmutableArray<NamedTensor> expected = RunFloat(sample);
            if (first && cases.Count < ProbeCases && (cases.Count == 0 || sample.Inputs.Concat(expected).Sum(tensor => (long)tensor.Count) < LargestProbeElements))
                cases.Add(new ProbeCase(sample.Inputs, expected));
            if (first)
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
        _probe ??= new Probe(cases.ToImmutable());
        foreach (Candidate candidate in candidates.Where(candidate => candidate.IsAlive))
            candidate.ProbeSqnrDb = candidate.Session!.ProbeSqnrDb(_probe);
        return _probe;
    }

    /// <summary>Times the float model and the candidates in turns on the first sample, once under each condition.</summary>
    public void MeasureSpeed(IReadOnlyCollection<Candidate> candidates)
    {
        Candidate[] runners = [reference, .. candidates.Where(candidate => candidate.IsAlive)];
        if (samples.FirstReadable() is not { } sample)
            return;
        (MeasuringCondition Condition, ImmutableArray<NamedTensor> Inputs)[] conditions =
        [
            .. MeasuringConditions.Of(request, Environment.ProcessorCount)
                .Select(condition => (Condition: condition, Inputs: BatchedInputs.Of(sample.Inputs, reference.Session!.Inputs, condition.BatchSize)))
                .Where((pair, place) => place == 0 || !pair.Inputs.IsDefault),
        ];
        conditions[0].Inputs = sample.Inputs;
        TimeSpan left = request.TimeBudget - elapsed.Elapsed;
        TimeSpan budget = TimeSpan.FromSeconds(Math.Clamp(left.TotalSeconds / 4 / conditions.Length, 1, 10));
        using ExclusiveMeasurement exclusive = ExclusiveMeasurement.Enter(request.TimeBudget, cancellation);
        foreach ((MeasuringCondition condition, ImmutableArray<NamedTensor> inputs) in conditions)
        {
            report($"measuring {string.Join(", ", runners.Select(runner => runner.Name))} in turns{(conditions.Length > 1 ? $", {condition}" : "")}");
            foreach ((Candidate runner, TimingResult timing) in runners.Zip(Measure(runners, condition, inputs, budget)))
                runner.Conditions = runner.Conditions.Add(new ConditionTiming(condition, timing));
        }
        MeasuringConditions.Decide(runners);
    }

    private ImmutableArray<TimingResult> Measure(Candidate[] runners, MeasuringCondition condition, ImmutableArray<NamedTensor> tensors, TimeSpan budget)
    {
        using RunInputs inputs = new(tensors);
        TimingOptions options = new() { Budget = budget };
        if (condition.Threads == request.Threads)
            return InterleavedTiming.Measure([.. runners.Select(runner => runner.Session!.Repeatable(inputs))], options, cancellation);
        // The threads of a session are its own: another number needs other sessions.
        List<ModelSession> sessions = [];
        try
        {
            foreach (Candidate runner in runners)
                sessions.Add(new ModelSession(runner.Path, condition.Threads));
            return InterleavedTiming.Measure([.. sessions.Select(session => session.Repeatable(inputs))], options, cancellation);
        }
        finally
        {
            foreach (ModelSession session in sessions)
                session.Dispose();
        }
    }

    /// <summary>Looks into the first static candidate: noise and time of each layer.</summary>
    public ImmutableArray<LayerReport> MeasureLayers(IReadOnlyCollection<Candidate> candidates)
    {
        if (candidates.FirstOrDefault(candidate => candidate.Build?.Static is not null && candidate.Failure is null) is not { Build: { Name: { } name, Emitted: { } emitted, Static: { } recipe } } variant)
            return [];
        // Only pairs leave every layer's result where it can be seen; the noise is the same.
        if (recipe.Form != IntegerForm.Pairs)
            emitted = (recipe with { Form = IntegerForm.Pairs }).Emit(Variants.WeightLimit(name), signedActivations: false);
        report("comparing layers");
        ImmutableArray<NamedTensor>[] inputs = [.. Enumerable.Range(0, samples.Count).Select(samples.Read).OfType<Sample>().Take(LayerSamples).Select(sample => sample.Inputs)];
        ImmutableArray<LayerReport> layers = LayerErrors.Measure(recipe.Prepared, emitted, recipe.Plan, inputs, scratch);
        if (inputs.Length == 0)
            return layers;
        using RunInputs first = new(inputs[0]);
        using ExclusiveMeasurement exclusive = ExclusiveMeasurement.Enter(request.TimeBudget, cancellation);
        NodeTimes floatTimes = NodeTimes.Measure(request.ModelPath, first, request.Threads, scratch);
        return LayerErrors.WithTimes(layers, recipe.Prepared, floatTimes, NodeTimes.Measure(variant.Path, first, request.Threads, scratch));
    }

    private ImmutableArray<NamedTensor> RunFloat(Sample sample)
    {
        try
        {
            return reference.Session!.Run(sample.Inputs);
        }
        catch (OnnxRuntimeException exception)
        {
            throw DiagnosticCatalog.Exception("OCT2005", request.ModelPath, MachineDescription.Current.OnnxRuntime, $"it does not run on {sample.Source}: {exception.OneLine()}");
        }
    }
}
