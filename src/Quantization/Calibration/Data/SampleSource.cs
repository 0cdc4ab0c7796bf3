using System.Collections.Concurrent;
using System.Collections.Immutable;
using Octet.Quantization.Diagnostics;
using Octet.Runtime;

namespace Octet.Quantization.Calibration.Data;

/// <summary>
/// The samples that a model is calibrated and measured with, read from files when they are asked for. The same files and options give
/// the same samples in the same order on every machine. Thread-safe.
/// </summary>
public sealed class SampleSource : IDisposable
{
    private readonly SampleSourceOptions _options;
    private readonly IDiagnosticSink _diagnostics;
    private readonly InputSignature _signature;
    private readonly CursorPool _cursors;
    private readonly ImmutableArray<ImmutableArray<Item>> _samples;
    private readonly LabelSource? _labels;
    private readonly int _fileCount;
    private readonly ConcurrentDictionary<string, bool> _reported;
    private string? _firstProblem;

    private SampleSource(SampleSourceOpening opening, IDiagnosticSink diagnostics)
    {
        _options = opening.Options;
        _diagnostics = diagnostics;
        _signature = opening.Signature;
        _cursors = opening.Cursors;
        _reported = opening.Reported;
        _firstProblem = opening.FirstProblem;
        _fileCount = opening.FileCount;
        Preprocessing = opening.Images?.Preprocessing.ToString();
        _samples = Sampling.Choose(opening.Files, _signature.Batch, _options.MaximumSamples);
        _labels = FindLabels(opening);
    }

    /// <summary>How many samples there are.</summary>
    public int Count => _samples.Length;

    /// <summary>How images become tensors, to be set as <c>Preprocessing</c> for the same result; null where no image is read.</summary>
    public string? Preprocessing { get; }

    /// <summary>Whether every sample has its labels.</summary>
    public bool HasLabels => _labels is not null;

    /// <summary>Finds the files and looks at their headers. Nothing is decoded yet.</summary>
    /// <param name="options">Which data feeds which model.</param>
    /// <param name="diagnostics">Gets OCT3002 for what is skipped, OCT3005 for what is guessed, OCT3006 for labels that cannot be had.</param>
    /// <exception cref="DiagnosticException">
    /// OCT3003: a size is to be guessed from images and none can be read. OCT3004: preprocessed images do not fit. OCT3007: the preprocessing
    /// is not understood or cannot be guessed. OCT3008: a path names no file. OCT3009: images leave an input without data.
    /// </exception>
    /// <exception cref="ArgumentException">The model has no inputs.</exception>
    public static SampleSource Open(SampleSourceOptions options, IDiagnosticSink diagnostics)
    {
        var opening = new SampleSourceOpening(options, diagnostics);
        try
        {
            opening.Run();
            return new SampleSource(opening, diagnostics);
        }
        catch
        {
            opening.Cursors.Dispose();
            throw;
        }
    }

    /// <summary>Reads one sample.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <returns>
    /// Null where nothing of it can be read, which OCT3002 tells once a file. In a batch, items that can be read stand in for one that cannot.
    /// </returns>
    /// <exception cref="DiagnosticException">OCT3004: the data's shape does not fit. OCT3009: it leaves an input without data.</exception>
    public Sample? TryRead(int index)
    {
        ImmutableArray<Item> items = _samples[index];
        var read = new List<(Item Item, DataRow Row, int Label)>(items.Length);
        foreach (Item item in items)
        {
            if (TryRead(item) is { } row)
                read.Add(row);
        }
        if (read.Count == 0)
            return null;

        string source = read.Count == 1 ? read[0].Item.ToString() : $"{read[0].Item} and {read.Count - 1} more";
        if (!items[0].File.IsBatchable)
            return Create(source, read[0].Row.Tensors, Enumerable.Repeat(read[0].Label, ItemsIn(read[0].Row.Tensors)));

        // A batch that is short of items is filled up with those it has.
        (Item Item, DataRow Row, int Label)[] batch = [.. Enumerable.Range(0, _signature.Batch).Select(i => read[i % read.Count])];
        ImmutableArray<NamedTensor> inputs = batch.Length == 1
            ? batch[0].Row.Tensors
            : Join(batch[0].Item.File.Path, [.. batch.Select(static part => part.Row)]);
        return Create(source, inputs, batch.Select(static part => part.Label));
    }

