using System.Buffers.Binary;
using System.Text;
using Octet.Quantization.Diagnostics;

namespace Octet.Torch.Checkpoints;

/// <summary>
/// Reads checkpoints: TorchSharp's own, safetensors, and zip archives of <c>torch.save</c> and <c>torch.jit.save</c>. Files are data: nothing
/// in them is run, whatever they hold ends in a checkpoint or a diagnostic, and memory is bounded by the file's length.
/// </summary>
public static class CheckpointReader
{
    /// <summary>Reads all tensors of a file.</summary>
    /// <param name="path">The file. Its content tells its format, not its extension.</param>
    /// <exception cref="DiagnosticException">OCT2121 to OCT2127: the file cannot be used.</exception>
    public static Checkpoint Read(string path) => Using(path, file =>
    {
        CheckpointFormat format = Recognize(file);
        return new Checkpoint(path, format, format switch
        {
            CheckpointFormat.TorchSharp => TorchSharpFile.Read(file),
            CheckpointFormat.Safetensors => SafetensorsFile.Read(file),
            _ => StateDictionaryFile.Read(file),
        });
    });

    /// <summary>Tells the format of a file by its content.</summary>
    /// <exception cref="DiagnosticException">OCT2121 to OCT2126: the file cannot be used.</exception>
    public static CheckpointFormat Recognize(string path) => Using(path, Recognize);

    /// <summary>Works with an open file, and makes a diagnostic of what goes wrong with it.</summary>
    internal static T Using<T>(string path, Func<CheckpointFile, T> read)
    {
        try
        {
            using CheckpointFile file = CheckpointFile.Open(path);
            return read(file);
        }
        catch (CheckpointFault fault)
        {
            throw new DiagnosticException(DiagnosticCatalog.Create(fault.Code, path, fault.Message), fault);
        }
        catch (Exception exception) when (DescribeAccess(exception) is not null)
        {
            throw new DiagnosticException(DiagnosticCatalog.Create("OCT2121", path, DescribeAccess(exception)), exception);
        }
    }

    private static string? DescribeAccess(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => "it is not there",
        UnauthorizedAccessException => "it is a folder, or access to it is denied",
        IOException => "the file system reports an error while it is read",
        ArgumentException or NotSupportedException => "its path is not one of a file",
        OutOfMemoryException => "it needs more memory than there is",
        _ => null,
    };

    private static CheckpointFormat Recognize(CheckpointFile file)
    {
        byte[] start = file.Beginning(512);
        if (start.Length == 0)
            throw CheckpointFault.Unknown("it is empty");
        if (start.AsSpan().StartsWith("PK\x03\x04"u8) || start.AsSpan().StartsWith("PK\x05\x06"u8))
            return PickleArchive.Open(file).HasCode ? CheckpointFormat.TorchScript : CheckpointFormat.StateDictionary;
        // Neither of these two has a mark of its own, and each can begin with the bytes that a bare pickle begins with.
        if (start.Length > 8 && start[8] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(start) <= (ulong)file.Length - 8)
            return CheckpointFormat.Safetensors;
        if (TorchSharpFile.BeginsLikeOne(file))
            return CheckpointFormat.TorchSharp;
        if (start is [0x80, >= 1 and <= 5, ..])
            throw CheckpointFault.Legacy("it is a bare pickle, the form of torch.save before PyTorch 1.6");
        if (start.Length > 262 && start.AsSpan(257).StartsWith("ustar"u8))
            throw CheckpointFault.Legacy("it is a tar archive, the form of torch.save before PyTorch 0.2");
        throw CheckpointFault.Unknown($"it begins with '{Describe(start)}'");
    }

    private static string Describe(byte[] start) => CheckpointFault.Quote(Encoding.Latin1.GetString(start.AsSpan(0, Math.Min(start.Length, 16))));
}
