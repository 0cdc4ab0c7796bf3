using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Octet.Runtime;

/// <summary>What stands before the elements of a .npy file.</summary>
/// <param name="Type">The element type without its byte order: f4, i8, b1, ...</param>
/// <param name="IsLittleEndian">The byte order of the elements.</param>
/// <param name="IsFortranOrder">Whether the first index runs fastest.</param>
/// <param name="Shape">One extent a dimension.</param>
internal sealed record NpyHeader(string Type, bool IsLittleEndian, bool IsFortranOrder, ImmutableArray<long> Shape)
{
    /// <summary>Far more than any plain array needs; the bound keeps a false length from costing memory.</summary>
    private const int MaximumLength = 1 << 16;

    /// <summary>The elements begin at a multiple of this.</summary>
    private const int Alignment = 64;

    /// <summary>The bytes of one element.</summary>
    public int ElementSize => Type[1] - '0';

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <exception cref="InvalidDataException">It is no .npy header.</exception>
    public static NpyHeader Read(Stream stream)
    {
        var prefix = new byte[8];
        Npy.ReadExactly(stream, prefix, prefix.Length);
        int version = prefix[6];
        if (!prefix.AsSpan(0, Magic.Length).SequenceEqual(Magic) || version is < 1 or > 3)
            throw new InvalidDataException("This is not a .npy file of version 1 to 3.");

        // Version 1 has a length of two bytes, the later ones four, little endian.
        var lengthBytes = new byte[4];
        Npy.ReadExactly(stream, lengthBytes, version == 1 ? 2 : 4);
        uint length = lengthBytes[0] | (uint)lengthBytes[1] << 8 | (uint)lengthBytes[2] << 16 | (uint)lengthBytes[3] << 24;
        if (length > MaximumLength)
            throw new InvalidDataException($"The .npy header claims {length} bytes.");

        var text = new byte[length];
        Npy.ReadExactly(stream, text, text.Length);
        return Parse(Encoding.UTF8.GetString(text));
    }

    /// <summary>Writes version 1.0, as NumPy does.</summary>
    public void Write(Stream stream)
    {
        char order = ElementSize == 1 ? '|' : IsLittleEndian ? '<' : '>';
        string extents = string.Concat(Shape.Select(static extent => extent.ToString(CultureInfo.InvariantCulture) + ", "));
        // A tuple of one keeps its comma, the longer ones do not.
        string tuple = Shape.Length == 1 ? extents.TrimEnd() : extents.TrimEnd(' ', ',');
        string text = $"{{'descr': '{order}{Type}', 'fortran_order': {(IsFortranOrder ? "True" : "False")}, 'shape': ({tuple}), }}";

        int prefix = Magic.Length + 4;
        int total = (prefix + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        text = text.PadRight(total - prefix - 1) + "\n";

        var bytes = new byte[total];
        Magic.CopyTo(bytes);
        bytes[6] = 1;
        bytes[8] = (byte)text.Length;
        bytes[9] = (byte)(text.Length >> 8);
        Encoding.ASCII.GetBytes(text, 0, text.Length, bytes, prefix);
        stream.Write(bytes, 0, bytes.Length);
    }

    /// <summary>Reads the dictionary, a literal of the Python language such as <c>{'descr': '&lt;f4', 'fortran_order': False, 'shape': (3, 4), }</c>.</summary>
    internal static NpyHeader Parse(string text)
    {
        var literal = new PythonLiteral(text);
        string? type = null;
        bool? fortranOrder = null;
        ImmutableArray<long>? shape = null;

        literal.Expect('{');
        while (!literal.TryTake('}'))
        {
            string key = literal.TakeString();
            literal.Expect(':');
            switch (key)
            {
                case "descr": type = literal.TakeString(); break;
                case "fortran_order": fortranOrder = literal.TakeBoolean(); break;
                case "shape": shape = literal.TakeTuple(); break;
                default: throw literal.Malformed();
            }
            if (!literal.TryTake(','))
            {
                literal.Expect('}');
                break;
            }
        }
        literal.ExpectEnd();

        if (type is null || type.Length < 3 || "<>=|".IndexOf(type[0]) < 0 || fortranOrder is null || shape is null)
            throw literal.Malformed();
        bool littleEndian = type[0] == '=' ? BitConverter.IsLittleEndian : type[0] != '>';
        return new NpyHeader(type.Substring(1), littleEndian, fortranOrder.Value, shape.Value);
    }

    /// <summary>The few literals of Python that a header is made of, taken from left to right.</summary>
    private struct PythonLiteral(string text)
    {
        private int _position;

        public bool TryTake(char symbol)
        {
            SkipSpace();
            if (_position >= text.Length || text[_position] != symbol)
                return false;
            _position++;
            return true;
        }

        public void Expect(char symbol)
        {
            if (!TryTake(symbol))
                throw Malformed();
        }

        public void ExpectEnd()
        {
            SkipSpace();
            if (_position != text.Length)
                throw Malformed();
        }

        public string TakeString()
        {
            char quote = TryTake('"') ? '"' : '\'';
            if (quote == '\'')
                Expect(quote);
            int end = text.IndexOf(quote, _position);
            if (end < 0)
                throw Malformed();
            string value = text.Substring(_position, end - _position);
            _position = end + 1;
            return value;
        }

        public bool TakeBoolean()
        {
            SkipSpace();
            foreach (bool value in (ReadOnlySpan<bool>)[true, false])
            {
                string word = value ? "True" : "False";
                if (string.CompareOrdinal(text, _position, word, 0, word.Length) == 0)
                {
                    _position += word.Length;
                    return value;
                }
            }
            throw Malformed();
        }

        public ImmutableArray<long> TakeTuple()
        {
            ImmutableArray<long>.Builder values = ImmutableArray.CreateBuilder<long>();
            Expect('(');
            while (!TryTake(')'))
            {
                values.Add(TakeInteger());
                if (!TryTake(','))
                {
                    Expect(')');
                    break;
                }
            }
            return values.ToImmutable();
        }

        private long TakeInteger()
        {
            SkipSpace();
            int start = _position;
            while (_position < text.Length && text[_position] is >= '0' and <= '9')
                _position++;
            if (!long.TryParse(text.Substring(start, _position - start), NumberStyles.None, CultureInfo.InvariantCulture, out long value))
                throw Malformed();
            // Python 2 wrote long integers with a suffix.
            TryTake('L');
            return value;
        }

        private void SkipSpace()
        {
            while (_position < text.Length && text[_position] is ' ' or '\n' or '\t' or '\r')
                _position++;
        }

        public readonly InvalidDataException Malformed() =>
            new($"The .npy header is not understood: {(text.Length > 200 ? text.Substring(0, 200) + "..." : text.TrimEnd())}");
    }
}
