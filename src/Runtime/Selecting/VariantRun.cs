using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime;

/// <summary>A loaded variant that can be run on the probe again and again.</summary>
internal sealed class VariantRun : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly string[] _inputNames;
    private readonly string[] _outputNames;
    private readonly ImmutableArray<OrtValue> _inputs;

    /// <param name="path">The variant's file.</param>
    /// <param name="options">How to load it.</param>
    /// <param name="probeCase">What <see cref="Run"/> runs on.</param>
    /// <exception cref="OnnxRuntimeException">It cannot be loaded.</exception>
    public VariantRun(string path, SessionOptions options, ProbeCase probeCase)
    {
        _session = new InferenceSession(path, options);
        _inputNames = [.. probeCase.Inputs.Select(static input => input.Name)];
        _outputNames = [.. _session.OutputNames];
        _inputs = [.. probeCase.Inputs.Select(static input => input.ToOrtValue())];
    }

    /// <summary>Its agreement with the stored float outputs, as <see cref="Agreement.ProbeSqnrDb"/>.</summary>
    public double? ProbeSqnrDb(Probe probe) => Agreement.ProbeSqnrDb(_session, probe);

    /// <summary>Runs it once and drops the outputs.</summary>
    public void Run() => _session.Run(_runOptions, _inputNames, _inputs, _outputNames).Dispose();

    public void Dispose()
    {
        foreach (OrtValue input in _inputs)
            input.Dispose();
        _runOptions.Dispose();
        _session.Dispose();
    }
}
