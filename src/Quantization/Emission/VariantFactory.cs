using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Octet.Quantization.Calibration;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Emission;

/// <summary>Makes variants from one prepared model. Calibrates at most once, whatever the number of static variants.</summary>
public sealed class VariantFactory
{
    private readonly ModelProto _prepared;
    private readonly ImmutableArray<NodePattern> _exclude;
    private readonly QuantizationTarget _target;
    private readonly Lazy<StaticRecipe> _static;
    private readonly Func<RewrittenModel> _rewrite;

    /// <summary>Creates the factory.</summary>
    /// <param name="prepared">The prepared float model.</param>
    /// <param name="exclude">Nodes and operators that stay float.</param>
    /// <param name="target">The processors to make variants for.</param>
    /// <param name="rewrite">Makes the float variant of the prepared one; null for none but the preparation.</param>
    /// <param name="findStatic">Finds the recipe of the static variants; called once, when the first of them is made.</param>
    public VariantFactory(
        ModelProto prepared,
        ImmutableArray<NodePattern> exclude,
        QuantizationTarget target,
        Func<StaticRecipe> findStatic,
        Func<RewrittenModel>? rewrite = null)
    {
        _prepared = prepared;
        _exclude = exclude;
        _target = target;
        _rewrite = rewrite ?? (() => new RewrittenModel(prepared, []));
        _static = new Lazy<StaticRecipe>(findStatic);
    }

    /// <summary>Makes a variant.</summary>
    /// <exception cref="InvalidDataException">The model gives nothing to make it from; the message says what is missing.</exception>
    public VariantBuild Make(string variant) => variant switch
    {
        Variants.FloatOptimized => MakeFloatOptimized(),
        Variants.Int8 or Variants.Int8Portable => Make(variant, _static.Value),
        Variants.Int8Dynamic => MakeDynamic(),
        Variants.Int8Weights => MakeWeightOnly(variant, 8),
        Variants.Int4Weights => MakeWeightOnly(variant, 4),
        Variants.Float16 => MakeFloat16(),
        _ => throw new ArgumentException($"'{variant}' is no variant that is made.", nameof(variant)),
    };

    /// <summary>Makes a static variant from a recipe other than the one found first.</summary>
    public VariantBuild Make(string variant, StaticRecipe found)
    {
        EmittedModel emitted = found.Emit(Variants.WeightLimit(variant), _target.SignedActivations);
        CalibratedRanges calibrated = found.Ranges;
        JsonObject recipe = Recipe(variant, "static");
        recipe["activations"] = _target.SignedActivations ? "int8 per tensor" : "uint8 per tensor";
        recipe["weights"] = Integers(Variants.WeightLimit(variant));
        if (found.TrainedWeights is { } trained)
            recipe["trainedWeights"] = trained.Values.Count(weights => weights.Fits(Variants.WeightLimit(variant)));
        recipe["calibration"] = calibrated.Method;
        if (!calibrated.Tried.IsEmpty)
            recipe["calibrationsTried"] = new JsonArray([.. calibrated.Tried.Select(tried => (JsonNode)new JsonObject { ["method"] = tried.Method, ["drop"] = tried.Drop, ["sqnrDb"] = tried.SqnrDb })]);
        recipe["samples"] = calibrated.Samples;
        recipe["heldOut"] = found.HeldOut;
        recipe["refinements"] = new JsonArray([.. found.Refinements.Select(tried => (JsonNode)new JsonObject
        {
            ["name"] = tried.Name,
            ["drop"] = tried.Drop,
            ["sqnrDb"] = tried.SqnrDb,
            ["kept"] = tried.Kept,
        })]);
        recipe["form"] = found.Form.Name;
        recipe["rewrites"] = Names(found.Rewrites);
        if (found.Search is { } search)
            recipe["search"] = search.DeepClone();
        recipe["leftFloat"] = new JsonArray([.. found.LeftFloat.Select(Left)]);
        Describe(recipe, found.Plan.ComputeNodes.Count, found.Plan.FloatReasons);
        return new VariantBuild(variant, emitted.Model, recipe, emitted, found);
    }

    private VariantBuild MakeFloatOptimized()
    {
        RewrittenModel rewritten = _rewrite();
        JsonObject recipe = Recipe(Variants.FloatOptimized, "preparation");
        recipe["rewrites"] = Names(rewritten.Passes);
        return new VariantBuild(Variants.FloatOptimized, rewritten.Model, recipe);
    }

