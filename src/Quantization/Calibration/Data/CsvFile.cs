using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.IO.Compression;
using Octet.Quantization.Diagnostics;
using Octet.Runtime;

namespace Octet.Quantization.Calibration.Data;

/// <summary>
/// Rows of numbers, a row a sample, in a .csv or .csv.gz file. A header is optional. Where a row has one value more than the model's
/// input takes, the last one is a label if it is a whole number or a word in every row, or if labels were asked for.
/// </summary>
internal sealed class CsvFile : DataFile
{
    private const int MaximumClassNames = 1 << 16;

    private readonly InputSignature _signature;
    private readonly CursorPool _cursors;
    private readonly CsvScan _scan;
    private readonly ImmutableArray<long> _shape;
    private readonly DiagnosticException? _misfit;

    private CsvFile(string path, InputSignature signature, CsvScan scan, bool labelsAskedFor, bool labelsAreHere, CursorPool cursors)
        : base(path)
    {
        _signature = signature;
        _cursors = cursors;
        _scan = scan;
        ModelInput input = signature.Inputs[0];

        bool takesLabel = labelsAskedFor || scan.LastColumn != LastColumn.Other;
        if (signature.Inputs.Length > 1)
            _misfit = InputSignature.Missing(path, signature.Inputs[1], "rows of numbers");
        else if (ShapeOfRow(input, scan.Columns - (labelsAreHere ? 1 : 0)) is { } shape)
            (_shape, HasLabelColumn) = (shape, labelsAreHere);
        else if (takesLabel && ShapeOfRow(input, scan.Columns - 1) is { } labelled)
            (_shape, HasLabelColumn) = (labelled, true);
        else
            _misfit = InputSignature.Misfit(path, input, [scan.Rows, scan.Columns]);
    }

    public override long Rows => _misfit is null ? _scan.Rows : 1;

    public override bool IsBatchable => _misfit is null && _signature.IsBatched;

    /// <summary>Whether the last column is a label.</summary>
    public bool HasLabelColumn { get; }

    /// <summary>What the last column holds.</summary>
    public LastColumn LabelColumn => _scan.LastColumn;

    /// <summary>The different words in the last column, where it holds words.</summary>
    public IReadOnlySet<string> ClassNames => _scan.ClassNames;

    /// <summary>Goes through the file once to count its rows.</summary>
    /// <param name="path">The file.</param>
    /// <param name="signature">What the model takes.</param>
    /// <param name="labels">The labels option: empty, or not, or this file.</param>
    /// <param name="cursors">Where open files are kept.</param>
    public static CsvFile Open(string path, InputSignature signature, string? labels, CursorPool cursors)
    {
        using LineReader lines = OpenLines(path);
        CsvScan scan = Scan(lines);
        if (IsCompressed(path) && lines.BytesRead < LengthOfLastMember(path))
            throw new UnreadableDataException("it ends too early");
        bool askedFor = !string.IsNullOrEmpty(labels);
        return new CsvFile(path, signature, scan, askedFor, askedFor && labels == path, cursors);
    }

    /// <summary>Opens the lines of a .csv or .csv.gz file.</summary>
    public static LineReader OpenLines(string path)
    {
        FileStream file = File.OpenRead(path);
        return new LineReader(new ForwardStream(IsCompressed(path) ? new GZipStream(file, CompressionMode.Decompress) : file));
    }

    public override DataRow Read(long row)
    {
        if (_misfit is not null)
            throw new DiagnosticException(_misfit.Diagnostic);

        (double[] values, string? label) = _cursors.Read(this, row, () => new Cursor(this), cursor => cursor.Read(row));
        ModelInput input = _signature.Inputs[0];
        return new DataRow([new NamedTensor(input.Name, _shape, TensorConversion.Convert(values, input.ElementType))], label);
    }

    /// <summary>The shape of the tensor that a row of so many values makes; null where they do not fit.</summary>
    private ImmutableArray<long>? ShapeOfRow(ModelInput input, long values)
    {
        ImmutableArray<long> shape = _signature.IsBatched ? input.Dimensions.SetItem(0, 1) : input.Dimensions;
        long known = shape.Where(static extent => extent >= 0).Aggregate(1L, static (product, extent) => checked(product * extent));
        int open = shape.Count(static extent => extent < 0);
        return open switch
        {
            0 when known == values => shape,
            // One open extent follows from the number of values.
            1 when known > 0 && values > 0 && values % known == 0 => shape.Replace(-1, values / known),
            _ => null,
        };
    }

