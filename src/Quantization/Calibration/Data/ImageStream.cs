namespace Octet.Quantization.Calibration.Data;

/// <summary>
/// A file in memory that fails where a decoder reads behind its end or goes back in it (other than to its beginning). Decoders take
/// zeros for what is missing: cut files would pass for gray ones, and some would be searched for a marker without end.
/// </summary>
internal sealed class ImageStream(byte[] file) : MemoryStream(file, writable: false)
{
    public override int ReadByte() => base.ReadByte() is >= 0 and int value ? value : throw new EndOfStreamException();

    public override int Read(byte[] buffer, int offset, int count) =>
        base.Read(buffer, offset, count) is int read && read == count ? read : throw new EndOfStreamException();

    public override long Seek(long offset, SeekOrigin origin)
    {
        if (origin == SeekOrigin.Current && (offset < 0 || offset > Length - Position))
            throw new EndOfStreamException();
        return base.Seek(offset, origin);
    }
}
