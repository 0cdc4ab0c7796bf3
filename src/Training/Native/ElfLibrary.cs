using System.Buffers.Binary;
using System.Text;

namespace Octet.Training.Native;

/// <summary>A version of another library's symbols that a library asks for, one entry of its <c>.gnu.version_r</c>.</summary>
/// <param name="Library">The other library's soname.</param>
/// <param name="Name">The version, as <c>GLIBCXX_3.4.32</c>.</param>
/// <param name="Index">What symbols of that version carry in <c>.gnu.version</c>.</param>
/// <param name="FlagsOffset">Where the entry's 16-bit flags lie in the file.</param>
internal sealed record RequiredVersion(string Library, string Name, ushort Index, int FlagsOffset);

/// <summary>
/// What the dynamic linker reads of a 64-bit little-endian ELF library about symbol versions. Only the dynamic segment is followed, since sections may be stripped.
/// Layouts: the System V ABI's chapter 5, and "Symbol Versioning" of the Linux Standard Base.
/// </summary>
internal sealed class ElfLibrary
{
    /// <summary>The linker goes on with a warning where a version of this flag (VER_FLG_WEAK) is missing.</summary>
    public const ushort WeakVersion = 2;

    private const int LoadSegment = 1;
    private const int DynamicSegment = 2;
    private readonly byte[] _bytes;
    private readonly List<(ulong Address, ulong Offset, ulong Size)> _segments = [];
    private readonly Dictionary<ulong, ulong> _dynamic = [];

    private ElfLibrary(byte[] bytes)
    {
        _bytes = bytes;
        ReadSegments();
        RequiredVersions = [.. ReadRequired()];
        DefinedVersions = ReadDefined();
        UsedVersions = ReadUsed();
    }

    /// <summary>The versions that the library asks for.</summary>
    public IReadOnlyList<RequiredVersion> RequiredVersions { get; }

    /// <summary>The names of the versions that the library itself defines.</summary>
    public IReadOnlySet<string> DefinedVersions { get; }

    /// <summary>The version indices of symbols that a relocation refers to: those that the linker must really find.</summary>
    public IReadOnlySet<ushort> UsedVersions { get; }

    /// <summary>Reads a library.</summary>
    /// <param name="bytes">The file.</param>
    /// <exception cref="InvalidDataException">It is no 64-bit little-endian ELF library, or something in it points outside of it.</exception>
    public static ElfLibrary Read(byte[] bytes)
    {
        try
        {
            return new ElfLibrary(bytes);
        }
        catch (OverflowException exception)
        {
            throw new InvalidDataException("Something lies beyond what a file can hold.", exception);
        }
    }

