using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime.Tests;

/// <summary>Runs models, with the operators registered.</summary>
internal static class OperatorSession
{
    /// <summary>Opens a model with the operators. Optimizations are off: ONNX Runtime computes what the model says, operator by operator.</summary>
    public static InferenceSession Open(byte[] model, int threads = 1)
    {
        using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL, IntraOpNumThreads = threads };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        QuantizedOperators.Register(options);
        return new InferenceSession(model, options);
    }

    /// <summary>Runs a model that is opened for this once, and returns its outputs.</summary>
    public static NamedTensor[] Run(byte[] model, params NamedTensor[] inputs) => Run(model, 1, inputs);

    public static NamedTensor[] Run(byte[] model, int threads, params NamedTensor[] inputs)
    {
        using InferenceSession session = Open(model, threads);
        return Run(session, inputs);
    }

    public static NamedTensor[] Run(InferenceSession session, params NamedTensor[] inputs)
    {
        OrtValue[] values = [.. inputs.Select(input => input.ToOrtValue())];
        try
        {
            using var options = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, [.. inputs.Select(input => input.Name)], values, session.OutputNames);
            return [.. session.OutputNames.Zip(outputs, NamedTensor.FromOrtValue)];
        }
        finally
        {
            foreach (OrtValue value in values)
                value.Dispose();
        }
    }
}
