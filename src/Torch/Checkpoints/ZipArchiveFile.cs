using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Octet.Torch.Checkpoints;

/// <summary>One file in a zip archive, as the central directory describes it.</summary>
/// <param name="Name">Its path in the archive. It never becomes a path on the disk.</param>
/// <param name="Method">How it is compressed: 0 not at all, 8 deflate.</param>
/// <param name="Checksum">CRC-32 of its content.</param>
/// <param name="CompressedLength">Its bytes in the archive.</param>
/// <param name="Length">The bytes of its content.</param>
/// <param name="HeaderOffset">Where its local header begins.</param>
internal sealed record ZipEntry(string Name, int Method, uint Checksum, long CompressedLength, long Length, long HeaderOffset);

/// <summary>
/// A zip archive that is read from memory and never unpacked. The reader is our own because the library's finds neither duplicates, nor entries
/// that overlap, nor wrong checksums, nor bytes after the end: all of them mean that a checkpoint is not what was written.
/// </summary>
internal sealed class ZipArchiveFile
{
    private const int EndRecordLength = 22;
    private const int LongEndRecordLength = 56;
    private const int LocatorLength = 20;
    private const int CentralHeaderLength = 46;
    private const int LocalHeaderLength = 30;
    private const int Stored = 0;
    private const int Deflated = 8;

    // Deflate cannot shrink more.
    private const int LargestRatio = 1032;

    private readonly CheckpointFile _file;
    private readonly Dictionary<string, ZipEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>Reads the central directory.</summary>
    /// <exception cref="CheckpointFault">The archive is damaged.</exception>
    public ZipArchiveFile(CheckpointFile file)
    {
        _file = file;
        (long count, long offset, long length) = ReadEnd();
        if (count > length / CentralHeaderLength)
            throw CheckpointFault.Damaged($"its directory is said to have {count} entries in {length} bytes");
        ReadDirectory(file.Read(offset, length, "the archive's directory"), count);
        CheckOverlaps(offset);
    }

    /// <summary>All entries, folders excepted.</summary>
    public IReadOnlyCollection<ZipEntry> Entries => _entries.Values;

    /// <summary>The entry of that name, or null.</summary>
    public ZipEntry? Find(string name) => _entries.GetValueOrDefault(name);

