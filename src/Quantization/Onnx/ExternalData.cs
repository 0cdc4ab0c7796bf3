using System.Globalization;
using Google.Protobuf;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Onnx;

/// <summary>
/// Weights kept in files beside the model (ONNX external data). Model files are untrusted: nothing outside the model's folder is read.
/// Small tensors are loaded with the model; large ones stay in their file, bound to it, and are read each time they are needed.
/// </summary>
public static class ExternalData
{
    /// <summary>Tensors of this size in bytes or more stay in their file until they are needed.</summary>
    public const int LargeTensor = 1 << 20;

    private const string Location = "location";
    private const string Offset = "offset";
    private const string Length = "length";
    private const string BoundBy = "octet.bound";

    // Marks the tensors that this process has checked. A file cannot know it, so that no file can claim to have been checked.
    private static readonly string Token = Guid.NewGuid().ToString("N");

    /// <summary>Brings the small external tensors of the model into it and binds the large ones to their files, subgraphs included.</summary>
    /// <exception cref="DiagnosticException">OCT2006: a file is missing, outside the model's folder or too short.</exception>
    public static void Bind(ModelProto model, string modelPath)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;
        foreach (TensorProto tensor in model.ConstantTensors())
            if (tensor.DataLocation == TensorProto.Types.DataLocation.External)
                Bind(tensor, folder, modelPath);
    }

    /// <summary>Makes sure that every external tensor lies where it may and is there, without reading it.</summary>
    /// <exception cref="DiagnosticException">OCT2006.</exception>
    public static void Check(ModelProto model, string modelPath)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;
        foreach (TensorProto tensor in model.ConstantTensors())
            if (tensor.DataLocation == TensorProto.Types.DataLocation.External)
                Locate(tensor, folder, modelPath);
    }

    /// <summary>The files that the model's external tensors name, absolute, each once.</summary>
    /// <exception cref="DiagnosticException">OCT2006: a name leads out of the model's folder.</exception>
    public static IReadOnlyList<string> Files(ModelProto model, string modelPath)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;
        return [.. model.ConstantTensors()
            .Where(tensor => tensor.DataLocation == TensorProto.Types.DataLocation.External)
            .Select(tensor => Resolve(tensor, Entry(tensor, Location) ?? "", folder, modelPath))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>Whether the tensor's bytes lie in a file that <see cref="Bind(ModelProto, string)"/> has checked.</summary>
    internal static bool IsBound(TensorProto tensor) =>
        tensor.DataLocation == TensorProto.Types.DataLocation.External && Entry(tensor, BoundBy) == Token;

    /// <summary>The size in bytes of a bound tensor.</summary>
    internal static long LengthOf(TensorProto tensor) => long.Parse(Entry(tensor, Length)!, CultureInfo.InvariantCulture);

    /// <summary>Reads the bytes of a bound tensor, from <paramref name="start"/> on, until <paramref name="destination"/> is full.</summary>
    /// <exception cref="DiagnosticException">OCT2006: the file has gone or changed.</exception>
    internal static void Read(TensorProto tensor, long start, Span<byte> destination)
    {
        string file = Entry(tensor, Location)!;
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(file);
            long position = long.Parse(Entry(tensor, Offset)!, CultureInfo.InvariantCulture) + start;
            while (!destination.IsEmpty)
            {
                int read = RandomAccess.Read(handle, destination, position);
                if (read == 0)
                    throw DiagnosticCatalog.Exception("OCT2006", file, tensor.Name, "the file became shorter while it was in use");
                position += read;
                destination = destination[read..];
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiagnosticCatalog.Exception("OCT2006", file, tensor.Name, exception.Message.TrimEnd('.'));
        }
    }

    /// <summary>Brings a bound tensor's bytes into it.</summary>
    internal static void Load(TensorProto tensor)
    {
        byte[] bytes = new byte[LengthOf(tensor)];
        Read(tensor, 0, bytes);
        Embed(tensor, bytes);
    }

    /// <summary>Makes a tensor refer to bytes of a file in the model's folder.</summary>
    internal static void Refer(TensorProto tensor, string fileName, long offset, long length)
    {
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        SetEntries(tensor, (Location, fileName), (Offset, Number(offset)), (Length, Number(length)));
    }

    private static void Bind(TensorProto tensor, string folder, string modelPath)
    {
        (string file, long offset, long length) = Locate(tensor, folder, modelPath);
        SetEntries(tensor, (Location, file), (Offset, Number(offset)), (Length, Number(length)), (BoundBy, Token));
        if (length < LargeTensor)
            Load(tensor);
    }

    /// <summary>Where a tensor's bytes are, after every check that can be made without reading them.</summary>
    private static (string File, long Offset, long Length) Locate(TensorProto tensor, string folder, string modelPath)
    {
        string location = Entry(tensor, Location) ?? "";
        string file = Resolve(tensor, location, folder, modelPath);
        try
        {
            if (!File.Exists(file))
                throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"'{location}' does not exist");
            // Opening it tells that it may be read, too.
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read);
            long offset = ReadNumber(tensor, Offset, modelPath) ?? 0;
            long length = ReadNumber(tensor, Length, modelPath) ?? NeededBytes(tensor) ?? stream.Length - offset;
            if (NeededBytes(tensor) is { } needed && length < needed)
                throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"it has {length} bytes there and needs {needed}");
            if (length < 0 || length > Array.MaxLength || offset > stream.Length - length)
                throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"{Math.Max(length, 0)} bytes from {offset} on lie outside '{Path.GetFileName(file)}', which has {stream.Length}");
            return (file, offset, length);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, exception.Message.TrimEnd('.'));
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

    private static void Embed(TensorProto tensor, byte[] bytes)
    {
        tensor.RawData = UnsafeByteOperations.UnsafeWrap(bytes);
        tensor.ExternalData.Clear();
        tensor.ClearDataLocation();
    }

    private static string Resolve(TensorProto tensor, string location, string folder, string modelPath)
    {
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

    private static void SetEntries(TensorProto tensor, params (string Key, string Value)[] entries)
    {
        tensor.ExternalData.Clear();
        tensor.ExternalData.AddRange(entries.Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }));
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long? ReadNumber(TensorProto tensor, string key, string modelPath)
    {
        if (Entry(tensor, key) is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"its {key} '{text}' is not a number");
    }
}
