namespace Octet.Quantization.Calibration.Data;

/// <summary>
/// A stream that is only read forward, with a position, that owns what it reads from. Whatever a decompressor objects to becomes
/// a <see cref="UnreadableDataException"/>.
/// </summary>
internal sealed class ForwardStream(Stream inner, params IDisposable[] owned) : Stream
{
    private const int BlockBytes = 1 << 16;

    private long _position;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Goes forward to a position, by seeking where the stream can.</summary>
    public void SkipTo(long position)
    {
        if (inner.CanSeek)
        {
            inner.Seek(position - _position, SeekOrigin.Current);
            _position = position;
            return;
        }
        var block = new byte[Math.Min(position - _position, BlockBytes)];
        while (_position < position)
        {
            int read = Read(block.AsSpan(0, (int)Math.Min(block.Length, position - _position)));
            if (read == 0)
                throw new UnreadableDataException("it ends too early");
        }
    }

    public override int Read(Span<byte> buffer)
    {
        try
        {
            int read = inner.Read(buffer);
            _position += read;
            return read;
        }
        catch (Exception exception) when (exception is InvalidDataException || (exception is IOException && inner is not FileStream))
        {
            throw new UnreadableDataException("its compressed data is damaged", exception);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            foreach (IDisposable disposable in owned)
                disposable.Dispose();
        }
        base.Dispose(disposing);
    }
}
