using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Octet.Torch.Checkpoints;

namespace Octet.Torch.Tests.Checkpoints;

/// <summary>Writes checkpoints in each form, from the forms' descriptions and not with the reader's code.</summary>
internal static class CheckpointWriter
{
    public static byte[] TorchSharp(IReadOnlyList<CheckpointTensor> tensors)
    {
        var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write7BitEncodedInt64(tensors.Count);
        foreach (CheckpointTensor tensor in tensors)
        {
            writer.Write(tensor.Name);
            writer.Write7BitEncodedInt64((int)tensor.ElementType);
            writer.Write7BitEncodedInt64(tensor.Dimensions.Length);
            foreach (long extent in tensor.Dimensions)
                writer.Write7BitEncodedInt64(extent);
            writer.Write(tensor.Data.Span);
        }

        return file.ToArray();
    }

    public static byte[] Safetensors(IReadOnlyList<CheckpointTensor> tensors)
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        var data = new MemoryStream();
        foreach (CheckpointTensor tensor in tensors)
        {
            long start = data.Length;
            data.Write(tensor.Data.Span);
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = tensor.ElementType switch
                {
                    TorchElementType.UInt8 => "U8",
                    TorchElementType.Int8 => "I8",
                    TorchElementType.Int16 => "I16",
                    TorchElementType.Int32 => "I32",
                    TorchElementType.Int64 => "I64",
                    TorchElementType.Float16 => "F16",
                    TorchElementType.Float32 => "F32",
                    TorchElementType.Float64 => "F64",
                    TorchElementType.Bool => "BOOL",
                    _ => "BF16",
                },
                ["shape"] = new JsonArray([.. tensor.Dimensions.Select(extent => (JsonNode)extent)]),
                ["data_offsets"] = new JsonArray(start, data.Length),
            };
        }

        return Safetensors(header.ToJsonString(), data.ToArray());
    }

    public static byte[] Safetensors(string header, byte[] data)
    {
        // As the library does: the data begins at a multiple of 8.
        byte[] text = Encoding.UTF8.GetBytes(header.PadRight((header.Length + 7) / 8 * 8));
        return [.. BitConverter.GetBytes((long)text.Length), .. text, .. data];
    }

    /// <summary>A state dictionary, each tensor in a storage of its own.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="below">The key of a dictionary around it, or null.</param>
    /// <param name="ordered">Whether it is an OrderedDict with metadata, as module.state_dict() gives.</param>
    /// <param name="compression">How entries are stored.</param>
    public static byte[] StateDictionary(
        IReadOnlyList<CheckpointTensor> tensors, string? below = null, bool ordered = true, CompressionLevel compression = CompressionLevel.NoCompression)
    {
        var pickle = new PickleWriter();
        if (below is not null)
            pickle.EmptyDictionary().Mark().Text("epoch").Integer(3).Text("loss").Number(0.5).Text(below);
        if (ordered)
            pickle.Global("collections", "OrderedDict").EmptyTuple().Reduce();
        else
            pickle.EmptyDictionary();
        pickle.Mark();
        for (int i = 0; i < tensors.Count; i++)
            pickle.Text(tensors[i].Name).Tensor(StorageType(tensors[i].ElementType), $"{i}", tensors[i].Data.Length / Size(tensors[i]), 0, tensors[i].Dimensions, RowMajor(tensors[i].Dimensions));
        pickle.SetItems();
        if (ordered)
            pickle.EmptyDictionary().Mark().Text("_metadata").Global("collections", "OrderedDict").EmptyTuple().Reduce().SetItems().Build();
        if (below is not null)
            pickle.SetItems();
        return Archive(pickle.ToArray(), tensors.Select((tensor, i) => ($"data/{i}", tensor.Data.ToArray())), compression);
    }

    /// <summary>An archive with that pickle and those entries.</summary>
    public static byte[] Archive(byte[] pickle, IEnumerable<(string Name, byte[] Content)> entries, CompressionLevel compression = CompressionLevel.NoCompression) =>
        Zip([("model/data.pkl", pickle), ("model/byteorder", "little"u8.ToArray()), .. entries.Select(entry => ($"model/{entry.Name}", entry.Content)), ("model/version", "3\n"u8.ToArray())], compression);

    public static byte[] Zip(IEnumerable<(string Name, byte[] Content)> entries, CompressionLevel compression = CompressionLevel.NoCompression)
    {
        var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = archive.CreateEntry(name, compression).Open();
                entry.Write(content);
            }
        }

        return file.ToArray();
    }

    public static string StorageType(TorchElementType type) => type switch
    {
        TorchElementType.UInt8 => "ByteStorage",
        TorchElementType.Int8 => "CharStorage",
        TorchElementType.Int16 => "ShortStorage",
        TorchElementType.Int32 => "IntStorage",
        TorchElementType.Int64 => "LongStorage",
        TorchElementType.Float16 => "HalfStorage",
        TorchElementType.Float32 => "FloatStorage",
        TorchElementType.Float64 => "DoubleStorage",
        TorchElementType.Bool => "BoolStorage",
        _ => "BFloat16Storage",
    };

    public static long[] RowMajor(IReadOnlyList<long> dimensions)
    {
        var strides = new long[dimensions.Count];
        long stride = 1;
        for (int axis = dimensions.Count - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= dimensions[axis];
        }

        return strides;
    }

    private static int Size(CheckpointTensor tensor) => tensor.ElementType switch
    {
        TorchElementType.UInt8 or TorchElementType.Int8 or TorchElementType.Bool => 1,
        TorchElementType.Int16 or TorchElementType.Float16 or TorchElementType.BFloat16 => 2,
        TorchElementType.Int64 or TorchElementType.Float64 => 8,
        _ => 4,
    };
}
