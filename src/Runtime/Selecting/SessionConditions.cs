using Microsoft.ML.OnnxRuntime;

namespace Octet.Runtime;

/// <summary>What of an application's session options decides which variant is fastest.</summary>
/// <param name="Threads">Intra-operator threads; 0 is ONNX Runtime's own choice; null where there are no options, so that the threads are part of the choice.</param>
/// <param name="Optimization">How far the graph is optimized.</param>
internal readonly record struct SessionConditions(int? Threads, GraphOptimizationLevel Optimization)
{
    public static SessionConditions Of(SessionOptions? options) =>
        new(options?.IntraOpNumThreads, options?.GraphOptimizationLevel ?? GraphOptimizationLevel.ORT_ENABLE_ALL);

    /// <summary>The threads that a variant will run with.</summary>
    public int ThreadsOf(ModelManifest manifest, ManifestVariant variant) => Threads ?? manifest.RecommendedThreads(variant) ?? 0;
}
