using System.Globalization;
using System.Text;

namespace Octet.Quantization.Calibration.Data;

/// <summary>The fields of one line, from left to right. A quoted field may hold the separator, but no line end.</summary>
internal ref struct CsvFields(ReadOnlySpan<byte> line, byte separator)
{
    private ReadOnlySpan<byte> _rest = line;
    private bool _done;

    /// <summary>The separator of a line: a comma, or else a semicolon or a tab where there is one.</summary>
    public static byte SeparatorOf(ReadOnlySpan<byte> line) =>
        line.Contains((byte)',') ? (byte)',' : line.Contains((byte)';') ? (byte)';' : line.Contains((byte)'\t') ? (byte)'\t' : (byte)',';

    /// <summary>Takes the next field, without blanks and quotes around it.</summary>
    public bool TryTake(out ReadOnlySpan<byte> field)
    {
        field = default;
        if (_done)
            return false;

        int from = 0;
        ReadOnlySpan<byte> start = _rest.TrimStart((byte)' ');
        if (!start.IsEmpty && start[0] == (byte)'"')
        {
            // The quote that ends the field is one that is not doubled.
            from = _rest.Length - start.Length + 1;
            while (from < _rest.Length && (_rest[from] != (byte)'"' || (from + 1 < _rest.Length && _rest[from + 1] == (byte)'"')))
                from += _rest[from] == (byte)'"' ? 2 : 1;
        }

        int length = from < _rest.Length ? _rest[from..].IndexOf(separator) : -1;
        _done = length < 0;
        field = Unquote(Trim(_done ? _rest : _rest[..(from + length)]));
        if (!_done)
            _rest = _rest[(from + length + 1)..];
        return true;
    }

    /// <summary>Removes blanks and line ends on both sides.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text[Ascii.Trim(text)];

    /// <summary>Reads a finite number.</summary>
    public static bool TryParse(ReadOnlySpan<byte> field, out double value) =>
        double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    /// <summary>The text of a field, doubled quotes made single.</summary>
    public static string TextOf(ReadOnlySpan<byte> field) => Encoding.UTF8.GetString(field).Replace("\"\"", "\"", StringComparison.Ordinal);

    private static ReadOnlySpan<byte> Unquote(ReadOnlySpan<byte> field) =>
        field.Length >= 2 && field[0] == (byte)'"' && field[^1] == (byte)'"' ? field[1..^1] : field;
}
