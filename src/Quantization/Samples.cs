using System.Collections.Immutable;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Measurement;
using Octet.Runtime;

namespace Octet.Quantization;

/// <summary>The inputs that a model is measured on: read from the user's data, or made up where there is none.</summary>
internal sealed class Samples : IDisposable
{
    private const int GeneratedCount = 4;
    private readonly Func<int, Sample?> _read;
    private readonly SampleSource? _source;

    private Samples(int count, bool areReal, bool labelled, Func<int, Sample?> read, SampleSource? source)
    {
        _source = source;
        Count = count;
        AreReal = areReal;
        Labelled = labelled;
        _read = read;
    }

    /// <summary>How many there are, unreadable ones included.</summary>
    public int Count { get; }

    /// <summary>Whether they are the user's.</summary>
    public bool AreReal { get; }

    /// <summary>Whether each has a label.</summary>
    public bool Labelled { get; }

    /// <summary>Opens the user's data and makes sure that something in it can be used.</summary>
    /// <exception cref="DiagnosticException">OCT3003 to OCT3009.</exception>
    public static Samples Read(SampleSourceOptions options, IDiagnosticSink diagnostics)
    {
        SampleSource source = SampleSource.Open(options, diagnostics);
        try
        {
            source.EnsureUsable();
            return new Samples(source.Count, true, source.HasLabels, source.TryRead, source);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Makes inputs up; null where a shape is not known.</summary>
    public static Samples? Generate(ImmutableArray<ModelInput> inputs, int batchSize)
    {
        ImmutableArray<NamedTensor>?[] generated = [.. Enumerable.Range(0, GeneratedCount).Select(seed => GeneratedInputs.Create(inputs, batchSize, seed))];
        return generated[0] is null ? null : new Samples(GeneratedCount, false, false, index => new Sample($"generated input {index}", generated[index]!.Value, null), source: null);
    }

    /// <summary>One sample; null where it cannot be read, which has been said. Thread-safe.</summary>
    public Sample? Read(int index) => _read(index);

    /// <summary>The first sample that can be read.</summary>
    public Sample? FirstReadable() => Enumerable.Range(0, Count).Select(Read).FirstOrDefault(sample => sample is not null);

    /// <summary>Closes the data's files.</summary>
    public void Dispose() => _source?.Dispose();
}
