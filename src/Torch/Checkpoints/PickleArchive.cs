using System.Collections.Immutable;
using System.Text;

namespace Octet.Torch.Checkpoints;

/// <summary>
/// The zip archive that <c>torch.save</c> and <c>torch.jit.save</c> write: everything below one folder, a pickle <c>data.pkl</c>, and the bytes of
/// each storage in an entry of its own below <c>data</c>. An archive of TorchScript has code and constants besides.
/// </summary>
internal sealed class PickleArchive
{
    private const string MainPickle = "data.pkl";

    // Pickles hold structure, not weights.
    private const long LongestPickle = 256 << 20;

    private readonly CheckpointFile _file;
    private readonly ZipArchiveFile _zip;
    private readonly string _root;

    private PickleArchive(CheckpointFile file, ZipArchiveFile zip, string root)
    {
        _file = file;
        _zip = zip;
        _root = root;
        HasCode = zip.Find(root + "constants.pkl") is not null || zip.Entries.Any(entry => entry.Name.StartsWith(root + "code/", StringComparison.Ordinal));
    }

    /// <summary>Whether it holds code, and so is an archive of TorchScript.</summary>
    public bool HasCode { get; }

    /// <summary>Opens an archive.</summary>
    /// <exception cref="CheckpointFault">The archive is damaged, is none of these, or is of a machine that stores the high byte first.</exception>
    public static PickleArchive Open(CheckpointFile file)
    {
        var zip = new ZipArchiveFile(file);
        ZipEntry[] pickles = [.. zip.Entries.Where(entry => entry.Name == MainPickle || entry.Name.IndexOf('/') + 1 + MainPickle.Length == entry.Name.Length && entry.Name.EndsWith("/" + MainPickle, StringComparison.Ordinal))];
        switch (pickles.Length)
        {
            case 0 when zip.Entries.Any(entry => entry.Name.EndsWith("archive_format", StringComparison.Ordinal)):
                throw CheckpointFault.Unsupported("it is an exported program (.pt2), which is compiled code");
            case 0:
                throw CheckpointFault.Unknown("it is a zip archive without data.pkl");
            case > 1:
                throw CheckpointFault.Damaged("its archive holds several data.pkl");
        }

        string root = pickles[0].Name[..^MainPickle.Length];
        if (zip.Find(root + "byteorder") is { Length: < 16 } order && Encoding.ASCII.GetString(zip.Read(order)) is var name && name != "little")
            throw CheckpointFault.Unsupported($"its numbers are stored with byte order '{CheckpointFault.Quote(name)}'");
        return new PickleArchive(file, zip, root);
    }

    /// <summary>The names of the entries below a folder of the archive, without the root.</summary>
    public IEnumerable<string> EntriesBelow(string folder) =>
        from entry in _zip.Entries
        where entry.Name.StartsWith(_root + folder, StringComparison.Ordinal)
        orderby entry.Name
        select entry.Name[_root.Length..];

    /// <summary>Reads an entry.</summary>
    /// <exception cref="CheckpointFault">It is missing, damaged or too long.</exception>
    public byte[] Read(string name)
    {
        ZipEntry entry = _zip.Find(_root + name) ?? throw CheckpointFault.Damaged($"its archive has no entry '{CheckpointFault.Quote(name)}'");
        return entry.Length <= LongestPickle ? _zip.Read(entry) : throw CheckpointFault.Unsupported($"entry '{CheckpointFault.Quote(name)}' is larger than {LongestPickle >> 20} MiB");
    }

    /// <summary>Whether there is such an entry.</summary>
    public bool Has(string name) => _zip.Find(_root + name) is not null;

    /// <summary>The storages below a folder.</summary>
    public StorageFolder Storages(string folder) => new(_file, key =>
        _zip.Find($"{_root}{folder}/{key}") is { } entry
            ? (entry.Length, () => _zip.Read(entry))
            : throw CheckpointFault.Damaged($"its archive has no entry '{CheckpointFault.Quote($"{folder}/{key}")}', which a tensor needs"));
}

