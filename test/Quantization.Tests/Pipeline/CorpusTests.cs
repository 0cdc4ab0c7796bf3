using System.Globalization;
using Google.Protobuf;
using Octet.Quantization.Calibration;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Runtime;

namespace Octet.Quantization.Tests.Pipeline;

/// <summary>Every model of testassets/models goes the engine's whole way. That reading and writing loses nothing is held by <see cref="RoundTripTests"/>.</summary>
public sealed class CorpusTests
{
    private const int CalibrationSamples = 4;
    private const int OtherSamples = 2;

    // A float's 24 bits are 138 dB or more; folding weights and summing in another order costs some of it. Measured: 121 and above.
    private const double FloatRoundingDb = 100;

    public static TheoryData<string> Models() => [.. RealModel.All.Select(model => model.Name)];

    [Fact]
    public void No_model_is_left_out() =>
        Assert.Equal(
            Directory.EnumerateFiles(RoundTripTests.TestAsset("models"), "*.onnx").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal),
            RealModel.All.Select(model => model.Name).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Models))]
    public void Preparation_leaves_the_outputs_as_they_are(string name)
    {
        RealModel model = Model(name);
        Assert.All(SqnrDb(model, OnnxFile.Read(model.Path), Prepare(model)), output => Assert.InRange(output, FloatRoundingDb, Agreement.LimitDb));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_node_that_has_an_integer_kernel_runs_in_it_and_the_outputs_agree(string name)
    {
        RealModel model = Model(name);
        ModelProto prepared = Prepare(model);
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        ModelProto variant = Emit(prepared, plan, Calibrate(model, prepared, plan, threads: 0));

        int compute = prepared.Graph.Node.Count(OperatorTraits.IsCompute);
        OptimizedGraph optimized = Quantized.Optimized(variant);
        Assert.Equal((plan.ComputeNodes.Count, compute - plan.ComputeNodes.Count), (optimized.IntegerNodes, optimized.FloatComputeNodes));
        Assert.All(plan.FloatReasons, reason => Assert.Contains("ConvTranspose", reason.Value));
        double[] outputs = SqnrDb(model, OnnxFile.Read(model.Path), variant);
        Assert.True(outputs.Zip(model.LowestSqnrDb).All(pair => pair.First >= pair.Second), string.Join(", ", outputs.Select(output => output.ToString("0.0", CultureInfo.InvariantCulture))));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void The_bytes_are_the_same_whatever_the_number_of_threads(string name)
    {
        RealModel model = Model(name);
        Assert.Equal(Bytes(model, threads: 1), Bytes(model, threads: 2));
    }

    private static RealModel Model(string name) => RealModel.All.Single(model => model.Name == name);

    private static byte[] Bytes(RealModel model, int threads)
    {
        ModelProto prepared = Prepare(model);
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        return Emit(prepared, plan, Calibrate(model, prepared, plan, threads)).ToByteArray();
    }

    private static ModelProto Prepare(RealModel model) => PreparationPipeline.Run(OnnxFile.Read(model.Path), model.Path);

    private static CalibratedRanges Calibrate(RealModel model, ModelProto prepared, QuantizationPlan plan, int threads)
    {
        using ScratchFolder scratch = new();
        return Calibrator.Collect(prepared, plan.Activations, withHistograms: true, CalibrationSamples, sample => [model.Picture(sample)], scratch.Path, threads).Ranges(CalibrationMethods.Mse);
    }

    private static ModelProto Emit(ModelProto prepared, QuantizationPlan plan, CalibratedRanges ranges) =>
        QdqEmitter.Emit(prepared, plan, ranges.Ranges, weightLimit: 127).Model;

    /// <summary>The ratio of each output, dB, over other pictures than those of the calibration.</summary>
    private static double[] SqnrDb(RealModel model, ModelProto expected, ModelProto actual)
    {
        AccuracyMeter[] meters = [.. expected.Graph.Output.Select(_ => new AccuracyMeter(labelled: false))];
        foreach (int seed in Enumerable.Range(CalibrationSamples, OtherSamples))
        {
            NamedTensor picture = model.Picture(seed);
            foreach ((AccuracyMeter meter, NamedTensor before, NamedTensor after) in meters.Zip(Reference.Run(expected, picture), Reference.Run(actual, picture)))
                meter.Add([before], [after], []);
        }
        return [.. meters.Select(meter => meter.SqnrDb)];
    }
}
