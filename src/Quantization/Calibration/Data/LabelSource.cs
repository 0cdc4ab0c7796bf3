using System.Collections.Frozen;
using System.Globalization;

namespace Octet.Quantization.Calibration.Data;

/// <summary>Where the classes of samples come from.</summary>
internal abstract class LabelSource
{
    /// <summary>Whether all rows of a file have a label.</summary>
    public abstract bool Covers(DataFile file);

    /// <summary>The class index of a row that a covered file gave.</summary>
    public abstract int Of(DataFile file, DataRow row);

    /// <summary>Finds the labels that were asked for, or, where none were, those that stand beside the data.</summary>
    /// <param name="labels">The labels option.</param>
    /// <param name="files">The files that are taken as data.</param>
    /// <param name="roots">The folders that were given.</param>
    /// <param name="problem">Why the labels that were asked for cannot be had: a text for OCT3006.</param>
    /// <returns>Null where there are no labels.</returns>
    public static LabelSource? Open(string? labels, IReadOnlyList<DataFile> files, IReadOnlyList<string> roots, out string? problem)
    {
        problem = null;
        if (string.IsNullOrEmpty(labels) || files.Any(file => file is CsvFile { HasLabelColumn: true } && file.Path == labels))
        {
            CsvFile[] labelled = [.. files.OfType<CsvFile>().Where(static file => file.HasLabelColumn)];
            LabelSource? columns = ColumnLabels.Of(labelled, out string? unusable);
            problem = string.IsNullOrEmpty(labels) ? null : unusable;
            return columns;
        }
        if (Directory.Exists(labels))
            return FolderLabels.Below(labels, out problem);
        if (File.Exists(labels))
            return ListedLabels.Read(labels, files, roots, out problem);
        // A build makes paths of its properties; the word stays the last part.
        if (Path.GetFileName(labels) == SampleSourceOptions.LabelsFromFolders)
            return FolderLabels.Around(files, out problem);
        problem = $"'{labels}' is neither a folder nor a file";
        return null;
    }

    /// <summary>
    /// Gives class names their indexes: the integers that they are, if all are that, else their places in ordinal order. (In ordinal
    /// order "10" stands before "2", which nobody means.)
    /// </summary>
    protected static FrozenDictionary<string, int> IndexesOf(IEnumerable<string> names)
    {
        List<string> ordered = [.. names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        bool integers = ordered.TrueForAll(static name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _));
        return ordered.Select((name, place) => KeyValuePair.Create(name, integers ? int.Parse(name, CultureInfo.InvariantCulture) : place))
            .ToFrozenDictionary(StringComparer.Ordinal);
    }
}
