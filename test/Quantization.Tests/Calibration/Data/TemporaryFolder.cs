using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Calibration.Data;

/// <summary>A folder for one test, with the files that it needs.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("octet-data-").FullName;

    public void Dispose() => Directory.Delete(Root, recursive: true);

    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(Root, name)).FullName;

    public string File(string name, byte[] content)
    {
        string path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    public string Text(string name, string content) => File(name, Encoding.UTF8.GetBytes(content));

    public string Gzip(string name, string content)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal))
            gzip.Write(Encoding.UTF8.GetBytes(content));
        return File(name, stream.ToArray());
    }

    public string Npy(string name, Array data, params long[] shape) => File(name, NpyBytes(data, shape));

    public string Npz(string name, params (string Name, Array Data, long[] Shape)[] arrays)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string array, Array data, long[] shape) in arrays)
            {
                using Stream entry = archive.CreateEntry(array + ".npy").Open();
                entry.Write(NpyBytes(data, shape));
            }
        }
        return File(name, stream.ToArray());
    }

    public string Tensor(string name, Onnx.Protocol.TensorProto tensor) => File(name, tensor.ToByteArray());

    public static byte[] NpyBytes(Array data, params long[] shape)
    {
        using var stream = new MemoryStream();
        Runtime.Npy.Write(stream, new NamedTensor("", [.. shape], data));
        return stream.ToArray();
    }

    /// <summary>A .npy file of floats with any header and any number of elements, true or not.</summary>
    public static byte[] NpyBytes(string header, params float[] data)
    {
        string padded = header.PadRight(117) + "\n";
        byte[] prefix = [0x93, .. "NUMPY"u8, 1, 0, (byte)padded.Length, 0];
        return [.. prefix, .. Encoding.ASCII.GetBytes(padded), .. data.SelectMany(BitConverter.GetBytes)];
    }
}
