using System.Collections.Frozen;
using System.Globalization;

namespace Octet.Quantization.Calibration.Data;

/// <summary>Labels in the last column of .csv data.</summary>
internal sealed class ColumnLabels : LabelSource
{
    private readonly FrozenDictionary<string, int>? _names;

    private ColumnLabels(FrozenDictionary<string, int>? names) => _names = names;

    /// <summary>The labels of these files, which all have such a column; null where it holds no classes.</summary>
    public static LabelSource? Of(IReadOnlyList<CsvFile> files, out string? problem)
    {
        problem = null;
        if (files.Count == 0)
            return null;
        if (files.All(static file => file.LabelColumn == LastColumn.Integers))
            return new ColumnLabels(null);
        if (files.All(static file => file.LabelColumn == LastColumn.Names))
            return new ColumnLabels(IndexesOf(files.SelectMany(static file => file.ClassNames)));
        string culprit = files.First(file => file.LabelColumn == LastColumn.Other || file.LabelColumn != files[0].LabelColumn).Path;
        problem = $"the last column of '{culprit}' holds neither class indexes (whole numbers from 0 on) nor class names throughout";
        return null;
    }

    public override bool Covers(DataFile file) => file is CsvFile { HasLabelColumn: true };

    public override int Of(DataFile file, DataRow row)
    {
        if (_names is null && int.TryParse(row.Label, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            return index;
        if (_names is not null && row.Label is not null && _names.TryGetValue(row.Label, out index))
            return index;
        throw new UnreadableDataException($"the label '{row.Label}' was not there when the file was opened");
    }
}
