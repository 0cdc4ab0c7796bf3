using System.Collections.Immutable;
using Octet.Quantization.Calibration;
using Octet.Quantization.Emission;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Quantization.Reporting;
using Octet.Runtime;

namespace Octet.Quantization.Measurement;

/// <summary>How much noise has gathered at each compute node of a static variant, against the same value in the float model.</summary>
public static class LayerErrors
{
    /// <summary>Compares the two models value by value.</summary>
    /// <param name="prepared">The float model that the variant was made from.</param>
    /// <param name="emitted">The variant.</param>
    /// <param name="plan">What it quantized.</param>
    /// <param name="samples">Inputs; a handful is enough for a ranking.</param>
    /// <param name="scratch">A folder for the two models with their inner values as outputs.</param>
    /// <returns>One entry a compute node, the worst ratio first; nodes that stayed float come last, unmeasured.</returns>
    public static ImmutableArray<LayerReport> Measure(
        ModelProto prepared, EmittedModel emitted, QuantizationPlan plan, IReadOnlyList<ImmutableArray<NamedTensor>> samples, string scratch)
    {
        (NodeProto Node, GraphIndex Index)[] compute = [.. GraphIndex.Nodes(prepared.Graph).Where(pair => OperatorTraits.IsCompute(pair.Node))];
        (NodeProto Node, string Value, string Carrier)[] observed =
        [
            .. compute.Where(pair => plan.ComputeNodes.Contains(pair.Node.Name))
                .Select(pair => (pair.Node, Value: StaticQuantization.QuantizedResult(pair.Node, pair.Index)))
                .Where(pair => emitted.Dequantized.ContainsKey(pair.Value))
                .Select(pair => (pair.Node, pair.Value, emitted.Dequantized[pair.Value])),
        ];

        Dictionary<string, double> ratios = new(StringComparer.Ordinal);
        if (observed.Length > 0 && samples.Count > 0)
        {
            AccuracyMeter?[] meters = new AccuracyMeter?[observed.Length];
            using ModelSession reference = Open(prepared, [.. observed.Select(layer => layer.Value)], scratch);
            using ModelSession actual = Open(emitted.Model, [.. observed.Select(layer => layer.Carrier)], scratch);
            foreach (ImmutableArray<NamedTensor> inputs in samples)
            {
                ImmutableArray<NamedTensor> expected = reference.Run(inputs);
                ImmutableArray<NamedTensor> got = actual.Run(inputs);
                for (int layer = 0; layer < observed.Length; layer++)
                    // A branch that was not taken gives nothing, and one that only one of the two models took gives nothing to compare.
                    if (expected[layer].Count > 0 && expected[layer].Count == got[layer].Count)
                        (meters[layer] ??= new AccuracyMeter(labelled: false)).Add([expected[layer]], [got[layer]], []);
            }
            for (int layer = 0; layer < observed.Length; layer++)
                if (meters[layer] is { } meter)
                    ratios[observed[layer].Node.Name] = meter.SqnrDb;
        }

        return
        [
            .. compute
                .Select(pair => pair.Node)
                .Select(node => new LayerReport(node.Name, node.OpType, ratios.TryGetValue(node.Name, out double ratio) ? ratio : null, null, null, plan.ComputeNodes.Contains(node.Name)))
                .OrderBy(layer => layer.SqnrDb ?? double.PositiveInfinity),
        ];
    }

    /// <summary>Adds to each layer what it takes in the float model and in the variant.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="prepared">The float model that the variant was made from; its values tell fused nodes apart.</param>
    /// <param name="reference">Times of the float model as it came.</param>
    /// <param name="variant">Times of the variant.</param>
    public static ImmutableArray<LayerReport> WithTimes(ImmutableArray<LayerReport> layers, ModelProto prepared, NodeTimes reference, NodeTimes variant)
    {
        Dictionary<string, (NodeProto Node, GraphIndex Index)> nodes = GraphIndex.Nodes(prepared.Graph).ToDictionary(pair => pair.Node.Name, StringComparer.Ordinal);
        return [.. layers.Select(layer =>
        {
            (NodeProto node, GraphIndex index) = nodes[layer.Node];
            string[] results = [node.Output[0], StaticQuantization.QuantizedResult(node, index)];
            return layer with { FloatMicroseconds = reference.Of(layer.Node, results), VariantMicroseconds = variant.Of(layer.Node, results) };
        })];
    }

    private static ModelSession Open(ModelProto model, IReadOnlyList<string> outputs, string scratch)
    {
        ModelProto observed = ObservedValues.Expose(model, outputs).Model;
        string path = Path.Combine(scratch, $"layers-{Guid.NewGuid():N}.onnx");
        OnnxFile.Write(observed, path);
        try
        {
            return new ModelSession(path, threads: 0);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
