using System.Buffers.Binary;
using System.IO.Compression;

namespace Octet.Quantization.Calibration.Data;

/// <summary>
/// Checks that the compressed pixels of a .png file are whole and as long as its header says. The decoder believes the compressed
/// data instead, and a few hundred bytes of it can ask for gigabytes.
/// </summary>
internal sealed class PngData : Stream
{
    /// <summary>What encoders may leave behind the last row.</summary>
    private const int Slack = 1 << 16;

    private const uint Header = 0x49484452;
    private const uint Data = 0x49444154;

    private readonly byte[] _file;
    private int _next = Signature.Length;
    private int _chunkEnd = Signature.Length;

    private PngData(byte[] file) => _file = file;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    /// <summary>Does nothing for files of other kinds.</summary>
    /// <exception cref="UnreadableDataException">The compressed pixels are damaged, too short or too long.</exception>
    public static void Check(byte[] file)
    {
        if (!file.AsSpan().StartsWith(Signature))
            return;

        long expected = UncompressedBytes(file);
        long found = 0;
        try
        {
            using var pixels = new ZLibStream(new PngData(file), CompressionMode.Decompress);
            var block = new byte[1 << 16];
            while (found <= expected + Slack && pixels.Read(block) is > 0 and int read)
                found += read;
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            // The decompressor has an exception of its own for some damage, which is an IOException to others.
            found = -1;
        }
        if (found < expected || found > expected + Slack)
            throw new UnreadableDataException("its compressed pixels are damaged or do not belong to its size");
    }

    public override int Read(Span<byte> buffer)
    {
        while (_next == _chunkEnd)
            EnterNextChunk();
        int length = Math.Min(buffer.Length, _chunkEnd - _next);
        _file.AsSpan(_next, length).CopyTo(buffer);
        _next += length;
        return length;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Goes to the next chunk of compressed data; there always is one until the data has been read to its end mark.</summary>
    private void EnterNextChunk()
    {
        // Behind each chunk, but not behind the signature, stands a checksum.
        int position = _chunkEnd == Signature.Length ? _chunkEnd : _chunkEnd + 4;
        while (position <= _file.Length - 8)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(_file.AsSpan(position));
            uint type = BinaryPrimitives.ReadUInt32BigEndian(_file.AsSpan(position + 4));
            long end = position + 8L + length;
            if (end > _file.Length)
                break;
            if (type == Data)
            {
                (_next, _chunkEnd) = (position + 8, (int)end);
                return;
            }
            position = (int)Math.Min(end + 4, _file.Length);
        }
        throw new EndOfStreamException();
    }

    /// <summary>The bytes of all rows with the filter byte before each (PNG specification, 7.2 and 8.1).</summary>
    private static long UncompressedBytes(byte[] file)
    {
        if (file.Length < 33 || BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(12)) != Header)
            throw new UnreadableDataException("its header is damaged");
        long width = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(16));
        long height = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(20));
        int samples = file[25] switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        int bitsPerPixel = file[24] * samples;
        bool isInterlaced = file[28] != 0;
        if (!isInterlaced)
            return Bytes(width, height);

        // The seven passes of Adam7: where each begins and how far its pixels lie apart.
        ReadOnlySpan<(int X, int Y, int StepX, int StepY)> passes =
            [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        long bytes = 0;
        foreach ((int x, int y, int stepX, int stepY) in passes)
            bytes += Bytes((width - x + stepX - 1) / stepX, (height - y + stepY - 1) / stepY);
        return bytes;

        long Bytes(long columns, long rows) => columns <= 0 || rows <= 0 ? 0 : rows * (1 + (columns * bitsPerPixel + 7) / 8);
    }
}
