using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Measurement;

/// <summary>What ONNX Runtime really runs: nodes of the graph after its own optimization, subgraphs included.</summary>
/// <param name="IntegerNodes">Compute nodes in integer kernels.</param>
/// <param name="FloatComputeNodes">Compute nodes in float kernels.</param>
/// <param name="ConversionNodes">Quantize and dequantize operators between the two worlds.</param>
public sealed record OptimizedGraph(int IntegerNodes, int FloatComputeNodes, int ConversionNodes)
{
    private const string BlockedProduct = "MatMulNBits";

    private static readonly HashSet<string> IntegerOperators = new(StringComparer.Ordinal)
    {
        "QLinearConv", "QLinearMatMul", "QGemm", "ConvInteger", "MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM",
        "QAttention", "QLinearConvTranspose", "QOrderedMatMul", "QuantizedDepthwiseConv",
    };

    private static readonly HashSet<string> FloatComputeOperators = new(StringComparer.Ordinal)
    {
        "Conv", "FusedConv", "NhwcFusedConv", "ConvTranspose", "Gemm", "FusedGemm", "MatMul", "FusedMatMul", "LSTM", "GRU", "RNN", "Attention", "MultiHeadAttention", "GroupQueryAttention",
    };

    private static readonly HashSet<string> ConversionOperators = new(StringComparer.Ordinal) { "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QuantizeNhwc", "DequantizeNhwc" };

    /// <summary>Loads a model in ONNX Runtime at full optimization, and reads back and counts the graph that it made.</summary>
    /// <param name="modelPath">The model.</param>
    /// <param name="scratch">A folder for the optimized graph's file.</param>
    /// <exception cref="OnnxRuntimeException">The model does not load.</exception>
    /// <exception cref="DiagnosticException">OCT5002: the optimized graph cannot be written, because the disk is full, say.</exception>
    public static OptimizedGraph Read(string modelPath, string scratch)
    {
        Directory.CreateDirectory(scratch);
        string path = Path.Combine(scratch, $"optimized-{Guid.NewGuid():N}.onnx");
        try
        {
            using SessionOptions options = new()
            {
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
                OptimizedModelFilePath = path,
                IntraOpNumThreads = 1,
                // ONNX Runtime warns that such a file fits this machine only; it is read and deleted here.
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            };
            QuantizedOperators.RegisterFor(options, modelPath);
            using (InferenceSession session = new(modelPath, options))
            {
            }
            // Not OnnxFile: a graph without nodes is no model to a user, but it is what is left of a constant one.
            using FileStream stream = File.OpenRead(path);
            return Count(ModelProto.Parser.ParseFrom(stream));
        }
        catch (OnnxRuntimeException exception) when (exception.Message.Contains("Protobuf serialization failed", StringComparison.Ordinal))
        {
            // ONNX Runtime's words for a write that did not succeed; the model itself has loaded by then.
            throw DiagnosticCatalog.Exception("OCT5002", scratch, "there is no room for a working copy of the model");
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Counts the nodes of a graph as it stands.</summary>
    public static OptimizedGraph Count(ModelProto model)
    {
        NodeProto[] nodes = [.. model.Graph.WithSubgraphs().SelectMany(graph => graph.Node)];
        return new OptimizedGraph(
            nodes.Count(IsInteger),
            nodes.Count(node => FloatComputeOperators.Contains(node.OpType) || (node.OpType == BlockedProduct && !IsInteger(node))),
            nodes.Count(node => ConversionOperators.Contains(node.OpType)));
    }

    // Weights in blocks are multiplied as integers only where the node allows it; otherwise they are expanded to float.
    private static bool IsInteger(NodeProto node) =>
        IntegerOperators.Contains(node.OpType) || (node.OpType == BlockedProduct && node.Int("accuracy_level", 0) == WeightOnlyQuantization.AccuracyLevel);
}
