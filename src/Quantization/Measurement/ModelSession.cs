using System.Collections.Immutable;
using Microsoft.ML.OnnxRuntime;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>A loaded model that can be run on managed tensors. Dispose it to release the session's memory and threads.</summary>
public sealed class ModelSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();

    /// <summary>Loads a model at full optimization on the CPU, with the operators of <see cref="QuantizedOperators"/> if it uses them.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="threads">Intra-operator threads; 0 is ONNX Runtime's own choice, one a physical core.</param>
    /// <exception cref="OnnxRuntimeException">The model does not load.</exception>
    public ModelSession(string path, int threads)
    {
        using SessionOptions options = MeasuredSession.CreateOptions(threads);
        QuantizedOperators.RegisterFor(options, path);
        _session = new InferenceSession(path, options);
    }

    /// <summary>The inputs by name.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> Inputs => _session.InputMetadata;

    /// <summary>The outputs by name.</summary>
    public IReadOnlyDictionary<string, NodeMetadata> Outputs => _session.OutputMetadata;

    /// <summary>The names of the inputs in the model's order.</summary>
    public IReadOnlyList<string> InputNames => _session.InputNames;

    /// <summary>The names of the outputs in the model's order.</summary>
    public IReadOnlyList<string> OutputNames => _session.OutputNames;

    /// <summary>Runs the model and copies all outputs.</summary>
    public ImmutableArray<NamedTensor> Run(ImmutableArray<NamedTensor> inputs)
    {
        using RunInputs values = new(inputs);
        using IDisposableReadOnlyCollection<OrtValue> outputs = _session.Run(_runOptions, values.Names, values.Values, _session.OutputNames);
        return [.. _session.OutputNames.Zip(outputs, NamedTensor.FromOrtValue)];
    }

    /// <summary>The ratio of the outputs to those stored in a probe, as the application will compute it at start; null without float outputs.</summary>
    public double? ProbeSqnrDb(Probe probe) => Agreement.ProbeSqnrDb(_session, probe);

    /// <summary>An action that runs the model once on these inputs and drops the outputs: what is timed.</summary>
    public Action Repeatable(RunInputs inputs) => () => _session.Run(_runOptions, inputs.Names, inputs.Values, _session.OutputNames).Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }
}

/// <summary>Inputs pinned for ONNX Runtime, to be used for any number of runs.</summary>
public sealed class RunInputs : IDisposable
{
    /// <summary>Pins the tensors; nothing is copied.</summary>
    public RunInputs(ImmutableArray<NamedTensor> inputs)
    {
        Names = [.. inputs.Select(input => input.Name)];
        Values = [.. inputs.Select(input => input.ToOrtValue())];
    }

    /// <summary>The inputs' names.</summary>
    public string[] Names { get; }

    /// <summary>Their values.</summary>
    public OrtValue[] Values { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (OrtValue value in Values)
            value.Dispose();
    }
}
