using Microsoft.ML.OnnxRuntime;

namespace Octet.Quantization.Measurement;

/// <summary>ONNX Runtime's words, fit for a diagnostic.</summary>
internal static class OnnxRuntimeMessages
{
    /// <summary>The message on one line; ONNX Runtime's span several.</summary>
    public static string OneLine(this OnnxRuntimeException exception) =>
        string.Join(' ', exception.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
}
