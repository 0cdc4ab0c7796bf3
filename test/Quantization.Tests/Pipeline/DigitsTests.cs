using Microsoft.ML.OnnxRuntime.Tensors;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Reporting;

namespace Octet.Quantization.Tests.Pipeline;

/// <summary>A trained network on labelled data that neither its training nor its calibration saw.</summary>
public sealed class DigitsTests
{
    private const int Rows = 1797;
    private const int CalibrationSamples = 300;

    public static TheoryData<string> Methods() => [.. CalibrationMethods.All];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Int8_reads_as_many_held_out_digits_as_float(string method)
    {
        using ScratchFolder scratch = new();
        string path = RoundTripTests.TestAsset("models/digits.onnx"), data = RoundTripTests.TestAsset("data/digits.csv.gz");
        using SampleSource rows = SampleSource.Open(new SampleSourceOptions([data], [new ModelInput("pixels", TensorElementType.Float, [1, 1, 8, 8])], path, null, null, 1, Rows), new Diagnosed());
        Assert.Equal(Rows, rows.Count);
        // The split of testassets/data/README.md.
        int[] training = [.. Enumerable.Range(0, Rows).Where(i => i % 5 != 4).Take(CalibrationSamples)];
        int[] heldOut = [.. Enumerable.Range(0, Rows).Where(i => i % 5 == 4)];

        ModelProto prepared = PreparationPipeline.Run(OnnxFile.Read(path), path);
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        CalibratedRanges ranges = Calibrator.Collect(
            prepared, plan.Activations, CalibrationMethods.NeedsHistogram(method), training.Length, i => rows.TryRead(training[i])!.Inputs, scratch.Path).Ranges(method);
        OnnxFile.Write(QdqEmitter.Emit(prepared, plan, ranges.Ranges, weightLimit: 127).Model, scratch.File("int8.onnx"));

        AccuracyMeter accuracy = new(labelled: true);
        using ModelSession reference = new(path, threads: 1);
        using ModelSession variant = new(scratch.File("int8.onnx"), threads: 1);
        foreach (int index in heldOut)
        {
            Sample sample = rows.TryRead(index)!;
            accuracy.Add(reference.Run(sample.Inputs), variant.Run(sample.Inputs), sample.Labels);
        }
        AccuracyReport report = accuracy.ToReport(verified: true);
        Assert.Equal(("top1", heldOut.Length), (report.Metric, report.Samples));
        Assert.InRange(report.Float!.Value, 0.98, 1);
        Assert.True(report.Drop <= 0.003, $"float {report.Float}, int8 {report.Value}, {accuracy.SqnrDb} dB");
        Assert.Equal(new OptimizedGraph(4, 0, 1), OptimizedGraph.Read(scratch.File("int8.onnx"), scratch.Path));
    }
}
