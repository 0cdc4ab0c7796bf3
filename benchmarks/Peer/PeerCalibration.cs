using System.Collections.Immutable;
using System.Numerics.Tensors;
using Octet.Quantization.Calibration;
using Octet.Quantization.Measurement;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;
using Octet.Runtime;

namespace Octet.Benchmarks.Peer;

/// <summary>The calibrators of ONNX Runtime's Python tool (onnxruntime/python/tools/quantization/calibrate.py), with their defaults.</summary>
/// <remarks>
/// Its entropy calibrator searches thresholds from half of its quantized bins (128 / 2) to half of its bins (128 / 2): one candidate, the whole
/// range, cut to the smallest and the largest value. At the defaults it is min-max.
/// </remarks>
internal static class PeerCalibration
{
    public const string MinMax = "minmax = entropy";
    public const string Percentile = "percentile";

    private const int PercentileBins = 2048;
    private const double OneSide = (100 - 99.999) / 200;

    /// <summary>The range of every float value that a node computes, and of the inputs, by method.</summary>
    public static Dictionary<string, Dictionary<string, ActivationRange>> Collect(ModelProto preprocessed, IReadOnlyList<ImmutableArray<NamedTensor>> samples, string scratch)
    {
        ModelProto observed = preprocessed.Clone();
        HashSet<string> outputs = [.. observed.Graph.Output.Select(output => output.Name)];
        observed.Graph.Output.AddRange(observed.Graph.Node.SelectMany(node => node.Output).Where(output => output.Length > 0 && outputs.Add(output)).Select(output => new ValueInfoProto { Name = output }));
        string path = Path.Combine(scratch, "peer-observed.onnx");
        OnnxFile.Write(observed, path);
        using ModelSession session = new(path, threads: 0);

        // Two passes instead of keeping every activation of every sample: the histogram spans the largest magnitude of all.
        Dictionary<string, ActivationRange> seen = [];
        foreach ((string name, float[] values) in samples.SelectMany(sample => Run(session, sample)))
            if (values.Length > 0)
                seen[name] = seen.GetValueOrDefault(name, ActivationRange.Empty).Union(new ActivationRange(TensorPrimitives.Min<float>(values), TensorPrimitives.Max<float>(values)));
        Dictionary<string, long[]> counts = seen.ToDictionary(entry => entry.Key, _ => new long[PercentileBins]);
        foreach ((string name, float[] values) in samples.SelectMany(sample => Run(session, sample)))
        {
            if (!counts.TryGetValue(name, out long[]? bins))
                continue;
            double magnitude = seen[name].Magnitude, binsPerUnit = magnitude == 0 ? 0 : PercentileBins / (2 * magnitude);
            foreach (float value in values)
                bins[Math.Min(PercentileBins - 1, (int)((value + magnitude) * binsPerUnit))]++;
        }
        return new Dictionary<string, Dictionary<string, ActivationRange>>
        {
            [MinMax] = seen,
            [Percentile] = seen.ToDictionary(entry => entry.Key, entry => PercentileRange(counts[entry.Key], entry.Value)),
        };
    }

    private static ActivationRange PercentileRange(long[] counts, ActivationRange seen)
    {
        double total = counts.Sum();
        double magnitude = seen.Magnitude;
        // numpy.searchsorted of the cumulated shares: the first bin that reaches the share gives its lower edge.
        float Edge(double share)
        {
            double cumulated = 0;
            int bin = 0;
            while (bin < counts.Length && (cumulated += counts[bin] / total) < share)
                bin++;
            return (float)(-magnitude + 2 * magnitude * bin / counts.Length);
        }
        return new ActivationRange(MathF.Max(Edge(OneSide), seen.Min), MathF.Min(Edge(1 - OneSide), seen.Max));
    }

    private static IEnumerable<(string, float[])> Run(ModelSession session, ImmutableArray<NamedTensor> sample) =>
        session.Run(sample).Concat(sample).Where(tensor => tensor.Data is float[]).Select(tensor => (tensor.Name, (float[])tensor.Data));
}