    /// <summary>Reads the content of an entry.</summary>
    /// <exception cref="CheckpointFault">The entry is damaged, or its content is out of proportion to the file.</exception>
    public byte[] Read(ZipEntry entry)
    {
        string what = $"entry '{CheckpointFault.Quote(entry.Name)}'";
        byte[] header = _file.Read(entry.HeaderOffset, LocalHeaderLength, $"the header of {what}");
        if (!header.AsSpan().StartsWith("PK\x03\x04"u8) || BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(8)) != entry.Method)
            throw CheckpointFault.Damaged($"{what} is not where the directory says");
        int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(26));
        int extraLength = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(28));
        if (Encoding.UTF8.GetString(_file.Read(entry.HeaderOffset + LocalHeaderLength, nameLength, $"the name of {what}")) != entry.Name)
            throw CheckpointFault.Damaged($"{what} has another name in its own header");
        byte[] data = _file.Read(entry.HeaderOffset + LocalHeaderLength + nameLength + extraLength, entry.CompressedLength, what);
        byte[] content = entry.Method == Stored ? data : Inflate(entry, data, what);
        return Crc32.Compute(content) == entry.Checksum ? content : throw CheckpointFault.Damaged($"the checksum of {what} is wrong");
    }

    private byte[] Inflate(ZipEntry entry, byte[] data, string what)
    {
        _file.Memory.Take(entry.Length, what);
        var content = new byte[entry.Length];
        try
        {
            using var inflated = new DeflateStream(new MemoryStream(data), CompressionMode.Decompress);
            if (inflated.ReadAtLeast(content, content.Length, throwOnEndOfStream: false) < content.Length || inflated.ReadByte() >= 0)
                throw CheckpointFault.Damaged($"{what} has not the length that the directory says");
        }
        catch (InvalidDataException exception)
        {
            throw CheckpointFault.Damaged($"{what} cannot be inflated", exception);
        }

        return content;
    }

    // The record at the end says where the directory is; where its fields are too short, a second one before it does.
    private (long Count, long Offset, long Length) ReadEnd()
    {
        long tailStart = Math.Max(0, _file.Length - EndRecordLength - ushort.MaxValue);
        byte[] tail = _file.Read(tailStart, _file.Length - tailStart, "the archive's end");
        for (int at = tail.Length - EndRecordLength; at >= 0; at--)
        {
            ReadOnlySpan<byte> record = tail.AsSpan(at);
            if (!record.StartsWith("PK\x05\x06"u8) || BinaryPrimitives.ReadUInt16LittleEndian(record[20..]) != record.Length - EndRecordLength)
                continue;
            if (BinaryPrimitives.ReadUInt32LittleEndian(record[4..]) is not 0 and not uint.MaxValue)
                throw CheckpointFault.Unsupported("it is an archive in several parts");
            long count = BinaryPrimitives.ReadUInt16LittleEndian(record[10..]);
            long length = BinaryPrimitives.ReadUInt32LittleEndian(record[12..]);
            long offset = BinaryPrimitives.ReadUInt32LittleEndian(record[16..]);
            return count == ushort.MaxValue || length == uint.MaxValue || offset == uint.MaxValue ? ReadLongEnd(tailStart + at) : (count, offset, length);
        }

        throw CheckpointFault.Damaged("the end of its zip archive is missing or bytes follow it: it was not written or copied to its end");
    }

    private (long Count, long Offset, long Length) ReadLongEnd(long endOffset)
    {
        byte[] locator = _file.Read(endOffset - LocatorLength, LocatorLength, "the archive's locator");
        if (!locator.AsSpan().StartsWith("PK\x06\x07"u8))
            throw CheckpointFault.Damaged("its zip archive has no locator of its long directory");
        byte[] record = _file.Read(ReadLong(locator, 8), LongEndRecordLength, "the archive's long end");
        if (!record.AsSpan().StartsWith("PK\x06\x06"u8))
            throw CheckpointFault.Damaged("its zip archive has no long directory where the locator says");
        return (ReadLong(record, 32), ReadLong(record, 48), ReadLong(record, 40));
    }

    private void ReadDirectory(ReadOnlySpan<byte> directory, long count)
    {
        for (long i = 0; i < count; i++)
        {
            if (directory.Length < CentralHeaderLength || !directory.StartsWith("PK\x01\x02"u8))
                throw CheckpointFault.Damaged($"entry {i} of its directory is missing");
            int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(directory[28..]);
            int extraLength = BinaryPrimitives.ReadUInt16LittleEndian(directory[30..]);
            int commentLength = BinaryPrimitives.ReadUInt16LittleEndian(directory[32..]);
            int whole = CentralHeaderLength + nameLength + extraLength + commentLength;
            if (directory.Length < whole)
                throw CheckpointFault.Damaged($"entry {i} of its directory is cut off");
            ZipEntry entry = ReadEntry(directory, Encoding.UTF8.GetString(directory.Slice(CentralHeaderLength, nameLength)),
                directory.Slice(CentralHeaderLength + nameLength, extraLength));
            if (!_entries.TryAdd(entry.Name, entry))
                throw CheckpointFault.Damaged($"it holds entry '{CheckpointFault.Quote(entry.Name)}' twice");
            directory = directory[whole..];
        }

        if (!directory.IsEmpty)
            throw CheckpointFault.Damaged($"{directory.Length} bytes follow the last of the {count} entries of its directory");
    }

    private ZipEntry ReadEntry(ReadOnlySpan<byte> header, string name, ReadOnlySpan<byte> extra)
    {
        if ((header[8] & 1) != 0)
            throw CheckpointFault.Unsupported($"entry '{CheckpointFault.Quote(name)}' is encrypted");
        int method = BinaryPrimitives.ReadUInt16LittleEndian(header[10..]);
        if (method is not (Stored or Deflated))
            throw CheckpointFault.Unsupported($"entry '{CheckpointFault.Quote(name)}' is compressed by method {method}");
        uint compressed = BinaryPrimitives.ReadUInt32LittleEndian(header[20..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[24..]);
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(header[42..]);
        // Of the long fields only those are there whose short form is all ones, in this order.
        ReadOnlySpan<byte> longFields = LongFields(extra);
        long longLength = Next(length, ref longFields, name);
        long longCompressed = Next(compressed, ref longFields, name);
        long longOffset = Next(offset, ref longFields, name);

        bool fits = longLength >= 0 && longCompressed >= 0 && longOffset >= 0 && longCompressed <= _file.Length && longOffset < _file.Length
            && (method == Stored ? longLength == longCompressed : longLength / LargestRatio <= longCompressed);
        return fits
            ? new ZipEntry(name, method, BinaryPrimitives.ReadUInt32LittleEndian(header[16..]), longCompressed, longLength, longOffset)
            : throw CheckpointFault.Damaged($"entry '{CheckpointFault.Quote(name)}' is said to hold {longLength} bytes, stored as {longCompressed}");
    }

    private static ReadOnlySpan<byte> LongFields(ReadOnlySpan<byte> extra)
    {
        const int LongFieldsId = 1;
        while (extra.Length >= 4)
        {
            int length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]), extra.Length - 4);
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == LongFieldsId)
                return extra.Slice(4, length);
            extra = extra[(4 + length)..];
        }

        return [];
    }

    private static long Next(uint shortField, ref ReadOnlySpan<byte> longFields, string name)
    {
        if (shortField != uint.MaxValue)
            return shortField;
        if (longFields.Length < 8)
            throw CheckpointFault.Damaged($"entry '{CheckpointFault.Quote(name)}' lacks its long lengths");
        long value = BinaryPrimitives.ReadInt64LittleEndian(longFields);
        longFields = longFields[8..];
        return value;
    }

    // Entries that share bytes make a small file a large one, and no writer makes them.
    private void CheckOverlaps(long directoryOffset)
    {
        long end = 0;
        foreach (ZipEntry entry in _entries.Values.OrderBy(entry => entry.HeaderOffset))
        {
            if (entry.HeaderOffset < end)
                throw CheckpointFault.Damaged($"entry '{CheckpointFault.Quote(entry.Name)}' overlaps the one before it");
            end = entry.HeaderOffset + LocalHeaderLength + entry.CompressedLength;
        }

        if (end > directoryOffset)
            throw CheckpointFault.Damaged("an entry of its archive overlaps the directory");
    }

    private static long ReadLong(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}

/// <summary>The checksum of zip archives: polynomial 0xEDB88320, reflected, complemented before and after.</summary>
internal static class Crc32
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(Remainder)];

    public static uint Compute(ReadOnlySpan<byte> data)
    {
        uint checksum = uint.MaxValue;
        foreach (byte value in data)
            checksum = Table[(byte)(checksum ^ value)] ^ (checksum >> 8);
        return ~checksum;
    }

    private static uint Remainder(int value)
    {
        uint remainder = (uint)value;
        for (int bit = 0; bit < 8; bit++)
            remainder = (remainder & 1) != 0 ? 0xEDB88320 ^ (remainder >> 1) : remainder >> 1;
        return remainder;
    }
}
