using System.Collections.Immutable;
using Octet.Quantization.Measurement;

namespace Octet.Quantization.Search;

/// <summary>A time that grows with the number of elements.</summary>
/// <param name="Microseconds">What a value of no elements costs, µs.</param>
/// <param name="MicrosecondsPerElement">What each element adds, µs.</param>
public readonly record struct LinearTime(double Microseconds, double MicrosecondsPerElement)
{
    /// <summary>The time for so many elements, µs.</summary>
    public double Of(long elements) => Microseconds + MicrosecondsPerElement * elements;

    /// <summary>The line through what was seen with the least squared error; neither of its figures is negative.</summary>
    public static LinearTime Fit(IReadOnlyList<(long Elements, double Microseconds)> seen)
    {
        if (seen.Count == 0)
            return default;
        double meanElements = seen.Average(point => (double)point.Elements);
        double meanTime = seen.Average(point => point.Microseconds);
        double spread = seen.Sum(point => (point.Elements - meanElements) * (point.Elements - meanElements));
        double slope = spread > 0 ? Math.Max(0, seen.Sum(point => (point.Elements - meanElements) * (point.Microseconds - meanTime)) / spread) : 0;
        double intercept = meanTime - slope * meanElements;
        if (intercept >= 0)
            return new LinearTime(intercept, slope);
        // Through the origin.
        return new LinearTime(0, seen.Sum(point => point.Elements * point.Microseconds) / seen.Sum(point => (double)point.Elements * point.Elements));
    }
}