    /// <summary>Decodes samples until one can be read.</summary>
    /// <exception cref="DiagnosticException">OCT3003: none can. OCT3004, OCT3009: the first that can be read does not fit.</exception>
    public void EnsureUsable()
    {
        for (int i = 0; i < Count; i++)
        {
            if (TryRead(i) is not null)
                return;
        }
        throw SampleSourceOpening.NothingUsable(_options, _fileCount, _firstProblem);
    }

    /// <summary>Closes the files that are kept open between samples.</summary>
    public void Dispose() => _cursors.Dispose();

    private (Item Item, DataRow Row, int Label)? TryRead(Item item)
    {
        try
        {
            DataRow row = item.File.Read(item.Row);
            return (item, row, _labels?.Of(item.File, row) ?? 0);
        }
        catch (Exception exception) when (UnreadableDataException.Describe(exception) is { } reason)
        {
            if (_reported.TryAdd(item.File.Path, true))
                _diagnostics.Report(DiagnosticCatalog.Create("OCT3002", item.File.Path, reason));
            Interlocked.CompareExchange(ref _firstProblem, $"{item.File.Path}: {reason}", null);
            return null;
        }
    }

    private Sample Create(string source, ImmutableArray<NamedTensor> inputs, IEnumerable<int> labels)
    {
        ImmutableArray<int> known = HasLabels ? [.. labels] : [];
        return new Sample(source, inputs, known is [int label] ? label : null) { Labels = known };
    }

    private int ItemsIn(ImmutableArray<NamedTensor> inputs) => _signature.IsBatched ? (int)inputs[0].Shape[0] : 1;

    /// <summary>Joins rows along the batch dimension.</summary>
    private ImmutableArray<NamedTensor> Join(string file, ImmutableArray<DataRow> rows)
    {
        return [.. _signature.Inputs.Select((input, i) =>
        {
            NamedTensor first = rows[0].Tensors[i];
            var joined = Array.CreateInstance(first.Data.GetType().GetElementType()!, checked(first.Count * rows.Length));
            for (int r = 0; r < rows.Length; r++)
            {
                NamedTensor tensor = rows[r].Tensors[i];
                if (!tensor.Shape.AsSpan().SequenceEqual(first.Shape.AsSpan()))
                    throw InputSignature.Misfit(file, input with { Dimensions = first.Shape }, tensor.Shape);
                Array.Copy(tensor.Data, 0, joined, r * first.Count, first.Count);
            }
            return new NamedTensor(input.Name, first.Shape.SetItem(0, rows.Length), joined);
        })];
    }

    private LabelSource? FindLabels(SampleSourceOpening opening)
    {
        LabelSource? labels = LabelSource.Open(_options.Labels, opening.Files, opening.Roots, out string? problem);
        if (labels is not null)
        {
            DataFile[] files = [.. _samples.SelectMany(static items => items).Select(static item => item.File).Distinct()];
            DataFile[] without = [.. files.Where(file => !labels.Covers(file))];
            if (without.Length > 0 && !string.IsNullOrEmpty(_options.Labels))
                problem = $"{without.Length} of {files.Length} files have none in '{_options.Labels}'; the first is '{without[0].Path}'";
            if (without.Length > 0)
                labels = null;
        }
        if (problem is not null)
            _diagnostics.Report(DiagnosticCatalog.Create("OCT3006", _options.ModelPath, problem));
        return labels;
    }
}
