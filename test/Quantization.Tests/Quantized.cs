using System.Collections.Immutable;
using Octet.Quantization.Calibration;
using Octet.Quantization.Calibration.Data;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;
using Octet.Quantization.Search;
using Octet.Runtime;

namespace Octet.Quantization.Tests;

/// <summary>The engine's way from a small float model to its static variant, without files and options.</summary>
internal static class Quantized
{
    public static EmittedModel Make(ModelProto model, NamedTensor input, params string[] exclude) => Make(model, input, signed: false, exclude);

    public static EmittedModel Make(ModelProto model, NamedTensor input, bool signed, params string[] exclude)
    {
        using ScratchFolder scratch = new();
        ModelProto prepared = PreparationPipeline.Run(model, "test.onnx");
        QuantizationPlan plan = StaticQuantization.Plan(prepared, [.. exclude.Select(pattern => new NodePattern(pattern))]);
        CalibrationStatistics statistics = Calibrator.Collect(prepared, plan.Activations, withHistograms: false, 1, _ => [input], scratch.Path);
        return QdqEmitter.Emit(prepared, plan, statistics.Ranges(CalibrationMethods.MinMax).Ranges, weightLimit: 127, signed);
    }

    /// <summary>The static variant as the engine makes it, calibrated on several samples of several inputs.</summary>
    public static VariantBuild Static(ModelProto model, NamedTensor[][] samples, QuantizationTarget target, params string[] exclude)
    {
        using ScratchFolder scratch = new();
        ModelProto prepared = PreparationPipeline.Run(model, "test.onnx");
        ImmutableArray<NodePattern> excluded = [.. exclude.Select(pattern => new NodePattern(pattern))];
        StaticSearchSettings settings = new(
            excluded,
            target.WeightLimit,
            target.SignedActivations,
            IntegerForm.Pairs,
            1,
            CalibrationMethods.MinMax,
            new PinnedChoices(IntegerForm.Pairs, [], [], ImmutableSortedDictionary<string, string>.Empty),
            samples.Length,
            index => new Sample("test", [.. samples[index]], null),
            scratch.Path,
            () => true,
            _ => { });
        StaticRecipe recipe = new StaticRecipeSearch(settings, _ => throw new InvalidOperationException("What is pinned is not tried.")).Find(prepared);
        VariantFactory factory = new(prepared, excluded, target, () => recipe);
        return factory.Make(Variants.Int8);
    }

    /// <summary>A variant that needs no calibration.</summary>
    public static VariantBuild Variant(ModelProto model, string variant, params string[] exclude) => Variant(model, variant, QuantizationTarget.X64Vnni, exclude);

    public static VariantBuild Variant(ModelProto model, string variant, QuantizationTarget target, params string[] exclude) =>
        new VariantFactory(PreparationPipeline.Run(model, "test.onnx"), [.. exclude.Select(pattern => new NodePattern(pattern))], target, () => throw new InvalidOperationException("It needs no calibration."))
            .Make(variant);

    public static OptimizedGraph Optimized(ModelProto model)
    {
        using ScratchFolder scratch = new();
        OnnxFile.Write(model, scratch.File("model.onnx"));
        return OptimizedGraph.Read(scratch.File("model.onnx"), scratch.Path);
    }

    /// <summary>The ratio of the variant's first output to the float model's, dB.</summary>
    public static double SqnrDb(ModelProto model, ModelProto variant, params NamedTensor[] inputs) =>
        Agreement.SqnrDb(Reference.Run(model, inputs).Floats(), Reference.Run(variant, inputs).Floats());
}
