using System.Collections.Immutable;
using System.Text;

namespace Octet.Torch.Checkpoints;

/// <summary>
/// The form of TorchSharp's <c>module.save</c>: a count; then for each tensor its name, the number of its element type, its rank, its extents and
/// its elements. Numbers are LEB128: seven bits a byte, the lowest first, the eighth set where more follow.
/// </summary>
internal static class TorchSharpFile
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether the file begins with a count of tensors and the first of them: there is no mark to know the format by.</summary>
    public static bool BeginsLikeOne(CheckpointFile file)
    {
        try
        {
            var cursor = new Cursor(file);
            long count = cursor.ReadNumber("the number of tensors");
            return count == 0 ? file.Length == cursor.Offset : ReadName(cursor).All(c => !char.IsControl(c)) && cursor.ReadNumber("an element type") < 64;
        }
        catch (CheckpointFault)
        {
            return false;
        }
    }

    /// <summary>Reads all tensors.</summary>
    /// <exception cref="CheckpointFault">The file is damaged.</exception>
    public static ImmutableArray<CheckpointTensor> Read(CheckpointFile file)
    {
        var cursor = new Cursor(file);
        long count = cursor.ReadNumber("the number of tensors");
        // A tensor takes four bytes at least: name, element type, rank.
        if (count > file.Length / 3)
            throw CheckpointFault.Damaged($"it says that it holds {count} tensors, and has {file.Length} bytes");

        var tensors = new NamedTensors();
        for (long i = 0; i < count; i++)
        {
            string name = ReadName(cursor);
            TorchElementType type = TorchElementTypes.OfNumber(cursor.ReadNumber($"the element type of '{CheckpointFault.Quote(name)}'"));
            ImmutableArray<long> dimensions = ReadDimensions(cursor, name);
            long bytes = TensorLayout.Bytes(dimensions, type, name);
            tensors.Add(new CheckpointTensor(name, type, dimensions, cursor.ReadBytes(bytes, $"tensor '{CheckpointFault.Quote(name)}'")));
        }

        return cursor.Offset == file.Length
            ? tensors.ToImmutable()
            : throw CheckpointFault.Damaged($"{file.Length - cursor.Offset} bytes follow the last of its {count} tensors");
    }

    private static string ReadName(Cursor cursor)
    {
        long length = cursor.ReadNumber("the length of a name");
        byte[] name = cursor.ReadBytes(length, "a name");
        try
        {
            return length > 0 ? StrictUtf8.GetString(name) : throw CheckpointFault.Damaged("a tensor has no name");
        }
        catch (DecoderFallbackException exception)
        {
            throw CheckpointFault.Damaged("a tensor's name is no text", exception);
        }
    }

    private static ImmutableArray<long> ReadDimensions(Cursor cursor, string name)
    {
        long rank = cursor.ReadNumber($"the rank of '{CheckpointFault.Quote(name)}'");
        if (rank > TensorLayout.HighestRank)
            throw CheckpointFault.Damaged($"tensor '{CheckpointFault.Quote(name)}' is said to have rank {rank}");
        ImmutableArray<long>.Builder dimensions = ImmutableArray.CreateBuilder<long>((int)rank);
        for (int i = 0; i < rank; i++)
            dimensions.Add(cursor.ReadNumber($"an extent of '{CheckpointFault.Quote(name)}'"));
        return dimensions.MoveToImmutable();
    }

    /// <summary>A place in the file, moved on by reading. Small parts come out of a window, so that a name is not a read of its own.</summary>
    private sealed class Cursor(CheckpointFile file)
    {
        private const int WindowLength = 4096;

        private byte[] _window = [];
        private long _windowStart;

        public long Offset { get; private set; }

        public long ReadNumber(string what)
        {
            ulong value = 0;
            for (int shift = 0; shift < 63; shift += 7)
            {
                byte next = ReadByte(what);
                value |= (ulong)(next & 0x7F) << shift;
                if ((next & 0x80) == 0)
                    return (long)value;
            }

            throw CheckpointFault.Damaged($"{what} is no number");
        }

        public byte[] ReadBytes(long length, string what)
        {
            byte[] bytes = file.Read(Offset, length, what);
            Offset += length;
            return bytes;
        }

        private byte ReadByte(string what)
        {
            if (Offset < _windowStart || Offset >= _windowStart + _window.Length)
            {
                if (Offset >= file.Length)
                    throw CheckpointFault.Damaged($"it ends where {what} should be");
                _windowStart = Offset;
                _window = file.Read(Offset, Math.Min(WindowLength, file.Length - Offset), what);
            }

            return _window[Offset++ - _windowStart];
        }
    }
}
