using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime;

/// <summary>What of an application's session options decides which variant is fastest.</summary>
/// <param name="Threads">Intra-operator threads; 0 is ONNX Runtime's own choice.</param>
/// <param name="Optimization">How far the graph is optimized.</param>
internal readonly record struct SessionConditions(int Threads, GraphOptimizationLevel Optimization)
{
    public static SessionConditions Of(SessionOptions? options) =>
        new(options?.IntraOpNumThreads ?? 0, options?.GraphOptimizationLevel ?? GraphOptimizationLevel.ORT_ENABLE_ALL);

    /// <summary>Options of our own under these conditions, for sessions that are measured side by side.</summary>
    public SessionOptions CreateOptions()
    {
        var options = new SessionOptions
        {
            GraphOptimizationLevel = Optimization,
            // What fails is told in the selection.
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        if (Threads > 0)
            options.IntraOpNumThreads = Threads;
        // The waiting threads of one session would take the cores from another session that is being measured.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        return options;
    }
}
