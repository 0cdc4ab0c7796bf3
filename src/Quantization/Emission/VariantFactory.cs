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
    private readonly Func<QuantizationPlan, (ImmutableDictionary<string, ActivationRange> Ranges, int Samples)> _calibrate;
    private QuantizationPlan? _plan;
    private ImmutableDictionary<string, ActivationRange> _ranges = ImmutableDictionary<string, ActivationRange>.Empty;
    private int _samples;

    /// <summary>Creates the factory.</summary>
    /// <param name="prepared">The prepared float model.</param>
    /// <param name="exclude">Nodes and operators that stay float.</param>
    /// <param name="calibrate">Collects a range for each of a plan's activations; called once, when the first static variant is made.</param>
    public VariantFactory(ModelProto prepared, ImmutableArray<NodePattern> exclude, Func<QuantizationPlan, (ImmutableDictionary<string, ActivationRange> Ranges, int Samples)> calibrate)
    {
        _prepared = prepared;
        _exclude = exclude;
        _calibrate = calibrate;
    }

    /// <summary>Makes a variant.</summary>
    /// <exception cref="InvalidDataException">The model gives nothing to make it from; the message says what is missing.</exception>
    public VariantBuild Make(string variant)
    {
        if (variant == Variants.FloatOptimized)
            return new VariantBuild(variant, _prepared, Recipe(variant, "preparation"));

        QuantizationPlan plan = Calibrated();
        EmittedModel emitted = QdqEmitter.Emit(_prepared, plan, _ranges, Variants.WeightLimit(variant));
        JsonObject recipe = Recipe(variant, "static");
        recipe["activations"] = "uint8 per tensor";
        recipe["weights"] = variant == Variants.Int8Portable ? "int7 per channel" : "int8 per channel";
        recipe["calibration"] = "minmax";
        recipe["samples"] = _samples;
        recipe["float"] = new JsonArray([.. plan.FloatReasons.Select(reason => (JsonNode)new JsonObject { ["node"] = reason.Key, ["reason"] = reason.Value })]);
        return new VariantBuild(variant, emitted.Model, recipe, emitted, plan);
    }

    private QuantizationPlan Calibrated()
    {
        if (_plan is not null)
            return _plan;

        QuantizationPlan plan = StaticQuantization.Plan(_prepared, _exclude);
        if (plan.ComputeNodes.IsEmpty)
            throw new InvalidDataException(plan.FloatReasons.IsEmpty
                ? "it has no Conv, Gemm or MatMul"
                : $"of its {plan.FloatReasons.Count} compute nodes none can be integer, {plan.FloatReasons.First().Key} because {plan.FloatReasons.First().Value}");
        (_ranges, _samples) = _calibrate(plan);
        if (plan.Activations.FirstOrDefault(activation => !_ranges[activation].IsUsable) is { } broken)
            throw new InvalidDataException($"the value '{broken}' of the float model is infinite or not a number on the calibration data");
        return _plan = plan;
    }

    private JsonObject Recipe(string variant, string method) => new()
    {
        ["variant"] = variant,
        ["method"] = method,
        ["passes"] = new JsonArray([.. PreparationPipeline.Passes.Select(pass => (JsonNode)pass.Name)]),
        ["exclude"] = new JsonArray([.. _exclude.Select(pattern => (JsonNode)pattern.Pattern)]),
    };
}
