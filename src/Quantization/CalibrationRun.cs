using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.ML.OnnxRuntime;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Diagnostics;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;

namespace Octet.Quantization;

/// <summary>One of several equal parts of the samples.</summary>
/// <param name="Number">1 to <paramref name="Count"/>.</param>
/// <param name="Count">The number of parts.</param>
public readonly record struct Shard(int Number, int Count)
{
    /// <summary>All samples.</summary>
    public static Shard Whole { get; } = new(1, 1);

    /// <summary>Parses <c>K/N</c>.</summary>
    public static bool TryParse(string text, out Shard shard)
    {
        string[] parts = text.Split('/');
        bool valid = parts.Length == 2
            & int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            & int.TryParse(parts.ElementAtOrDefault(1), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            && number >= 1 && number <= count;
        shard = valid ? new Shard(number, count) : Whole;
        return valid;
    }

    /// <summary>The positions of this part's samples: every <see cref="Count"/>th, so that parts are alike.</summary>
    public int[] Positions(int samples)
    {
        (int number, int count) = this;
        return [.. Enumerable.Range(0, samples).Where(position => position % count == number - 1)];
    }
}

/// <summary>A model to calibrate, apart from quantizing it.</summary>
public sealed record CalibrationRequest
{
    /// <summary>The float .onnx file, absolute.</summary>
    public required string ModelPath { get; init; }

    /// <summary>Calibration files and folders, absolute.</summary>
    public required ImmutableArray<string> Data { get; init; }

    /// <summary>How images become inputs; null to guess.</summary>
    public string? Preprocessing { get; init; }

    /// <summary>Extents for inputs whose own are dynamic, by input name.</summary>
    public ImmutableDictionary<string, ImmutableArray<long>> InputShapes { get; init; } = ImmutableDictionary<string, ImmutableArray<long>>.Empty;

    /// <summary>Extent of a dynamic batch dimension.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>The most samples that are read, by all shards together.</summary>
    public int CalibrationSamples { get; init; } = 300;

    /// <summary>The part of the samples to run.</summary>
    public Shard Shard { get; init; } = Shard.Whole;
}

/// <summary>Collects a model's statistics, with histograms, for every value that any choice of excluded nodes may need.</summary>
public static class CalibrationRun
{
    /// <summary>Runs the samples of the request's shard.</summary>
    /// <exception cref="DiagnosticException">The model or the data cannot be used.</exception>
    public static StatisticsFile Run(CalibrationRequest request, IDiagnosticSink diagnostics, IProgress<QuantizationProgress>? progress = null, CancellationToken cancellation = default)
    {
        string name = Path.GetFileNameWithoutExtension(request.ModelPath);
        ImmutableArray<ModelInput> inputs = Inputs(request);
        using SampleSource samples = SampleSource.Open(
            new SampleSourceOptions(request.Data, inputs, request.ModelPath, request.Preprocessing, null, request.BatchSize, request.CalibrationSamples), diagnostics);
        samples.EnsureUsable();

        progress?.Report(new QuantizationProgress(name, "preparing"));
        ModelProto prepared = Prepare(request.ModelPath);
        ManagedMemory.ReturnUnused();
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        if (plan.Activations.IsEmpty)
            throw DiagnosticCatalog.Exception("OCT2007", request.ModelPath, "it has no Conv, Gemm or MatMul that can be integer, so that there is nothing to calibrate");

        int[] positions = request.Shard.Positions(samples.Count);
        progress?.Report(new QuantizationProgress(name, $"calibrating on {positions.Length} inputs"));
        string scratch = Directory.CreateTempSubdirectory("octet-calibration-").FullName;
        try
        {
            CalibrationStatistics statistics = Calibrator.Collect(
                prepared, plan.Observed, withHistograms: true, positions.Length, index => samples.TryRead(positions[index])?.Inputs, scratch, cancellation: cancellation);
            return new StatisticsFile(FileHash.Of(request.ModelPath), statistics);
        }
        catch (OnnxRuntimeException exception)
        {
            throw DiagnosticCatalog.Exception("OCT2005", request.ModelPath, MachineDescription.Current.OnnxRuntime, exception.OneLine());
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static ImmutableArray<ModelInput> Inputs(CalibrationRequest request)
    {
        OnnxFile.ReadWithoutExternalData(request.ModelPath);
        try
        {
            using ModelSession session = new(request.ModelPath, threads: 1);
            return TensorSignature.Inputs(session, request.InputShapes, request.ModelPath);
        }
        catch (OnnxRuntimeException exception)
        {
            throw DiagnosticCatalog.Exception("OCT2005", request.ModelPath, MachineDescription.Current.OnnxRuntime, exception.OneLine());
        }
    }

    // A method of its own: the original model must not live on in a caller's frame.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ModelProto Prepare(string path) => PreparationPipeline.Run(OnnxFile.Read(path), path);
}
