using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime;

/// <summary>Sessions that are measured side by side in one process.</summary>
public static class MeasuredSession
{
    /// <summary>Options under which sessions disturb each other least and differ in nothing but the model.</summary>
    /// <param name="threads">Intra-operator threads; 0 is ONNX Runtime's own choice.</param>
    /// <param name="optimization">How far the graph is optimized.</param>
    /// <returns>New options, the caller's to dispose.</returns>
    public static SessionOptions CreateOptions(int threads = 0, GraphOptimizationLevel optimization = GraphOptimizationLevel.ORT_ENABLE_ALL)
    {
        var options = new SessionOptions
        {
            GraphOptimizationLevel = optimization,
            // What fails is told by the caller.
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        // The waiting threads of one session would take the cores from another session.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        if (threads > 0)
            options.IntraOpNumThreads = threads;
        if (threads > 1 && threads <= Environment.ProcessorCount)
            options.AddSessionConfigEntry("session.intra_op_thread_affinities", Affinities(threads));
        return options;
    }

    /// <summary>A processor for each thread but the calling one, counted from 1, so that the calling one finds the first free.</summary>
    /// <remarks>
    /// Left alone, the system may keep one session's threads on one core and another's apart for as long as they live: on two cores the same
    /// model then measures up to 1.5 times as fast as itself. With 0 threads ONNX Runtime does this by itself.
    /// </remarks>
    private static string Affinities(int threads) => string.Join(";", Enumerable.Range(2, threads - 1));
}
