namespace Octet.Quantization.Calibration.Data;

/// <summary>Reads the lines of a text in UTF-8 as bytes. Empty lines and lines that begin with '#' are passed over.</summary>
internal sealed class LineReader(Stream stream) : IDisposable
{
    /// <summary>Room for an image of 800 by 800 pixels written as decimals; a longer line is taken for a hostile or wrong file.</summary>
    public const int MaximumLineBytes = 1 << 24;

    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;

    /// <summary>How much of the stream was read.</summary>
    public long BytesRead { get; private set; }

    /// <summary>The number of the line read last, from 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>Reads the next line without its end; the span is valid until the next call.</summary>
    /// <exception cref="UnreadableDataException">A line is too long.</exception>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        while (TryReadAny(out line))
        {
            line = CsvFields.Trim(line);
            if (!line.IsEmpty && line[0] != (byte)'#')
                return true;
        }
        return false;
    }

    public void Dispose() => stream.Dispose();

    private bool TryReadAny(out ReadOnlySpan<byte> line)
    {
        int searched = 0;
        while (true)
        {
            int length = _buffer.AsSpan((_start + searched)..(_end)).IndexOf((byte)'\n');
            if (length >= 0)
            {
                line = Take(searched + length);
                _start++;
                return true;
            }

            searched = _end - _start;
            if (searched > MaximumLineBytes)
                throw new UnreadableDataException($"line {LineNumber + 1} is longer than {MaximumLineBytes >> 20} MiB");
            if (!Fill())
            {
                line = Take(searched);
                return searched > 0;
            }
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        ReadOnlySpan<byte> line = _buffer.AsSpan(_start, length);
        _start += length;
        ReadOnlySpan<byte> byteOrderMark = [0xEF, 0xBB, 0xBF];
        return LineNumber++ == 0 && line.StartsWith(byteOrderMark) ? line[byteOrderMark.Length..] : line;
    }

    private bool Fill()
    {
        _buffer.AsSpan(_start.._end).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        int read = stream.Read(_buffer.AsSpan(_end));
        _end += read;
        BytesRead += read;
        return read > 0;
    }
}