    private static bool IsCompressed(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The uncompressed length (modulo 2^32) that stands at the end of gzip data. Where the file was cut, random bytes stand there, which
    /// are a larger number than what could be read in all but a few cases; the decompressor takes a cut file for a short one.
    /// </summary>
    private static uint LengthOfLastMember(string path)
    {
        using FileStream file = File.OpenRead(path);
        Span<byte> length = stackalloc byte[4];
        if (file.Length < length.Length)
            throw new UnreadableDataException("it is not a .gz file");
        file.Seek(-length.Length, SeekOrigin.End);
        file.ReadExactly(length);
        return BinaryPrimitives.ReadUInt32LittleEndian(length);
    }

    private static CsvScan Scan(LineReader lines)
    {
        var scan = new CsvScan();
        bool first = true;
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            if (first)
            {
                first = false;
                scan.Separator = CsvFields.SeparatorOf(line);
                scan.HasHeader = !HoldsNumbers(line, scan.Separator, out _);
                if (scan.HasHeader)
                    continue;
            }
            if (scan.Rows == 0)
            {
                if (!HoldsNumbers(line, scan.Separator, out int columns))
                {
                    throw new UnreadableDataException(
                        $"line {lines.LineNumber} holds other things than numbers (a list of labels is named by Labels= instead)");
                }
                scan.Columns = columns;
            }
            scan.Rows++;
            scan.AddLast(LastField(line, scan.Separator));
        }
        return scan.Rows > 0 ? scan : throw new UnreadableDataException("it holds no row of numbers");
    }

    /// <summary>Whether all fields but the last, which may be a class name, are numbers.</summary>
    private static bool HoldsNumbers(ReadOnlySpan<byte> line, byte separator, out int columns)
    {
        var fields = new CsvFields(line, separator);
        columns = 0;
        bool numbers = true;
        bool last = true;
        while (fields.TryTake(out ReadOnlySpan<byte> field))
        {
            numbers &= last;
            last = CsvFields.TryParse(field, out _);
            columns++;
        }
        return numbers && (last || columns > 1);
    }

    private static ReadOnlySpan<byte> LastField(ReadOnlySpan<byte> line, byte separator)
    {
        // Only the end of the line matters, unless it is quoted.
        int from = line[^1] == (byte)'"' ? 0 : line.LastIndexOf(separator) + 1;
        var fields = new CsvFields(line[from..], separator);
        ReadOnlySpan<byte> last = default;
        while (fields.TryTake(out ReadOnlySpan<byte> field))
            last = field;
        return last;
    }

    /// <summary>What one pass over a file tells.</summary>
    private sealed class CsvScan
    {
        private readonly HashSet<string> _classNames = new(StringComparer.Ordinal);

        public byte Separator { get; set; }

        public bool HasHeader { get; set; }

        public int Columns { get; set; }

        public long Rows { get; set; }

        public LastColumn LastColumn { get; private set; }

        public IReadOnlySet<string> ClassNames => _classNames;

        public void AddLast(ReadOnlySpan<byte> field)
        {
            bool isNumber = CsvFields.TryParse(field, out double value);
            LastColumn kind = !isNumber ? LastColumn.Names
                : value >= 0 && value <= int.MaxValue && value == Math.Truncate(value) ? LastColumn.Integers
                : LastColumn.Other;
            if (kind == LastColumn.Names && _classNames.Count < MaximumClassNames)
                _classNames.Add(CsvFields.TextOf(field));
            if (Rows == 1)
                LastColumn = kind;
            else if (kind != LastColumn || _classNames.Count == MaximumClassNames)
                LastColumn = LastColumn.Other;
        }
    }

    private sealed class Cursor : RowCursor
    {
        private readonly CsvFile _file;
        private readonly LineReader _lines;

        public Cursor(CsvFile file) : base(file)
        {
            _file = file;
            _lines = OpenLines(file.Path);
            if (file._scan.HasHeader)
                _lines.TryRead(out _);
        }

        public (double[] Values, string? Label) Read(long row)
        {
            ReadOnlySpan<byte> line = default;
            for (; NextRow <= row; NextRow++)
            {
                if (!_lines.TryRead(out line))
                    throw new UnreadableDataException("it ends too early");
            }

            var values = new double[_file._scan.Columns - (_file.HasLabelColumn ? 1 : 0)];
            var fields = new CsvFields(line, _file._scan.Separator);
            int columns = 0;
            string? label = null;
            for (; fields.TryTake(out ReadOnlySpan<byte> field); columns++)
            {
                if (columns < values.Length && !CsvFields.TryParse(field, out values[columns]))
                    throw new UnreadableDataException($"line {_lines.LineNumber}: value {columns + 1} is not a finite number");
                if (columns == values.Length)
                    label = LabelIn(field);
            }
            int expected = _file._scan.Columns;
            if (columns != expected)
                throw new UnreadableDataException($"line {_lines.LineNumber} has {columns} values where the first row has {expected}");
            return (values, label);
        }

        public override void Dispose() => _lines.Dispose();

        /// <summary>A class index without its decimals, or a name.</summary>
        private static string LabelIn(ReadOnlySpan<byte> field) => CsvFields.TryParse(field, out double number)
            ? number.ToString(CultureInfo.InvariantCulture)
            : CsvFields.TextOf(field);
    }
}

/// <summary>What the last column of a .csv file holds in all rows.</summary>
internal enum LastColumn
{
    /// <summary>Class indexes: whole numbers from 0 on.</summary>
    Integers,

    /// <summary>Class names.</summary>
    Names,

    /// <summary>Anything else.</summary>
    Other,
}
