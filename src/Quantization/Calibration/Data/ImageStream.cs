namespace Octet.Quantization.Calibration.Data;

/// <summary>
/// A file in memory that notes when a decoder reads behind its end. Decoders take zeros for what is missing, so that cut files would pass
/// for gray ones; and some would search for a marker without end, which fails here after a while. (It does not fail at once because
/// the decoder keeps its unmanaged memory when it is interrupted.)
/// </summary>
internal sealed class ImageStream(byte[] file) : MemoryStream(file, writable: false)
{
    private const long MaximumMissing = 1 << 24;

    private long _missing;

    /// <summary>Whether something was read that is not there.</summary>
    public bool EndedEarly => _missing > 0;

    public override int ReadByte()
    {
        int value = base.ReadByte();
        if (value < 0)
            Miss(1);
        return value;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        int read = base.Read(buffer, offset, count);
        if (read < count)
            Miss(count - read);
        return read;
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        if (origin != SeekOrigin.Current)
            return base.Seek(offset, origin);
        // Going back is for files that make a decoder read the same again and again.
        if (offset < 0)
            throw new EndOfStreamException();
        if (offset > Length - Position)
            Miss(offset - (Length - Position));
        return base.Seek(Math.Min(offset, Length - Position), origin);
    }

    private void Miss(long bytes)
    {
        _missing += bytes;
        if (_missing > MaximumMissing)
            throw new EndOfStreamException();
    }
}