    private void ReadSegments()
    {
        ReadOnlySpan<byte> header = Slice(0, 64);
        if (!header.StartsWith("\u007fELF"u8) || header[4] != 2 || header[5] != 1)
            throw new InvalidDataException("It is no 64-bit little-endian ELF file.");
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        ushort size = BinaryPrimitives.ReadUInt16LittleEndian(header[54..]);
        ushort count = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]);
        ulong dynamicOffset = 0;
        ulong dynamicSize = 0;
        for (uint i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> segment = Slice(checked(table + i * size), 56);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(segment);
            ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(segment[8..]);
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(segment[16..]);
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(segment[32..]);
            if (type == LoadSegment)
                _segments.Add((address, offset, length));
            else if (type == DynamicSegment)
                (dynamicOffset, dynamicSize) = (offset, length);
        }
        for (ulong position = 0; position + 16 <= dynamicSize; position += 16)
        {
            ReadOnlySpan<byte> entry = Slice(dynamicOffset + position, 16);
            ulong tag = BinaryPrimitives.ReadUInt64LittleEndian(entry);
            if (tag == 0)
                break;
            _dynamic.TryAdd(tag, BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]));
        }
    }

    private IEnumerable<RequiredVersion> ReadRequired()
    {
        if (!_dynamic.TryGetValue(Tag.VersionsNeeded, out ulong address))
            yield break;
        ulong library = OffsetOf(address);
        for (ulong i = 0; i < Dynamic(Tag.VersionsNeededCount); i++)
        {
            (ushort versions, string name, uint toFirst, uint toNext) = (U16(library + 2), Text(U32(library + 4)), U32(library + 8), U32(library + 12));
            ulong version = library + toFirst;
            for (int j = 0; j < versions; j++)
            {
                ulong flags = version + 4;
                yield return new RequiredVersion(name, Text(U32(version + 8)), U16(version + 6), checked((int)flags));
                if (U32(version + 12) == 0)
                    break;
                version += U32(version + 12);
            }
            if (toNext == 0)
                break;
            library += toNext;
        }
    }

    private HashSet<string> ReadDefined()
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        if (!_dynamic.TryGetValue(Tag.VersionsDefined, out ulong address))
            return names;
        ulong version = OffsetOf(address);
        for (ulong i = 0; i < Dynamic(Tag.VersionsDefinedCount); i++)
        {
            names.Add(Text(U32(version + U32(version + 12))));
            if (U32(version + 16) == 0)
                break;
            version += U32(version + 16);
        }
        return names;
    }

    private HashSet<ushort> ReadUsed()
    {
        HashSet<ushort> versions = [];
        if (!_dynamic.TryGetValue(Tag.VersionsOfSymbols, out ulong address))
            return versions;
        ulong ofSymbols = OffsetOf(address);
        // With addends an entry has 24 bytes, without 16; the linkage table says which of the two it has.
        foreach ((ulong table, ulong size, ulong entry) in new[]
        {
            (Tag.RelocationsWithAddends, Dynamic(Tag.RelocationsWithAddendsSize), 24UL),
            (Tag.Relocations, Dynamic(Tag.RelocationsSize), 16UL),
            (Tag.LinkageRelocations, Dynamic(Tag.LinkageRelocationsSize), Dynamic(Tag.LinkageRelocationsKind) == Tag.RelocationsWithAddends ? 24UL : 16UL),
        })
        {
            if (!_dynamic.TryGetValue(table, out ulong start) || size == 0)
                continue;
            ulong first = OffsetOf(start);
            for (ulong position = 0; position + entry <= size; position += entry)
                if (U32(first + position + 12) is var symbol and not 0)
                    versions.Add((ushort)(U16(ofSymbols + 2UL * symbol) & 0x7fff));
        }
        return versions;
    }

    private ulong Dynamic(ulong tag) => _dynamic.GetValueOrDefault(tag);

    private ulong OffsetOf(ulong address)
    {
        foreach ((ulong start, ulong offset, ulong size) in _segments)
            if (address >= start && address - start < size)
                return checked(address - start + offset);
        throw new InvalidDataException($"Address {address:x} lies in no segment.");
    }

    private string Text(uint offset)
    {
        ulong table = OffsetOf(Dynamic(Tag.Texts));
        ulong size = Dynamic(Tag.TextsSize);
        if (offset >= size)
            throw new InvalidDataException($"Text {offset} lies outside of the table of texts.");
        ReadOnlySpan<byte> rest = Slice(table + offset, checked((int)(size - offset)));
        int end = rest.IndexOf((byte)0);
        return end >= 0 ? Encoding.UTF8.GetString(rest[..end]) : throw new InvalidDataException($"Text {offset} has no end.");
    }

    private ushort U16(ulong offset) => BinaryPrimitives.ReadUInt16LittleEndian(Slice(offset, 2));

    private uint U32(ulong offset) => BinaryPrimitives.ReadUInt32LittleEndian(Slice(offset, 4));

    private ReadOnlySpan<byte> Slice(ulong offset, int length) => offset <= (ulong)_bytes.Length && (ulong)length <= (ulong)_bytes.Length - offset
        ? _bytes.AsSpan((int)offset, length)
        : throw new InvalidDataException($"The file ends before byte {offset + (ulong)length}.");

    // DT_ constants of elf.h.
    private static class Tag
    {
        public const ulong LinkageRelocationsSize = 2;
        public const ulong Texts = 5;
        public const ulong RelocationsWithAddends = 7;
        public const ulong RelocationsWithAddendsSize = 8;
        public const ulong TextsSize = 10;
        public const ulong Relocations = 17;
        public const ulong RelocationsSize = 18;
        public const ulong LinkageRelocationsKind = 20;
        public const ulong LinkageRelocations = 23;
        public const ulong VersionsOfSymbols = 0x6ffffff0;
        public const ulong VersionsDefined = 0x6ffffffc;
        public const ulong VersionsDefinedCount = 0x6ffffffd;
        public const ulong VersionsNeeded = 0x6ffffffe;
        public const ulong VersionsNeededCount = 0x6fffffff;
    }
}
