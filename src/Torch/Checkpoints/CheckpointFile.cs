using Microsoft.Win32.SafeHandles;

namespace Octet.Torch.Checkpoints;

/// <summary>
/// An open file of which parts are read. Nobody may read more than is there, so a length that a damaged file claims is compared with the
/// file's before anything is allocated.
/// </summary>
internal sealed class CheckpointFile : IDisposable
{
    private readonly SafeFileHandle _handle;

    private CheckpointFile(SafeFileHandle handle)
    {
        _handle = handle;
        Length = RandomAccess.GetLength(handle);
        Memory = new MemoryBudget(Length);
    }

    /// <summary>The file's bytes.</summary>
    public long Length { get; }

    /// <summary>What may be allocated beyond the file's own bytes.</summary>
    public MemoryBudget Memory { get; }

    /// <summary>Opens a file.</summary>
    public static CheckpointFile Open(string path) => new(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess));

    /// <summary>Reads a part of the file.</summary>
    /// <param name="offset">Its first byte.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="what">What it is, for a message.</param>
    /// <exception cref="CheckpointFault">The file is shorter, or the part larger than 2 GiB.</exception>
    public byte[] Read(long offset, long length, string what)
    {
        if (offset < 0 || length < 0 || offset > Length || length > Length - offset)
            throw CheckpointFault.Damaged($"{what} is said to be {length} bytes from byte {offset} on, and the file has {Length}");
        if (length > Array.MaxLength)
            throw CheckpointFault.Unsupported($"{what} is larger than 2 GiB");
        var bytes = new byte[length];
        for (int read = 0; read < bytes.Length;)
        {
            int count = RandomAccess.Read(_handle, bytes.AsSpan(read), offset + read);
            if (count == 0)
                throw CheckpointFault.Damaged($"it became shorter while {what} was read");
            read += count;
        }

        return bytes;
    }

    /// <summary>The first bytes of the file, fewer where it is shorter.</summary>
    public byte[] Beginning(int length) => Read(0, Math.Min(length, Length), "the beginning");

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}

/// <summary>
/// Counts what is allocated beyond the bytes that a file has: inflated entries and tensors whose elements are not stored in their order. A few
/// bytes can stand for gigabytes there, so the sum is bounded by the file's length.
/// </summary>
internal sealed class MemoryBudget(long fileLength)
{
    private const long Minimum = 16L << 20;
    private const int Factor = 8;

    private long _left = Minimum + Math.Min(fileLength, (long.MaxValue - Minimum) / Factor) * Factor;

    /// <summary>Allows bytes to be allocated.</summary>
    /// <exception cref="CheckpointFault">It is out of proportion to the file.</exception>
    public void Take(long bytes, string what)
    {
        if (bytes > _left)
            throw CheckpointFault.Damaged($"{what} would take {bytes} bytes of memory, which is out of proportion to a file of {fileLength}");
        if (bytes > Array.MaxLength)
            throw CheckpointFault.Unsupported($"{what} is larger than 2 GiB");
        _left -= bytes;
    }
}
