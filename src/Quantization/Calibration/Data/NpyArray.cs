using System.Collections.Immutable;
using Octet.Runtime;

namespace Octet.Quantization.Calibration.Data;

/// <summary>An array in .npy form of which single parts are read: a file of its own, or an entry of an archive.</summary>
internal sealed class NpyArray
{
    private readonly Func<ForwardStream> _open;
    private readonly CursorPool _cursors;
    private readonly NpyHeader _header;
    private readonly long _dataOffset;

    /// <param name="open">Opens the array at its first byte.</param>
    /// <param name="length">The bytes that can be there; a header that claims more is refused before anything is allocated.</param>
    /// <param name="cursors">Where open files are kept.</param>
    /// <exception cref="UnreadableDataException">It is no array, or not of a supported type, or shorter than its header says.</exception>
    public NpyArray(Func<ForwardStream> open, long length, CursorPool cursors)
    {
        _open = open;
        _cursors = cursors;
        using ForwardStream stream = open();
        _header = NpyHeader.Read(stream);
        _dataOffset = stream.Position;
        // An array of nothing: it fails where the element type is not supported.
        Parse(_header with { Shape = [0] }, []);

        Int128 bytes = _header.ElementSize;
        foreach (long extent in Shape)
            bytes = Int128.Min(bytes * extent, long.MaxValue);
        if (bytes > length - _dataOffset)
            throw new UnreadableDataException($"it says that it holds an array of shape [{string.Join(",", Shape)}], but is too short for that");
    }

    /// <summary>One extent a dimension.</summary>
    public ImmutableArray<long> Shape => _header.Shape;

    /// <summary>Reads the whole array in row-major order.</summary>
    public Array Read()
    {
        using ForwardStream stream = _open();
        return Npy.Read(stream, "").Data;
    }

    /// <summary>Reads one part along the first dimension, in row-major order.</summary>
    public Array Read(long part)
    {
        // The first index runs fastest in Fortran order, so a part is strewn over the whole file.
        if (_header.IsFortranOrder && Shape.Length > 1)
        {
            Array whole = Read();
            int length = checked((int)(whole.Length / Shape[0]));
            var slice = Array.CreateInstance(whole.GetType().GetElementType()!, length);
            Array.Copy(whole, part * length, slice, 0, length);
            return slice;
        }

        NpyHeader partHeader = _header with { Shape = Shape.RemoveAt(0) };
        long bytes = partHeader.Shape.Aggregate((long)_header.ElementSize, static (product, extent) => product * extent);
        if (bytes > Array.MaxLength)
            throw new UnreadableDataException("one sample of it is larger than 2 GiB");
        return _cursors.Read(this, part, () => new Cursor(this), cursor => Parse(partHeader, cursor.Read(part, (int)bytes)));
    }

    private static Array Parse(NpyHeader header, byte[] data)
    {
        using var stream = new MemoryStream();
        header.Write(stream);
        stream.Write(data);
        stream.Position = 0;
        return Npy.Read(stream, "").Data;
    }

    private sealed class Cursor(NpyArray array) : RowCursor(array)
    {
        private readonly ForwardStream _stream = array._open();

        public byte[] Read(long row, int bytes)
        {
            _stream.SkipTo(array._dataOffset + row * bytes);
            var data = new byte[bytes];
            if (_stream.ReadAtLeast(data, bytes, throwOnEndOfStream: false) < bytes)
                throw new UnreadableDataException("it ends too early");
            NextRow = row + 1;
            return data;
        }

        public override void Dispose() => _stream.Dispose();
    }
}
