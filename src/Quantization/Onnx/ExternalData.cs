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
        foreach (TensorProto tensor in ExternalTensors(model).ToArray())
            using (FileStream stream = Open(tensor, modelPath, out long offset, out long length))
                LoadTensor(tensor, modelPath, stream, offset, length);
    }

    /// <summary>Makes sure that every external tensor lies where it may and is there, without reading it.</summary>
    /// <exception cref="DiagnosticException">OCT2006.</exception>
    public static void Check(ModelProto model, string modelPath)
    {
        foreach (TensorProto tensor in ExternalTensors(model))
            Open(tensor, modelPath, out _, out _).Dispose();
    }

    /// <summary>The files that the model's external tensors name, absolute, each once.</summary>
    /// <exception cref="DiagnosticException">OCT2006: a name leads out of the model's folder.</exception>
    public static IReadOnlyList<string> Files(ModelProto model, string modelPath)
    {
        return [.. ExternalTensors(model).Select(tensor => Resolve(tensor, modelPath)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private static IEnumerable<TensorProto> ExternalTensors(ModelProto model) =>
        model.Graph.WithSubgraphs()
            .SelectMany(graph => graph.Initializer.Concat(graph.Node.SelectMany(node => node.Attribute).Select(attribute => attribute.T).OfType<TensorProto>()))
            .Where(tensor => tensor.DataLocation == TensorProto.Types.DataLocation.External);

    private static FileStream Open(TensorProto tensor, string modelPath, out long offset, out long length)
    {
        string file = Resolve(tensor, modelPath);
        if (!File.Exists(file))
            throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"'{Entry(tensor, "location")}' does not exist");
        FileStream? stream = null;
        try
        {
            stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
            offset = Number(tensor, "offset", modelPath) ?? 0;
            length = Number(tensor, "length", modelPath) ?? NeededBytes(tensor) ?? stream.Length - offset;
            if (NeededBytes(tensor) is { } needed && length < needed)
                throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"it has {length} bytes there and needs {needed}");
            if (length < 0 || length > Array.MaxLength || offset > stream.Length - length)
                throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"{Math.Max(length, 0)} bytes from {offset} on lie outside '{Path.GetFileName(file)}', which has {stream.Length}");
            return stream;
        }
        catch (Exception exception)
        {
            stream?.Dispose();
            if (exception is IOException or UnauthorizedAccessException)
                throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, exception.Message.TrimEnd('.'));
            throw;
        }
    }

    /// <summary>The bytes that a tensor's elements take; null for types that are packed or of no fixed size.</summary>
    private static long? NeededBytes(TensorProto tensor)
    {
        int? size = (TensorProto.Types.DataType)tensor.DataType switch
        {
            TensorProto.Types.DataType.Int8 or TensorProto.Types.DataType.Uint8 or TensorProto.Types.DataType.Bool => 1,
            TensorProto.Types.DataType.Float16 or TensorProto.Types.DataType.Bfloat16 or TensorProto.Types.DataType.Int16 or TensorProto.Types.DataType.Uint16 => 2,
            TensorProto.Types.DataType.Float or TensorProto.Types.DataType.Int32 or TensorProto.Types.DataType.Uint32 => 4,
            TensorProto.Types.DataType.Double or TensorProto.Types.DataType.Int64 or TensorProto.Types.DataType.Uint64 => 8,
            _ => null,
        };
        try
        {
            return size is { } bytes ? checked(tensor.Dims.Aggregate((long)bytes, (product, extent) => product * extent)) : null;
        }
        catch (OverflowException)
        {
            return long.MaxValue;
        }
    }

    private static void LoadTensor(TensorProto tensor, string modelPath, FileStream stream, long offset, long length)
    {
        try
        {
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

    private static string Resolve(TensorProto tensor, string modelPath)
    {
        string location = Entry(tensor, "location") ?? "";
        string folder = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;
        string inside = folder.EndsWith(Path.DirectorySeparatorChar) ? folder : folder + Path.DirectorySeparatorChar;
        if (location.Length == 0 || Path.IsPathRooted(location))
            throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"its location '{location}' is not a relative path");

        string path = Path.GetFullPath(Path.Combine(folder, location));
        if (!path.StartsWith(inside, StringComparison.Ordinal))
            throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"its location '{location}' leads out of the model's folder");

        // A link inside the folder, the file or a folder on its way, may still point out of it.
        for (string part = path; part.Length > inside.Length; part = Path.GetDirectoryName(part)!)
            if (LeadsOut(part, inside))
                throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"its location '{location}' is a link out of the model's folder");
        return path;
    }

    private static bool LeadsOut(string path, string inside)
    {
        FileInfo file = new(path);
        try
        {
            return file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true)?.FullName.StartsWith(inside, StringComparison.Ordinal) != true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A link to itself, or through what may not be read.
            return true;
        }
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