/// <summary>
/// What each region takes as float and as integer, and each value to convert, as far as it is known; a conversion never seen takes what those of
/// other sizes suggest. Microseconds, in the measure of one run of the float model.
/// </summary>
/// <param name="Total">The float model's time.</param>
/// <param name="Rest">The part of it outside the regions.</param>
/// <param name="Float">By region.</param>
/// <param name="Integer">By region.</param>
/// <param name="Quantize">By value; null where it was never seen.</param>
/// <param name="Dequantize">By value; null where it was never seen.</param>
public sealed record RegionCosts(
    double Total, double Rest, ImmutableArray<double> Float, ImmutableArray<double> Integer, ImmutableArray<double?> Quantize, ImmutableArray<double?> Dequantize)
{
    /// <summary>What a quantization that was never seen takes.</summary>
    public LinearTime QuantizeFit { get; init; }

    /// <summary>What a conversion back that was never seen takes.</summary>
    public LinearTime DequantizeFit { get; init; }

    /// <summary>What a value takes to be quantized.</summary>
    /// <param name="position">Its position in the graph.</param>
    /// <param name="value">The value.</param>
    public double QuantizeTime(int position, RegionValue value) => Quantize[position] ?? QuantizeFit.Of(value.Elements);

    /// <summary>What a value takes to be dequantized.</summary>
    /// <param name="position">Its position in the graph.</param>
    /// <param name="value">The value.</param>
    public double DequantizeTime(int position, RegionValue value) => Dequantize[position] ?? DequantizeFit.Of(value.Elements);

    /// <summary>The speed-up over the float model that is to be expected of a choice.</summary>
    /// <param name="graph">The regions.</param>
    /// <param name="integer">For each region whether it is integer.</param>
    public double SpeedUp(RegionGraph graph, IReadOnlyList<bool> integer) => Total / Math.Max(Rest + graph.Time(this, integer), double.Epsilon);

    /// <summary>What the profiles of the float model and of the variant with everything integer tell.</summary>
    /// <param name="graph">The regions.</param>
    /// <param name="reference">The float model's profile.</param>
    /// <param name="full">The variant's, in the same measure.</param>
    public static RegionCosts Of(RegionGraph graph, NodeProfile reference, NodeProfile full)
    {
        ImmutableArray<double> times = [.. graph.Regions.Select(region => TimeOf(region, reference))];
        ImmutableArray<double?> unseen = [.. graph.Values.Select(_ => (double?)null)];
        RegionCosts costs = new(reference.Total, reference.Total - times.Sum(), times, [.. graph.Regions.Select(region => TimeOf(region, full))], unseen, unseen);
        return costs.Learn(graph, [.. times.Select(_ => true)], reference, full);
    }

    /// <summary>
    /// Takes over what a variant's profile shows. What a node takes longer beside a conversion than without one (a kernel for another layout, a
    /// fusion that does not happen) is the conversion's doing, and is counted there.
    /// </summary>
    /// <param name="graph">The regions.</param>
    /// <param name="integer">For each region whether it was integer in the variant.</param>
    /// <param name="reference">The float model's profile.</param>
    /// <param name="variant">The variant's, in the same measure.</param>
    public RegionCosts Learn(RegionGraph graph, IReadOnlyList<bool> integer, NodeProfile reference, NodeProfile variant)
    {
        List<int>[] beside = [.. graph.Regions.Select(_ => new List<int>())];
        Dictionary<string, List<int>> besideFloat = new(StringComparer.Ordinal);
        for (int i = 0; i < graph.Values.Length; i++)
        {
            RegionValue value = graph.Values[i];
            if (!value.IsQuantized(integer) && !value.IsDequantized(integer))
                continue;
            foreach (int region in value.Producer < 0 ? value.Readers : value.Readers.Add(value.Producer))
                beside[region].Add(i);
            foreach (string node in value.FloatNodes)
                (besideFloat.TryGetValue(node, out List<int>? values) ? values : besideFloat[node] = []).Add(i);
        }

        double[] extra = new double[graph.Values.Length];
        foreach ((string node, List<int> values) in besideFloat)
            Share(variant.Nodes.GetValueOrDefault(node) - reference.Nodes.GetValueOrDefault(node), values);
        double[] asFloat = [.. Float];
        double[] asInteger = [.. Integer];
        for (int i = 0; i < graph.Regions.Length; i++)
        {
            double[] known = integer[i] ? asInteger : asFloat;
            double seen = TimeOf(graph.Regions[i], variant);
            if (beside[i].Count == 0)
                known[i] = Blend(known[i], seen);
            else
                Share(seen - known[i], beside[i]);
        }
        return (this with
        {
            Float = [.. asFloat],
            Integer = [.. asInteger],
            Quantize = [.. graph.Values.Select((value, i) => value.IsQuantized(integer) ? Blend(Quantize[i], Math.Max(0, variant.Quantize.GetValueOrDefault(value.Name) + extra[i])) : Quantize[i])],
            Dequantize = [.. graph.Values.Select((value, i) => value.IsDequantized(integer) ? Blend(Dequantize[i], Math.Max(0, variant.Dequantize.GetValueOrDefault(value.Name) + extra[i])) : Dequantize[i])],
        }).Fitted(graph);

        void Share(double more, List<int> values)
        {
            foreach (int value in values)
                extra[value] += more / values.Count;
        }
    }

    /// <summary>The same with lines fitted to the conversions that were seen.</summary>
    /// <param name="graph">The regions.</param>
    public RegionCosts Fitted(RegionGraph graph) => this with { QuantizeFit = Fit(graph, Quantize, Dequantize), DequantizeFit = Fit(graph, Dequantize, Quantize) };

    // Where one direction was never seen, the other is the best guess.
    private static LinearTime Fit(RegionGraph graph, ImmutableArray<double?> seen, ImmutableArray<double?> other)
    {
        (long, double)[] points = Points(graph, seen);
        return LinearTime.Fit(points.Length > 0 ? points : Points(graph, other));
    }

    private static (long, double)[] Points(RegionGraph graph, ImmutableArray<double?> seen) =>
        [.. graph.Values.Zip(seen).Where(pair => pair.Second is not null && pair.First.Elements > 0).Select(pair => (pair.First.Elements, pair.Second!.Value))];

    private static double TimeOf(Region region, NodeProfile profile) => region.Nodes.Sum(node => profile.Nodes.GetValueOrDefault(node));

    // One disturbed measurement shall not undo all before it.
    private static double Blend(double? known, double seen) => known is { } old ? (old + seen) / 2 : seen;
}
