using System.Collections.Immutable;
using System.IO.Compression;
using Octet.Quantization.Diagnostics;
using Octet.Runtime;

namespace Octet.Quantization.Calibration.Data;

/// <summary>A .npy file, or a .npz archive with arrays that are named after the model's inputs.</summary>
/// <remarks>
/// The arrays hold, in this order of preference: rows of a batch (<c>[N,...]</c> for an input <c>[B,...]</c>), one row without its batch
/// dimension, the whole input, or many inputs along one dimension more. Several arrays are cut alike.
/// </remarks>
internal sealed class ArrayFile : DataFile
{
    /// <summary>Deflate cannot make more of a byte; an entry that claims to be longer lies.</summary>
    private const int LargestExpansion = 1032;

    private readonly InputSignature _signature;
    private readonly ImmutableArray<NpyArray> _arrays;
    private readonly ArrayFeed _feed;
    private readonly DiagnosticException? _misfit;

    private ArrayFile(string path, InputSignature signature, ImmutableArray<NpyArray> arrays, DiagnosticException? misfit) : base(path)
    {
        _signature = signature;
        _arrays = arrays;
        _misfit = misfit;
        if (misfit is not null)
            return;
        if (signature.Match([.. arrays.Select(static array => array.Shape)]) is { } feed)
            _feed = feed.Count > 0 ? feed : throw new UnreadableDataException("it holds no sample");
        else
            _misfit = WorstMisfit();
    }

    public override long Rows => _misfit is null ? _feed.Count : 1;

    public override bool IsBatchable => _feed.IsBatchable;

    /// <summary>Opens a .npy file, which feeds a model of one input.</summary>
    public static ArrayFile OpenNpy(string path, InputSignature signature, CursorPool cursors)
    {
        var array = new NpyArray(() => new ForwardStream(File.OpenRead(path)), new FileInfo(path).Length, cursors);
        DiagnosticException? misfit = signature.Inputs.Length == 1
            ? null
            : InputSignature.Missing(path, signature.Inputs[1], "one array without a name");
        return new ArrayFile(path, signature, [array], misfit);
    }

    /// <summary>Opens a .npz archive.</summary>
    public static ArrayFile OpenNpz(string path, InputSignature signature, CursorPool cursors)
    {
        using ZipArchive archive = OpenArchive(path);
        var entries = new Dictionary<string, ZipArchiveEntry>(StringComparer.Ordinal);
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            if (entry.FullName.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
                entries.TryAdd(Uri.UnescapeDataString(entry.FullName[..^".npy".Length]), entry);
        }

        long archiveBytes = new FileInfo(path).Length;
        var arrays = ImmutableArray.CreateBuilder<NpyArray>(signature.Inputs.Length);
        foreach (ModelInput input in signature.Inputs)
        {
            // Where there is one array and one input there is nothing to tell apart, and np.savez calls it arr_0.
            ZipArchiveEntry? entry = signature.Inputs.Length == 1 && entries.Count == 1
                ? entries.Values.Single()
                : entries.GetValueOrDefault(input.Name);
            if (entry is null)
            {
                string held = entries.Count == 0 ? "no arrays" : string.Join(", ", entries.Keys.Order(StringComparer.Ordinal).Take(20));
                return new ArrayFile(path, signature, [], InputSignature.Missing(path, input, held));
            }
            string name = entry.FullName;
            long possible = (Math.Min(entry.CompressedLength, archiveBytes) + 1) * LargestExpansion;
            arrays.Add(new NpyArray(() => OpenEntry(path, name), Math.Min(entry.Length, possible), cursors));
        }
        return new ArrayFile(path, signature, arrays.ToImmutable(), null);
    }

    public override DataRow Read(long row)
    {
        if (_misfit is not null)
            throw new DiagnosticException(_misfit.Diagnostic);
        return new DataRow([.. _arrays.Zip(_signature.Inputs, (array, input) =>
        {
            Array data = TensorConversion.Convert(_feed.IsCut ? array.Read(row) : array.Read(), input.ElementType);
            return new NamedTensor(input.Name, _feed.PartShape(array.Shape), data);
        })]);
    }

    private static ZipArchive OpenArchive(string path)
    {
        try
        {
            return ZipFile.OpenRead(path);
        }
        catch (InvalidDataException exception)
        {
            throw new UnreadableDataException("it is not a .npz archive, or it is damaged", exception);
        }
    }

    private static ForwardStream OpenEntry(string path, string name)
    {
        ZipArchive archive = OpenArchive(path);
        try
        {
            ZipArchiveEntry entry = archive.GetEntry(name) ?? throw new UnreadableDataException($"the array '{name}' is no longer there");
            return new ForwardStream(entry.Open(), archive);
        }
        catch (InvalidDataException exception)
        {
            archive.Dispose();
            throw new UnreadableDataException($"the array '{name}' of it is damaged, or packed in an unknown way", exception);
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    /// <summary>The first array that cannot be even one part of its input, else the first: they do not go together.</summary>
    private DiagnosticException WorstMisfit()
    {
        int worst = 0;
        for (int i = 0; i < _arrays.Length; i++)
        {
            ModelInput input = _signature.Inputs[i];
            if (new InputSignature([input], _signature.Batch).Match([_arrays[i].Shape]) is null)
            {
                worst = i;
                break;
            }
        }
        return InputSignature.Misfit(Path, _signature.Inputs[worst], _arrays[worst].Shape);
    }
}
