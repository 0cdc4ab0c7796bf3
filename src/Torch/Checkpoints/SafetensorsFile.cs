using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;

namespace Octet.Torch.Checkpoints;

/// <summary>
/// Safetensors: the length of a header in 8 bytes, little endian; the header, a JSON object with element type, extents and place of each tensor;
/// the elements. The format asks that the places leave no gap and do not overlap, and so does this reader.
/// </summary>
internal static class SafetensorsFile
{
    // The format's own bound.
    private const ulong LongestHeader = 100_000_000;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 4 };

    /// <summary>Reads all tensors.</summary>
    /// <exception cref="CheckpointFault">The file is damaged, or holds elements that cannot be read.</exception>
    public static ImmutableArray<CheckpointTensor> Read(CheckpointFile file)
    {
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(file.Read(0, 8, "the header's length"));
        if (headerLength > LongestHeader)
            throw CheckpointFault.Damaged($"its header is said to have {headerLength} bytes");
        long dataStart = 8 + (long)headerLength;
        byte[] header = file.Read(8, (long)headerLength, "the header");

        var tensors = new NamedTensors();
        try
        {
            using JsonDocument document = JsonDocument.Parse(header, Options);
            Entry[] entries = [.. document.RootElement.EnumerateObject().Where(property => property.Name != "__metadata__").Select(ReadEntry)];
            if (entries.Length == 0)
                throw CheckpointFault.Empty("its header names none");
            CheckPlaces(entries, file.Length - dataStart);
            foreach (Entry entry in entries)
            {
                byte[] data = file.Read(dataStart + entry.Start, entry.End - entry.Start, $"tensor '{CheckpointFault.Quote(entry.Name)}'");
                tensors.Add(new CheckpointTensor(entry.Name, entry.Type, entry.Dimensions, data));
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw CheckpointFault.Damaged("its header is not the JSON that safetensors has", exception);
        }

        return tensors.ToImmutable();
    }

    private static Entry ReadEntry(JsonProperty property)
    {
        string name = property.Name;
        TorchElementType type = TorchElementTypes.OfSafetensorsName(property.Value.GetProperty("dtype").GetString() ?? "");
        JsonElement shape = property.Value.GetProperty("shape");
        if (shape.GetArrayLength() > TensorLayout.HighestRank)
            throw CheckpointFault.Damaged($"tensor '{CheckpointFault.Quote(name)}' is said to have rank {shape.GetArrayLength()}");
        ImmutableArray<long> dimensions = [.. shape.EnumerateArray().Select(extent => extent.GetInt64())];
        JsonElement place = property.Value.GetProperty("data_offsets");
        if (place.GetArrayLength() != 2)
            throw CheckpointFault.Damaged($"tensor '{CheckpointFault.Quote(name)}' has {place.GetArrayLength()} offsets instead of two");
        var entry = new Entry(name, type, dimensions, place[0].GetInt64(), place[1].GetInt64());
        long bytes = TensorLayout.Bytes(dimensions, type, name);
        return entry.Start >= 0 && entry.End >= entry.Start && entry.End - entry.Start == bytes
            ? entry
            : throw CheckpointFault.Damaged($"tensor '{CheckpointFault.Quote(name)}' needs {bytes} bytes and is said to lie from byte {entry.Start} to {entry.End}");
    }

    private static void CheckPlaces(Entry[] entries, long length)
    {
        long end = 0;
        foreach (Entry entry in entries.OrderBy(entry => entry.Start).ThenBy(entry => entry.End))
        {
            if (entry.Start != end)
            {
                throw CheckpointFault.Damaged(
                    $"tensor '{CheckpointFault.Quote(entry.Name)}' is said to begin at byte {entry.Start} of the data, where the one before it ends at {end}");
            }

            end = entry.End;
        }

        if (end != length)
            throw CheckpointFault.Damaged($"its tensors take {end} bytes, and {length} are there");
    }

    private readonly record struct Entry(string Name, TorchElementType Type, ImmutableArray<long> Dimensions, long Start, long End);
}
