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
        string file = Resolve(tensor, Entry(tensor, Location) ?? "", folder, modelPath);
        try
        {
            long size = File.Exists(file) ? new FileInfo(file).Length : throw new FileNotFoundException($"the file '{Path.GetFileName(file)}' does not exist");
            long offset = ReadNumber(tensor, Offset, modelPath) ?? 0;
            long length = ReadNumber(tensor, Length, modelPath) ?? size - offset;
            if (length < 0 || offset > size - length)
                throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"bytes {offset} to {offset + length} lie outside '{Path.GetFileName(file)}', which has {size}");

            SetEntries(tensor, (Location, file), (Offset, Number(offset)), (Length, Number(length)), (BoundBy, Token));
            if (length < LargeTensor)
                Load(tensor);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, exception.Message.TrimEnd('.'));
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

        // A link inside the folder may still point out of it, at the file or on the way to it.
        for (string step = path; step.Length > inside.Length; step = Path.GetDirectoryName(step)!)
        {
            FileSystemInfo entry = Directory.Exists(step) ? new DirectoryInfo(step) : new FileInfo(step);
            if (entry.Exists && entry.ResolveLinkTarget(returnFinalTarget: true) is { } target && !target.FullName.StartsWith(inside, StringComparison.Ordinal))
                throw DiagnosticCatalog.Exception("OCT2006", modelPath, tensor.Name, $"its location '{location}' is a link out of the model's folder");
        }
        return path;
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
