using System.Globalization;
using Google.Protobuf;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>Weights kept in files beside the model (ONNX external data). Model files are untrusted: nothing outside the model's folder is read.</summary>
public static class ExternalData
{
    /// <summary>Brings every external tensor of the model, subgraphs included, into the model.</summary>
    /// <exception cref="DiagnosticException">OCT2006.</exception>
    public static void Load(ModelProto model, string modelPath)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;
        foreach (GraphProto graph in model.Graph.WithSubgraphs())
        {
            foreach (TensorProto tensor in graph.Initializer)
                LoadTensor(tensor, folder, modelPath);
            foreach (NodeProto node in graph.Node)
                foreach (AttributeProto attribute in node.Attribute)
                    if (attribute.T is not null)
                        LoadTensor(attribute.T, folder, modelPath);
        }
    }

    /// <summary>The files that the model's external tensors name, absolute, each once.</summary>
    /// <exception cref="DiagnosticException">OCT2006: a name leads out of the model's folder.</exception>
    public static IReadOnlyList<string> Files(ModelProto model, string modelPath)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;
        return [.. model.Graph.WithSubgraphs()
            .SelectMany(graph => graph.Initializer)
            .Where(tensor => tensor.DataLocation == TensorProto.Types.DataLocation.External)
            .Select(tensor => Resolve(tensor, Entry(tensor, "location") ?? "", folder, modelPath))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)];
    }

    private static void LoadTensor(TensorProto tensor, string folder, string modelPath)
    {
        if (tensor.DataLocation != TensorProto.Types.DataLocation.External)
            return;

        string file = Resolve(tensor, Entry(tensor, "location") ?? "", folder, modelPath);
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read);
            long offset = Number(tensor, "offset", modelPath) ?? 0;
            long length = Number(tensor, "length", modelPath) ?? stream.Length - offset;
            if (offset < 0 || length < 0 || length > Array.MaxLength || offset > stream.Length - length)
                throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"bytes {offset} to {offset + length} lie outside '{Path.GetFileName(file)}', which has {stream.Length}");

            byte[] bytes = new byte[length];
            stream.Position = offset;
            stream.ReadExactly(bytes);
            tensor.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
            tensor.ExternalData.Clear();
            tensor.ClearDataLocation();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, exception.Message.TrimEnd('.'));
        }
    }

    private static string Resolve(TensorProto tensor, string location, string folder, string modelPath)
    {
        string inside = folder.EndsWith(Path.DirectorySeparatorChar) ? folder : folder + Path.DirectorySeparatorChar;
        if (location.Length == 0 || Path.IsPathRooted(location))
            throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"its location '{location}' is not a relative path");

        string path = Path.GetFullPath(Path.Combine(folder, location));
        if (!path.StartsWith(inside, StringComparison.Ordinal))
            throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"its location '{location}' leads out of the model's folder");

        // A link inside the folder may still point out of it.
        if (new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) is { } target && !target.FullName.StartsWith(inside, StringComparison.Ordinal))
            throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"its location '{location}' is a link out of the model's folder");
        return path;
    }

    private static string? Entry(TensorProto tensor, string key) =>
        tensor.ExternalData.FirstOrDefault(entry => entry.Key == key)?.Value;

    private static long? Number(TensorProto tensor, string key, string modelPath)
    {
        if (Entry(tensor, key) is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"its {key} '{text}' is not a number");
    }
}
