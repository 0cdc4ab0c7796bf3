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

namespace Octet.Quantization.Tests.Search;

public sealed class CalibrationMethodTests
{
    [Fact]
    public void Auto_keeps_the_most_accurate_of_all_methods()
    {
        using ScratchFolder scratch = new();
        ModelProto model = Model();
        OnnxFile.Write(model, scratch.File("model.onnx"));
        ModelProto prepared = PreparationPipeline.Run(model, "model.onnx");
        QuantizationPlan plan = StaticQuantization.Plan(prepared, []);
        Sample[] samples = [.. Enumerable.Range(0, 6).Select(Input).Select(input => new Sample("test", [input], null))];
        CalibrationStatistics statistics = Calibrator.Collect(prepared, plan.Activations, withHistograms: true, samples.Length, index => samples[index].Inputs, scratch.Path);
        using ModelSession reference = new(scratch.File("model.onnx"), threads: 1);
        TrialBench bench = TrialBench.Create(reference, samples, labelled: false, scratch.Path);
        StaticRecipe recipe = new(prepared, plan, statistics.Ranges(CalibrationMethods.MinMax));

        CalibratedRanges best = CalibrationMethodSearch.Best(recipe, statistics, trial => bench.Measure(trial.Emit(127, signedActivations: false).Model)).Recipe.Ranges;

        Assert.Equal(CalibrationMethods.All, best.Tried.Select(tried => tried.Method));
        // A tenth of a decibel decides nothing.
        Assert.InRange(best.Tried.Single(tried => tried.Method == best.Method).SqnrDb, best.Tried.Max(tried => tried.SqnrDb) - 0.1, double.PositiveInfinity);
        // One far outlier in millions of values: the full range cannot be the best.
        Assert.NotEqual(CalibrationMethods.MinMax, best.Method);
        Assert.Equal(statistics.Ranges(best.Method).Ranges.OrderBy(pair => pair.Key, StringComparer.Ordinal), best.Ranges.OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void The_method_of_the_request_is_in_the_recipe_and_statistics_replace_the_run()
    {
        using ScratchFolder scratch = new();
        string model = scratch.File("model.onnx");
        OnnxFile.Write(Model(), model);
        Directory.CreateDirectory(scratch.File("data"));
        for (int i = 0; i < 6; i++)
        {
            using FileStream stream = File.Create(scratch.File($"data/{i}.npy"));
            Npy.Write(stream, Input(i));
        }
        StatisticsFile[] shards =
        [
            .. Enumerable.Range(1, 2).Select(number => CalibrationRun.Run(
                new CalibrationRequest { ModelPath = model, Data = [scratch.File("data")], Shard = new Shard(number, 2) }, new Diagnosed())),
        ];
        shards[1].Merge(shards[0], "first").Write(scratch.File("all.json"));
        QuantizationRequest request = new()
        {
            ModelPath = model,
            Name = "model",
            Source = "model.onnx",
            OutputDirectory = scratch.File("out"),
            FloatFileName = "model.onnx",
            Data = [scratch.File("data")],
            Variants = [Variants.Int8],
            Method = CalibrationMethods.Mse,
            MaxAccuracyDrop = 1,
            Search = false,
        };

        string run = Recipe(request);
        Assert.Contains("\"calibration\":\"mse\"", run);
        Assert.Equal(run, Recipe(request with { Statistics = scratch.File("all.json") }));
        string auto = Recipe(request with { Method = CalibrationMethods.Auto, Statistics = scratch.File("all.json") });
        Assert.Contains("\"calibrationsTried\":[{\"method\":\"minmax\"", auto);
        Assert.DoesNotContain("\"calibration\":\"auto\"", auto);

        // Without data the statistics still make the variant; it is measured on generated inputs.
        Assert.Contains("\"calibration\":\"mse\"", Recipe(request with { Data = [], Statistics = scratch.File("all.json") }));
        Diagnosed.Throws("OCT3011", () => Recipe(request with { Statistics = scratch.File("none.json") }));
        ModelProto other = Model();
        other.ProducerName = "other";
        OnnxFile.Write(other, scratch.File("other.onnx"));
        Diagnosed.Throws("OCT3012", () => Recipe(request with { ModelPath = scratch.File("other.onnx"), Statistics = scratch.File("all.json") }));
    }

    private static string Recipe(QuantizationRequest request)
    {
        VariantReport row = QuantizationPipeline.Run(request with { TimeBudget = TimeSpan.FromSeconds(1) }, new Diagnosed()).Report.Variants.Single(variant => variant.Name == Variants.Int8);
        return row.Recipe?.ToJsonString() ?? $"{row.Verdict}: {row.Reason}";
    }

    private static ModelProto Model()
    {
        GraphBuilder builder = new();
        string x = builder.Input("x", 1, 3, 64, 64);
        builder.Output(builder.Conv(builder.Node("Relu", [builder.Conv(x, 16, 3, 3)]), 4, 16, 3), 1, 4, 64, 64);
        return builder.Build();
    }

    private static NamedTensor Input(int seed)
    {
        NamedTensor input = Reference.Tensor("x", [1, 3, 64, 64], seed);
        if (seed == 0)
            ((float[])input.Data)[17] = 300;
        return input;
    }
}