/// <summary>The storages of an archive by their keys. A storage is read when a tensor that is wanted lies in it, and once.</summary>
/// <param name="file">The file, whose memory it counts.</param>
/// <param name="find">The length of a storage in bytes, and how to read it.</param>
internal sealed class StorageFolder(CheckpointFile file, Func<string, (long Length, Func<byte[]> Read)> find)
{
    private readonly Dictionary<string, StoredBytes> _storages = new(StringComparer.Ordinal);

    /// <summary>What may be allocated for tensors that are not stored in their order.</summary>
    public MemoryBudget Memory => file.Memory;

    /// <summary>The storage with that key.</summary>
    /// <exception cref="CheckpointFault">There is none.</exception>
    public StoredBytes Find(string key)
    {
        if (!_storages.TryGetValue(key, out StoredBytes? storage))
        {
            (long length, Func<byte[]> read) = find(key);
            _storages.Add(key, storage = new StoredBytes(key, length, new Lazy<byte[]>(read)));
        }

        return storage;
    }
}

/// <summary>The bytes of one storage.</summary>
internal sealed record StoredBytes(string Key, long Length, Lazy<byte[]> Content);

/// <summary>A tensor in an archive: a view over a storage that was found to hold all that the view reaches.</summary>
internal sealed class StoredTensor
{
    private readonly MemoryBudget _memory;
    private readonly StoredBytes _storage;
    private readonly long _offset;
    private readonly ImmutableArray<long> _strides;
    private readonly Lazy<ReadOnlyMemory<byte>> _data;

    /// <param name="storages">Whose memory is counted.</param>
    /// <param name="storage">Where the elements are.</param>
    /// <param name="type">What they are.</param>
    /// <param name="offset">The first of them.</param>
    /// <param name="dimensions">The extents.</param>
    /// <param name="strides">The steps in elements.</param>
    /// <exception cref="CheckpointFault">The view reaches beyond its storage.</exception>
    public StoredTensor(StorageFolder storages, StoredBytes storage, TorchElementType type, long offset, ImmutableArray<long> dimensions, ImmutableArray<long> strides)
    {
        if (dimensions.Length > TensorLayout.HighestRank || dimensions.Length != strides.Length)
            throw CheckpointFault.Damaged($"a tensor has {dimensions.Length} extents and {strides.Length} strides");
        if (offset < 0 || strides.Any(stride => stride < 0))
            throw CheckpointFault.Damaged($"a tensor in storage {CheckpointFault.Quote(storage.Key)} has a negative offset or stride");
        string what = $"in storage {storage.Key}";
        Length = TensorLayout.Bytes(dimensions, type, what);
        if (Length > 0 && TensorLayout.LastIndex(offset, dimensions, strides) >= storage.Length / type.Size())
        {
            throw CheckpointFault.Damaged($"a tensor of extents [{string.Join(",", dimensions)}], strides [{string.Join(",", strides)}] and offset {offset} reaches beyond "
                + $"the {storage.Length / type.Size()} elements of storage {CheckpointFault.Quote(storage.Key)}");
        }

        _memory = storages.Memory;
        _storage = storage;
        _offset = offset;
        _strides = strides;
        ElementType = type;
        Dimensions = dimensions;
        _data = new Lazy<ReadOnlyMemory<byte>>(Load);
    }

    public TorchElementType ElementType { get; }

    public ImmutableArray<long> Dimensions { get; }

    /// <summary>Its bytes.</summary>
    public long Length { get; }

    /// <summary>Its elements in row-major order.</summary>
    /// <exception cref="CheckpointFault">The storage is damaged, or the tensor is out of proportion to the file.</exception>
    public ReadOnlyMemory<byte> Data => _data.Value;

    /// <summary>The same under a name.</summary>
    public CheckpointTensor Named(string name) => new(name, ElementType, Dimensions, Data);

    private ReadOnlyMemory<byte> Load()
    {
        if (Length == 0)
            return ReadOnlyMemory<byte>.Empty;
        int size = ElementType.Size();
        ReadOnlyMemory<byte> storage = _storage.Content.Value.AsMemory((int)(_offset * size));
        if (TensorLayout.IsContiguous(Dimensions, _strides))
            return storage[..(int)Length];
        _memory.Take(Length, $"a tensor of extents [{string.Join(",", Dimensions)}]");
        var gathered = new byte[Length];
        TensorLayout.Gather(storage.Span, size, Dimensions, _strides, gathered);
        return gathered;
    }
}
