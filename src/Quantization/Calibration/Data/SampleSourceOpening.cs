using System.Collections.Concurrent;
using System.Collections.Immutable;
using Octet.Quantization.Diagnostics;

namespace Octet.Quantization.Calibration.Data;

/// <summary>The first look at all files, and what is learnt from it.</summary>
internal sealed class SampleSourceOpening
{
    private readonly IDiagnosticSink _diagnostics;
    private readonly List<DataFile> _files = [];

    public SampleSourceOpening(SampleSourceOptions options, IDiagnosticSink diagnostics)
    {
        if (options.Inputs.IsEmpty)
            throw new ArgumentException("A model without inputs takes no data.", nameof(options));
        _diagnostics = diagnostics;
        Options = File.Exists(options.Labels) ? options with { Labels = Path.GetFullPath(options.Labels) } : options;
        Signature = new InputSignature(options.Inputs, options.BatchSize);
    }

    public SampleSourceOptions Options { get; }

    public InputSignature Signature { get; }

    public CursorPool Cursors { get; } = new();

    /// <summary>The files that can be opened.</summary>
    public IReadOnlyList<DataFile> Files => _files;

    /// <summary>The folders that were given.</summary>
    public ImmutableArray<string> Roots { get; private set; } = [];

    /// <summary>How many files there are, those that cannot be opened among them.</summary>
    public int FileCount { get; private set; }

    /// <summary>How images feed the model; null without images.</summary>
    public ImageInput? Images { get; private set; }

    /// <summary>The files that OCT3002 was reported for.</summary>
    public ConcurrentDictionary<string, bool> Reported { get; } = new(StringComparer.Ordinal);

    /// <summary>The first reason why a file could not be used.</summary>
    public string? FirstProblem { get; private set; }

    /// <exception cref="DiagnosticException">See <see cref="SampleSource.Open"/>.</exception>
    public void Run()
    {
        ImagePreprocessing preprocessing = ImagePreprocessing.Parse(Options.Preprocessing ?? "", Options.ModelPath);
        DataFiles found = DataFiles.Find(Options.Files, Options.ModelPath, _diagnostics);
        Roots = found.Roots;
        FileCount = found.Paths.Length + found.Ignored.Length;
        if (found.Paths.IsEmpty && !found.Ignored.IsEmpty)
            FirstProblem = $"{found.Ignored[0]}: it is not an image, .npy, .npz, .pb or .csv";

        ImageTransform? transform = null;
        if (PathsOf(found, DataFileKind.Image) is { Count: > 0 } images)
        {
            Images = ImageInput.Resolve(Options.Inputs, preprocessing, images[0], () => FirstSize(images), Options.ModelPath, _diagnostics);
            transform = new ImageTransform(Images);
        }
        Dictionary<string, ImmutableArray<string>> tensorFiles = OnnxTensorFile.Group(PathsOf(found, DataFileKind.OnnxTensor), Signature)
            .ToDictionary(static group => group[0], StringComparer.Ordinal);

        foreach (string path in found.Paths)
        {
            switch (DataFiles.KindOf(path))
            {
                case DataFileKind.Image:
                    _files.Add(new ImageFile(path, transform!));
                    break;
                case DataFileKind.Npy:
                    TryAdd(path, () => ArrayFile.OpenNpy(path, Signature, Cursors));
                    break;
                case DataFileKind.Npz:
                    TryAdd(path, () => ArrayFile.OpenNpz(path, Signature, Cursors));
                    break;
                case DataFileKind.OnnxTensor when tensorFiles.TryGetValue(path, out ImmutableArray<string> group):
                    _files.Add(new OnnxTensorFile(group, Signature));
                    break;
                case DataFileKind.Csv:
                    TryAdd(path, () => CsvFile.Open(path, Signature, Options.Labels, Cursors));
                    break;
            }
        }
    }

    /// <summary>OCT3003.</summary>
    public static DiagnosticException NothingUsable(SampleSourceOptions options, int fileCount, string? firstProblem) =>
        DiagnosticCatalog.Exception("OCT3003", options.ModelPath, fileCount, Path.GetFileName(options.ModelPath), firstProblem ?? "there is no file");

    private static List<string> PathsOf(DataFiles files, DataFileKind kind) => [.. files.Paths.Where(path => DataFiles.KindOf(path) == kind)];

    private void TryAdd(string path, Func<DataFile> open)
    {
        try
        {
            DataFile file = open();
            // The list of labels often lies among the data that it speaks of.
            if (path != Options.Labels || file is CsvFile { HasLabelColumn: true })
                _files.Add(file);
            else
                FileCount--;
        }
        catch (Exception exception) when (UnreadableDataException.Describe(exception) is { } reason)
        {
            if (path == Options.Labels)
            {
                FileCount--;
                return;
            }
            FirstProblem ??= $"{path}: {reason}";
            Reported[path] = true;
            _diagnostics.Report(DiagnosticCatalog.Create("OCT3002", path, reason));
        }
    }

    private ImageSize FirstSize(IEnumerable<string> images)
    {
        foreach (string path in images)
        {
            try
            {
                return ImageDecoder.ReadSize(path);
            }
            catch (Exception exception) when (UnreadableDataException.Describe(exception) is { } reason)
            {
                FirstProblem ??= $"{path}: {reason}";
            }
        }
        throw NothingUsable(Options, FileCount, FirstProblem);
    }
}
