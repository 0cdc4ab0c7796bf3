using System.Collections.Immutable;
using System.Globalization;
using System.IO.Compression;

namespace Octet.Runtime;

/// <summary>A few inputs with the float model's outputs, stored beside the variants, to recheck agreement at start.</summary>
/// <remarks>
/// The file is a zip that NumPy opens as .npz: entries <c>0/in/NAME.npy</c> and <c>0/out/NAME.npy</c>, the number counting the cases and
/// the tensors' names percent-escaped. Equal probes give equal bytes.
/// </remarks>
/// <param name="Cases">The runs.</param>
public sealed record Probe(ImmutableArray<ProbeCase> Cases)
{
    private const string Extension = ".npy";

    /// <summary>The earliest time that a zip can hold.</summary>
    private static readonly DateTimeOffset EntryTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Reads a probe; the stream stays open.</summary>
    /// <param name="stream">A readable stream.</param>
    /// <exception cref="InvalidDataException">It is no probe, or it is damaged.</exception>
    public static Probe Read(Stream stream)
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        var cases = new SortedDictionary<int, (List<NamedTensor> Inputs, List<NamedTensor> Outputs)>();
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            string[] parts = entry.FullName.Split('/');
            if (parts.Length != 3
                || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                || parts[1] is not ("in" or "out")
                || !parts[2].EndsWith(Extension, StringComparison.Ordinal))
            {
                throw new InvalidDataException($"A probe has no entry '{entry.FullName}'.");
            }

            if (!cases.TryGetValue(number, out (List<NamedTensor> Inputs, List<NamedTensor> Outputs) tensors))
                cases.Add(number, tensors = ([], []));
            string name = Uri.UnescapeDataString(parts[2].Substring(0, parts[2].Length - Extension.Length));
            using Stream content = entry.Open();
            (parts[1] == "in" ? tensors.Inputs : tensors.Outputs).Add(Npy.Read(content, name));
        }
        return new Probe([.. cases.Values.Select(static tensors => new ProbeCase([.. tensors.Inputs], [.. tensors.Outputs]))]);
    }

    /// <summary>Writes the probe; the stream stays open.</summary>
    /// <param name="stream">A writable stream.</param>
    public void Write(Stream stream)
    {
        // Through memory: an archive's bytes differ between streams that can seek and those that cannot.
        using var buffer = new MemoryStream();
        using (var archive = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            for (int i = 0; i < Cases.Length; i++)
            {
                WriteTensors(archive, $"{i}/in/", Cases[i].Inputs);
                WriteTensors(archive, $"{i}/out/", Cases[i].Outputs);
            }
        }
        buffer.Position = 0;
        buffer.CopyTo(stream);
    }

    private static void WriteTensors(ZipArchive archive, string folder, ImmutableArray<NamedTensor> tensors)
    {
        foreach (NamedTensor tensor in tensors)
        {
            // Stored, not deflated: what a compressor writes depends on its version.
            ZipArchiveEntry entry = archive.CreateEntry(folder + Uri.EscapeDataString(tensor.Name) + Extension, CompressionLevel.NoCompression);
            entry.LastWriteTime = EntryTime;
            using Stream content = entry.Open();
            Npy.Write(content, tensor);
        }
    }
}
