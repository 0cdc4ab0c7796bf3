using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Benchmarks.Peer;

/// <summary>The pre-processing of ONNX Runtime's Python tool (<c>quant_pre_process</c>): what its basic optimization makes of the graph.</summary>
internal static class PeerModel
{
    // What the tool's per-channel quantization asks for; its documentation sends users to the version converter.
    private const int PerChannelOpset = 13;

    /// <summary>The optimized model: constants folded and in initializers, BatchNormalization, Mul and Add folded into Convs.</summary>
    public static ModelProto Preprocess(string path, string scratch)
    {
        string lifted = Path.Combine(scratch, "peer-lifted.onnx");
        string optimized = Path.Combine(scratch, "peer-optimized.onnx");
        OnnxFile.Write(OpsetLift.Apply(OnnxFile.Read(path), PerChannelOpset), lifted);
        using SessionOptions options = new()
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_BASIC,
            OptimizedModelFilePath = optimized,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        using (InferenceSession session = new(lifted, options))
        {
        }
        return OnnxFile.Read(optimized);
    }
}
