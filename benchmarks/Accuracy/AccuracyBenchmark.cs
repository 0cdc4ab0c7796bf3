using System.Collections.Immutable;
using System.Globalization;
using Octet.Benchmarks.Accuracy;
using Octet.Benchmarks.Peer;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Reporting;
using Octet.Quantization.Search;
using Octet.Runtime;
using SkiaSharp;

namespace Octet.Benchmarks;

/// <summary>
/// How much accuracy int8 costs: Octet's static variant with each calibration method, against what ONNX Runtime's Python tool would write
/// (<see cref="PeerRecipe"/>), on pictures that neither was calibrated on.
/// </summary>
internal static class AccuracyBenchmark
{
    private const int WeightLimit = 127;
    private const int LayersShown = 8;

    /// <summary>The options: <c>--model NAME</c> (all where it is left out), <c>--layers</c> (the noisiest layers of Octet's best variant).</summary>
    public static int Run(string[] args, string repository)
    {
        SKTypeface[] typefaces = Fonts.Find();
        if (typefaces.Length == 0)
        {
            Console.Error.WriteLine(Fonts.None);
            return 1;
        }
        string? only = Arguments.Option(args, "--model");
        string scratch = Directory.CreateTempSubdirectory("octet-accuracy-").FullName;
        try
        {
            MachineDescription machine = MachineDescription.Current;
            Console.WriteLine($"int8 against float ({machine.Cpu}, ONNX Runtime {machine.OnnxRuntime}, {typefaces.Length} fonts)");
            Console.WriteLine();
            Console.WriteLine("| model | judged on | recipe | integer nodes | float compute nodes | SQNR of each output, dB | float top-1 % | int8 top-1 % |");
            Console.WriteLine("|---|---|---|---|---|---|---|---|");
            foreach ((string _, Func<EvaluatedModel> create) in EvaluatedModel.All(repository, typefaces, scratch).Where(model => only is null || model.Key == only))
                Measure(create(), scratch, args.Contains("--layers"));
            return 0;
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static void Measure(EvaluatedModel model, string scratch, bool withLayers)
    {
        using ModelSession reference = new(model.Path, threads: 0);
        ImmutableArray<ImmutableArray<NamedTensor>> expected = [.. model.Evaluation.Select(sample => reference.Run(sample.Inputs))];

        ModelProto prepared = PreparationPipeline.Run(OnnxFile.Read(model.Path), model.Path);
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        CalibrationStatistics statistics = Calibrator.Collect(prepared, plan.Activations, withHistograms: true, model.Calibration.Length, i => model.Calibration[i].Inputs, scratch);
        foreach (string method in CalibrationMethods.All)
            Print(model, $"Octet {method}", QdqEmitter.Emit(prepared, plan, statistics.Ranges(method).Ranges, WeightLimit).Model, expected, scratch);
        StaticSearchSettings settings = new(
            [], WeightLimit, SignedActivations: false, IntegerForm.Pairs, Images: 1, CalibrationMethods.Auto, Pinned: null, model.Calibration.Length, index => model.Calibration[index], scratch, () => true, _ => { });
        StaticRecipe best = new StaticRecipeSearch(settings, judges => TrialBench.Create(reference, judges, model.Labelled, scratch)).Find(prepared);
        EmittedModel emitted = best.Emit(WeightLimit, signedActivations: false);
        Print(model, $"Octet auto ({string.Join(", ", best.Refinements.Where(refinement => refinement.Kept).Select(refinement => refinement.Name).Prepend(best.Ranges.Method))})", emitted.Model, expected, scratch);

        ModelProto preprocessed = PeerModel.Preprocess(model.Path, scratch);
        foreach ((string method, Dictionary<string, ActivationRange> ranges) in PeerCalibration.Collect(preprocessed, [.. model.Calibration.Select(sample => sample.Inputs)], scratch))
        {
            Print(model, $"peer {method}, Conv Gemm MatMul", PeerRecipe.Quantize(preprocessed, PeerRecipe.ComputeOnly, ranges), expected, scratch);
            Print(model, $"peer {method}, default operators", PeerRecipe.Quantize(preprocessed, PeerRecipe.DefaultOperators, ranges), expected, scratch);
        }

        if (withLayers)
            foreach (LayerReport layer in LayerErrors.Measure(best.Prepared, emitted, best.Plan, [.. model.Evaluation.Take(4).Select(sample => sample.Inputs)], scratch).Take(LayersShown))
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {layer.SqnrDb:0.0} dB  {layer.Op} {layer.Node}"));
    }

    private static void Print(EvaluatedModel model, string recipe, ModelProto variant, ImmutableArray<ImmutableArray<NamedTensor>> expected, string scratch)
    {
        string path = Path.Combine(scratch, "variant.onnx");
        OnnxFile.Write(variant, path);
        OptimizedGraph graph = OptimizedGraph.Read(path, scratch);
        using ModelSession session = new(path, threads: 0);
        AccuracyMeter[] outputs = [.. expected[0].Select(_ => new AccuracyMeter(labelled: false))];
        AccuracyMeter classes = new(model.Labelled);
        foreach ((Sample sample, ImmutableArray<NamedTensor> floats) in model.Evaluation.Zip(expected))
        {
            ImmutableArray<NamedTensor> actual = session.Run(sample.Inputs);
            classes.Add(floats, actual, sample.Labels);
            for (int i = 0; i < outputs.Length; i++)
                outputs[i].Add([floats[i]], [actual[i]], []);
        }
        AccuracyReport report = classes.ToReport(verified: true);
        string ratios = string.Join(" / ", outputs.Select(output => output.SqnrDb.ToString("0.0", CultureInfo.InvariantCulture)));
        string top1 = model.Labelled ? string.Create(CultureInfo.InvariantCulture, $"{100 * report.Float:0.00} | {100 * report.Value:0.00}") : "- | -";
        Console.WriteLine($"| {model.Name} | {model.Data} | {recipe} | {graph.IntegerNodes} | {graph.FloatComputeNodes} | {ratios} | {top1} |");
    }
}
