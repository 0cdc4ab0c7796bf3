using Google.Protobuf;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>Reads and writes .onnx files. Reading and writing an untouched model loses nothing, unknown fields included.</summary>
public static class OnnxFile
{
    /// <summary>Reads a model. Large tensors of its external data stay in their files until they are needed (<see cref="ExternalData"/>).</summary>
    /// <param name="path">The .onnx file.</param>
    /// <exception cref="DiagnosticException">OCT2001: not a readable model. OCT2006: external data missing, outside the model's folder or out of bounds.</exception>
    public static ModelProto Read(string path)
    {
        ModelProto model = ReadWithoutExternalData(path);
        ExternalData.Bind(model, path);
        return model;
    }

    /// <summary>Reads a model and leaves its external data where it is.</summary>
    /// <exception cref="DiagnosticException">OCT2001: not a readable model.</exception>
    public static ModelProto ReadWithoutExternalData(string path)
    {
        ModelProto model = Parse(path);
        return ReasonNotAModel(model) is { } reason ? throw DiagnosticCatalog.Exception("OCT2001", path, reason) : model;
    }

    /// <summary>
    /// Writes a model, in one file where the format allows it (2 GB), else with its weights in a second file beside it, named as the model with
    /// <c>.data</c> behind. Each file is written under a temporary name first, then moved, so that no reader ever sees half a file.
    /// </summary>
    /// <returns>The files written, the model first.</returns>
    /// <exception cref="DiagnosticException">OCT5002: the folder is read-only or full. OCT2006: external data has gone since the model was read.</exception>
    public static IReadOnlyList<string> Write(ModelProto model, string path) => ModelWriter.Write(model, path, ModelWriter.LargestSingleFile);

    private static ModelProto Parse(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
            if (stream.Length == 0)
                throw DiagnosticCatalog.Exception("OCT2001", path, "it is empty");
            if (stream.Length > int.MaxValue)
                throw DiagnosticCatalog.Exception("OCT2001", path, "a protobuf file ends at 2 GB; larger models keep their weights as external data");
            return ModelProto.Parser.ParseFrom(stream);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw DiagnosticCatalog.Exception("OCT2001", path, $"it is truncated or no ONNX file ({exception.Message.TrimEnd('.')})");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiagnosticCatalog.Exception("OCT2001", path, exception.Message.TrimEnd('.'));
        }
    }

    private static string? ReasonNotAModel(ModelProto model)
    {
        if (model.Graph is null)
            return "it holds no graph";
        if (model.Graph.Node.Count == 0)
            return "its graph has no nodes";
        if (model.Graph.Output.Count == 0)
            return "its graph has no outputs";
        if (model.OpsetImport.Count == 0)
            return "it names no operator set";
        return null;
    }
}
