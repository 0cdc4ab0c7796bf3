using System.Collections.Immutable;
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
        GraphIndex index = new(prepared.Graph);
        NodeProto[] compute = [.. prepared.Graph.Node.Where(OperatorTraits.IsCompute)];
        (NodeProto Node, string Value, string Carrier)[] observed =
        [
            .. compute.Where(node => plan.ComputeNodes.Contains(node.Name))
                .Select(node => (node, Value: StaticQuantization.QuantizedResult(node, index)))
                .Where(pair => emitted.Dequantized.ContainsKey(pair.Value))
                .Select(pair => (pair.node, pair.Value, emitted.Dequantized[pair.Value])),
        ];

        Dictionary<string, double> ratios = new(StringComparer.Ordinal);
        if (observed.Length > 0 && samples.Count > 0)
        {
            AccuracyMeter[] meters = [.. observed.Select(_ => new AccuracyMeter(labelled: false))];
            using ModelSession reference = Open(prepared, [.. observed.Select(layer => layer.Value)], scratch);
            using ModelSession actual = Open(emitted.Model, [.. observed.Select(layer => layer.Carrier)], scratch);
            foreach (ImmutableArray<NamedTensor> inputs in samples)
            {
                ImmutableArray<NamedTensor> expected = reference.Run(inputs);
                ImmutableArray<NamedTensor> got = actual.Run(inputs);
                for (int layer = 0; layer < observed.Length; layer++)
                    meters[layer].Add([expected[layer]], [got[layer]], []);
            }
            for (int layer = 0; layer < observed.Length; layer++)
                ratios[observed[layer].Node.Name] = meters[layer].SqnrDb;
        }

        return
        [
            .. compute
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
        GraphIndex index = new(prepared.Graph);
        Dictionary<string, NodeProto> nodes = prepared.Graph.Node.ToDictionary(node => node.Name, StringComparer.Ordinal);
        return [.. layers.Select(layer =>
        {
            string[] results = [nodes[layer.Node].Output[0], StaticQuantization.QuantizedResult(nodes[layer.Node], index)];
            return layer with { FloatMicroseconds = reference.Of(layer.Node, results), VariantMicroseconds = variant.Of(layer.Node, results) };
        })];
    }

    private static ModelSession Open(ModelProto model, IReadOnlyList<string> outputs, string scratch)
    {
        ModelProto observed = model.Clone();
        observed.Graph.Output.Clear();
        observed.Graph.Output.AddRange(outputs.Select(output => new ValueInfoProto { Name = output }));
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
