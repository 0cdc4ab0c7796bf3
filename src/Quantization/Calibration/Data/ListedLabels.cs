namespace Octet.Quantization.Calibration.Data;

/// <summary>
/// Labels from a csv of <c>file,label</c>. A file is a path that begins at the csv's folder or at a folder of the data, or the name alone
/// where it is the only one of that name. A label is a class index, or a name; then names count in ordinal order.
/// </summary>
internal sealed class ListedLabels : LabelSource
{
    private readonly Dictionary<string, int?> _byPath = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int?> _byName = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sharedNames;

    private ListedLabels(IReadOnlyList<DataFile> files) => _sharedNames =
        files.GroupBy(static file => Path.GetFileName(file.Path), StringComparer.Ordinal).Where(static group => group.Skip(1).Any())
            .Select(static group => group.Key).ToHashSet(StringComparer.Ordinal);

    /// <summary>Reads the list; null, and why, where it is none.</summary>
    public static LabelSource? Read(string list, IReadOnlyList<DataFile> files, IReadOnlyList<string> roots, out string? problem)
    {
        problem = null;
        List<(string File, string Label)> entries;
        try
        {
            entries = ReadEntries(list);
        }
        catch (Exception exception) when (UnreadableDataException.Describe(exception) is { } reason)
        {
            problem = $"'{list}' cannot be read: {reason}";
            return null;
        }
        if (entries.Count == 0)
        {
            problem = $"'{list}' holds no line of file,label";
            return null;
        }

        var labels = new ListedLabels(files);
        string[] folders = [Path.GetDirectoryName(Path.GetFullPath(list))!, .. roots];
        var indexes = IndexesOf(entries.Select(static entry => entry.Label));
        foreach ((string file, string label) in entries)
        {
            int index = indexes[label];
            foreach (string folder in folders)
                Add(labels._byPath, Path.GetFullPath(file, folder), index);
            if (Path.GetFileName(file) == file)
                Add(labels._byName, file, index);
        }
        return labels;
    }

    public override bool Covers(DataFile file) => Find(file) is not null;

    public override int Of(DataFile file, DataRow row) => Find(file)!.Value;

    /// <summary>A file that two lines give different labels has none.</summary>
    private static void Add(Dictionary<string, int?> labels, string file, int label)
    {
        if (!labels.TryAdd(file, label) && labels[file] != label)
            labels[file] = null;
    }

    private int? Find(DataFile file)
    {
        if (_byPath.TryGetValue(file.Path, out int? index))
            return index;
        string name = Path.GetFileName(file.Path);
        return _sharedNames.Contains(name) ? null : _byName.GetValueOrDefault(name);
    }

    private static List<(string File, string Label)> ReadEntries(string list)
    {
        var entries = new List<(string, string)>();
        using LineReader lines = CsvFile.OpenLines(list);
        byte separator = 0;
        while (lines.TryRead(out ReadOnlySpan<byte> line))
        {
            bool first = separator == 0;
            if (first)
                separator = CsvFields.SeparatorOf(line);
            var fields = new CsvFields(line, separator);
            bool hasTwo = fields.TryTake(out ReadOnlySpan<byte> file) & fields.TryTake(out ReadOnlySpan<byte> label) && !fields.TryTake(out _);
            if (!hasTwo || label.IsEmpty)
                throw new UnreadableDataException($"line {lines.LineNumber} is not file,label");
            string path = DataFiles.Portable(CsvFields.TextOf(file));
            // A first line that names no data file is a header.
            bool isHeader = first && DataFiles.KindOf(path) == DataFileKind.None;
            if (!isHeader && !path.Contains('\0'))
                entries.Add((path, CsvFields.TextOf(label)));
        }
        return entries;
    }
}
