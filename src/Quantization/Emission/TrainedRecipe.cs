using System.Collections.Immutable;
using Octet.Quantization.Calibration;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Preparation;

namespace Octet.Quantization.Emission;

/// <summary>
/// Makes a static recipe of trained scales, zero points and weights. A layer that training left float stays float; a value that it gave no range,
/// though an integer kernel needs one, takes that of a neighbour with the same values, and else a calibrated one.
/// </summary>
public static class TrainedRecipe
{
    /// <summary>The method that reports name.</summary>
    public const string Method = "trained";

    /// <summary>Makes the recipe.</summary>
    /// <param name="prepared">The prepared float model.</param>
    /// <param name="trained">What the model came with, by names that it had before preparation.</param>
    /// <param name="exclude">Nodes and operators that stay float.</param>
    /// <param name="form">How the integer parts are written.</param>
    /// <param name="calibrate">Finds ranges for values; null where there is no data, so that what needs them stays float.</param>
    /// <exception cref="InvalidDataException">Nothing of what was trained can be integer; the message says why.</exception>
    public static StaticRecipe Make(
        ModelProto prepared, TrainedQuantization trained, ImmutableArray<NodePattern> exclude, IntegerForm form, Func<ImmutableArray<string>, CalibratedRanges>? calibrate)
    {
        ImmutableDictionary<string, QuantizedWeights> weights = WeightsOf(prepared, trained);
        QuantizationPlan full = StaticQuantization.Plan(prepared, exclude, operators: form.Operators);
        ImmutableSortedDictionary<string, string> left = full.FloatReasons.Clear().AddRange(GraphIndex.Nodes(prepared.Graph)
            .Where(pair => full.ComputeNodes.Contains(pair.Node.Name) && !weights.ContainsKey(pair.Node.Input[1]))
            .Select(pair => KeyValuePair.Create(pair.Node.Name, "its weights were trained as floats, or with scales that no integer kernel takes")));
        QuantizationPlan plan = VariantFactory.NotEmpty(StaticQuantization.Plan(prepared, exclude, left, form.Operators));

        ImmutableDictionary<string, ActivationRange> ranges = RangesOf(prepared, plan, trained.Activations);
        ImmutableArray<string> missing = [.. plan.Observed.Where(value => !ranges.ContainsKey(value))];
        CalibratedRanges? calibrated = missing.IsEmpty ? null : calibrate?.Invoke(missing);
        if (calibrated is not null)
            ranges = ranges.AddRange(calibrated.Ranges.Where(range => range.Value.IsUsable));
        QuantizationPlan reached = VariantFactory.NotEmpty(StaticQuantization.Trained(prepared, plan, ranges));
        string method = calibrated is null ? Method : $"{Method}; {calibrated.Method} for {calibrated.Ranges.Count} of {plan.Observed.Length} values";
        return new StaticRecipe(prepared, reached, new CalibratedRanges(method, calibrated?.Samples ?? 0, ranges))
        {
            TrainedWeights = weights,
            Exclude = exclude,
            Form = form,
            LeftFloat = left.SetItems(reached.FloatReasons.Where(reason => !plan.FloatReasons.ContainsKey(reason.Key))),
        };
    }

    private static ImmutableDictionary<string, QuantizedWeights> WeightsOf(ModelProto prepared, TrainedQuantization trained)
    {
        ImmutableDictionary<string, QuantizedWeights>.Builder weights = ImmutableDictionary.CreateBuilder<string, QuantizedWeights>(StringComparer.Ordinal);
        foreach ((NodeProto node, GraphIndex index) in GraphIndex.Nodes(prepared.Graph))
        {
            if (!OperatorTraits.IsCompute(node) || OperatorTraits.ReasonNotStatic(node, index) is not null || !trained.Weights.TryGetValue(node.Input[1], out TrainedWeights? integers))
                continue;
            TensorProto floats = index.Initializer(node.Input[1])!;
            if (QuantizedWeights.OfTrained(integers, floats.AsFloats(), floats.Dims, OperatorTraits.ChannelAxis(node)) is { } found)
                weights[floats.Name] = found;
        }
        return weights.ToImmutable();
    }

    /// <summary>
    /// The ranges that the plan's values were trained with, themselves or through a node whose result has the same values: rounding before it or behind it
    /// gives the same then.
    /// </summary>
    private static ImmutableDictionary<string, ActivationRange> RangesOf(ModelProto prepared, QuantizationPlan plan, ImmutableDictionary<string, TrainedActivation> trained)
    {
        Dictionary<string, TrainedActivation> known = new(trained, StringComparer.Ordinal);
        (NodeProto Node, GraphIndex Index)[] nodes = [.. GraphIndex.Nodes(prepared.Graph)];
        // Forward: what only moves or picks values, or clamps them at 0, stays on their grid.
        foreach ((NodeProto node, GraphIndex index) in nodes)
        {
            if (node.Input.Count == 0 || node.Output.Count == 0 || !known.TryGetValue(node.Input[0], out TrainedActivation input))
                continue;
            if (OperatorTraits.KeepsValues(node))
                known.TryAdd(node.Output[0], input);
            else if (OperatorTraits.IsAbsorbed(node, index))
                known.TryAdd(node.Output[0], input with { ZeroPoint = 0 });
        }
        // Backward: rounded behind such a node, or behind a Concat, is rounded before it.
        foreach ((NodeProto node, GraphIndex index) in Enumerable.Reverse(nodes))
            if (node.Output.Count > 0 && known.TryGetValue(node.Output[0], out TrainedActivation result) && (OperatorTraits.KeepsValues(node) || node.Is("Concat")))
                foreach (string input in OperatorTraits.ActivationInputs(node, index))
                    known.TryAdd(input, result);
        return plan.Observed.Where(known.ContainsKey).ToImmutableDictionary(value => value, value => ActivationRange.Of(known[value].Scale, known[value].ZeroPoint), StringComparer.Ordinal);
    }
}