    private VariantBuild MakeDynamic()
    {
        ModelProto model = _prepared.Clone();
        NodePlan plan = NotEmpty(DynamicQuantization.Plan(model, _exclude), "it has no MatMul, Gemm, LSTM or Attention");
        JsonObject recipe = Recipe(Variants.Int8Dynamic, "dynamic");
        recipe["activations"] = "uint8 per tensor, at run time";
        recipe["weights"] = Integers(_target.WeightLimit);
        Describe(recipe, plan.Nodes.Count, plan.FloatReasons);
        return new VariantBuild(Variants.Int8Dynamic, DynamicEmitter.Emit(model, plan, _target.WeightLimit), recipe);
    }

    private VariantBuild MakeWeightOnly(string variant, int bits)
    {
        ModelProto model = _prepared.Clone();
        NodePlan plan = NotEmpty(WeightOnlyQuantization.Plan(model, _exclude, bits), "it has no MatMul or Gemm");
        int lookUps = plan.Nodes.Count(node => !OperatorTraits.IsCompute(node));
        JsonObject recipe = Recipe(variant, "weight-only");
        recipe["weights"] = $"int{bits} in blocks of {WeightOnlyQuantization.BlockSize}";
        recipe["accuracyLevel"] = WeightOnlyQuantization.AccuracyLevel;
        recipe["activations"] = "int8 per block, inside the kernel";
        recipe["lookUps"] = lookUps;
        Describe(recipe, plan.Nodes.Count - lookUps, plan.FloatReasons);
        return new VariantBuild(variant, WeightOnlyEmitter.Emit(model, plan, bits), recipe);
    }

    private VariantBuild MakeFloat16()
    {
        ModelProto model = _prepared.Clone();
        NodePlan plan = NotEmpty(Float16Conversion.Plan(model, _exclude), "it has no compute node");
        (ModelProto converted, ImmutableArray<string> clamped) = Float16Emitter.Emit(model, plan);
        JsonObject recipe = Recipe(Variants.Float16, "float16");
        recipe["weights"] = "float16";
        recipe["activations"] = "float16";
        // Values beyond half precision's range became its largest; -3.4e38 in attention masks is one such.
        recipe["clamped"] = new JsonArray([.. clamped.Select(name => (JsonNode)name)]);
        Describe(recipe, plan.Nodes.Count(OperatorTraits.IsCompute), plan.FloatReasons);
        return new VariantBuild(Variants.Float16, converted, recipe);
    }

    /// <summary>The plan, if it makes anything integer.</summary>
    /// <exception cref="InvalidDataException">It does not; the message says why.</exception>
    public static QuantizationPlan NotEmpty(QuantizationPlan plan) => plan.ComputeNodes.IsEmpty ? throw Nothing("it has no Conv, Gemm or MatMul", plan.FloatReasons) : plan;

    private static NodePlan NotEmpty(NodePlan plan, string reason) => plan.Nodes.Any(OperatorTraits.IsCompute) ? plan : throw Nothing(reason, plan.FloatReasons);

    private static InvalidDataException Nothing(string reason, ImmutableSortedDictionary<string, string> floatReasons) => new(floatReasons.IsEmpty
        ? reason
        : $"of its {floatReasons.Count} compute nodes none can be quantized this way, {floatReasons.First().Key} because {floatReasons.First().Value}");

    private static string Integers(int limit) => limit < 127 ? "int7 per channel" : "int8 per channel";

    private JsonObject Recipe(string variant, string method) => new()
    {
        ["variant"] = variant,
        ["method"] = method,
        ["target"] = _target.Name,
        ["passes"] = new JsonArray([.. PreparationPipeline.Passes.Select(pass => (JsonNode)pass.Name)]),
        ["exclude"] = new JsonArray([.. _exclude.Select(pattern => (JsonNode)pattern.Pattern)]),
    };

    private static void Describe(JsonObject recipe, int quantized, ImmutableSortedDictionary<string, string> floatReasons)
    {
        recipe["computeNodes"] = quantized;
        recipe["float"] = new JsonArray([.. floatReasons.Select(Left)]);
    }

    private static JsonArray Names(IEnumerable<string> names) => [.. names.Select(name => (JsonNode)name)];

    private static JsonNode Left(KeyValuePair<string, string> node) => new JsonObject { ["node"] = node.Key, ["reason"] = node.Value };
}
