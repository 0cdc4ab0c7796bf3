using System.Collections.Immutable;
using Octet.Quantization.Emission;
using Octet.Quantization.Measurement;
using Octet.Quantization.Methods;
using Octet.Quantization.Onnx;
using Octet.Quantization.Onnx.Protocol;

namespace Octet.Quantization.Search;

/// <summary>Nodes that are float or integer together: an integer node, with the clamp or bias that it absorbs.</summary>
/// <param name="Name">The integer node's name.</param>
/// <param name="Nodes">All names, its own the first.</param>
/// <param name="Requires">
/// Positions of the regions that have to be integer where this one is: a connecting node reads nothing that exists as float only. A value that a compute node reads too may
/// be quantized for both.
/// </param>
/// <param name="NeedsReader">The region that has to be integer where this one is, -1 for none: the only reader of a connecting node.</param>
public sealed record Region(string Name, ImmutableArray<string> Nodes, ImmutableArray<int> Requires, int NeedsReader = -1);

/// <summary>A value between regions, or between one and the part of the model that is always float.</summary>
/// <param name="Name">The value's name.</param>
/// <param name="Elements">Its number of elements; 0 where it is not known.</param>
/// <param name="Producer">The position of the region that computes it in 8 bits where it is integer; -1 for a value that is always float.</param>
/// <param name="Readers">Positions of the regions that read it in 8 bits where they are integer.</param>
/// <param name="ReadAsFloat">Whether it is read as float in any case: by a node that is in no region, or as an output.</param>
/// <param name="FloatNodes">Nodes in no region that compute or read it.</param>
public sealed record RegionValue(string Name, long Elements, int Producer, ImmutableArray<int> Readers, bool ReadAsFloat, ImmutableArray<string> FloatNodes)
{
    /// <summary>Whether it has to be quantized: an integer region reads what is computed as float. Once, however many do.</summary>
    public bool IsQuantized(IReadOnlyList<bool> integer) => !ProducedInteger(integer) && Readers.Any(reader => integer[reader]);

    /// <summary>Whether it has to be dequantized: float nodes read what an integer region computes. Once, however many do.</summary>
    public bool IsDequantized(IReadOnlyList<bool> integer) => ProducedInteger(integer) && (ReadAsFloat || Readers.Any(reader => !integer[reader]));

    private bool ProducedInteger(IReadOnlyList<bool> integer) => Producer >= 0 && integer[Producer];
}

/// <summary>
/// What a fully quantized plan leaves to choose: its nodes, grouped where they go together, and the values that are converted where float and
/// integer meet.
/// </summary>
/// <param name="Regions">The regions, in the model's order.</param>
/// <param name="Values">The values, in the order in which the regions name them.</param>
public sealed record RegionGraph(ImmutableArray<Region> Regions, ImmutableArray<RegionValue> Values)
{
    /// <summary>The graph of a recipe.</summary>
    /// <param name="recipe">The recipe with all that can be integer.</param>
    public static RegionGraph Of(StaticRecipe recipe)
    {
        (NodeProto Node, GraphIndex Index)[] nodes = [.. GraphIndex.Nodes(recipe.Prepared.Graph)];
        (NodeProto Node, GraphIndex Index)[] planned = [.. nodes.Where(pair => recipe.Plan.Contains(pair.Node.Name))];
        HashSet<string> quantized = new(recipe.Plan.Activations.Concat(recipe.Plan.SharedParameters.Keys), StringComparer.Ordinal);

        Dictionary<string, int> computedBy = new(StringComparer.Ordinal);
        Dictionary<string, int> producers = new(StringComparer.Ordinal);
        Dictionary<string, List<int>> readers = new(StringComparer.Ordinal);
        List<string> values = [];
        HashSet<string> inRegions = new(StringComparer.Ordinal);
        ImmutableArray<string>[] members = new ImmutableArray<string>[planned.Length];
        for (int i = 0; i < planned.Length; i++)
        {
            (NodeProto node, GraphIndex index) = planned[i];
            string result = StaticQuantization.QuantizedResult(node, index);
            members[i] = result == node.Output[0] ? [node.Name] : [node.Name, index.Producer(result)!.Name];
            inRegions.UnionWith(members[i]);
            computedBy[result] = i;
            // A product that gives floats is converted nowhere behind it.
            if (quantized.Contains(result) && !StaticQuantization.GivesFloat(node, index, quantized.Contains))
                producers[result] = i;
            foreach (string input in OperatorTraits.ActivationInputs(node, index).Distinct())
            {
                if (!readers.TryGetValue(input, out List<int>? list))
                    readers[input] = list = [];
                list.Add(i);
                values.Add(input);
            }
            values.Add(result);
        }

        Dictionary<string, List<string>> touching = new(StringComparer.Ordinal);
        HashSet<string> readAsFloat = new(recipe.Prepared.Graph.WithSubgraphs().SelectMany(graph => graph.Output).Select(output => output.Name), StringComparer.Ordinal);
        foreach ((NodeProto node, _) in nodes.Where(pair => !inRegions.Contains(pair.Node.Name)))
        {
            readAsFloat.UnionWith(node.Input);
            foreach (string value in node.Input.Concat(node.Output).Where(value => value.Length > 0).Distinct())
                (touching.TryGetValue(value, out List<string>? list) ? list : touching[value] = []).Add(node.Name);
        }

        ImmutableArray<RegionValue> all =
        [
            .. values.Distinct(StringComparer.Ordinal).Select(value => new RegionValue(
                value,
                Elements: 0,
                producers.GetValueOrDefault(value, -1),
                [.. readers.GetValueOrDefault(value) ?? []],
                readAsFloat.Contains(value),
                [.. touching.GetValueOrDefault(value) ?? []])),
        ];
        return new RegionGraph([.. planned.Select((pair, i) => Describe(pair.Node, pair.Index, i))], all);

        Region Describe(NodeProto node, GraphIndex index, int position)
        {
            if (recipe.Plan.ComputeNodes.Contains(node.Name))
                return new Region(node.Name, members[position], []);
            string result = StaticQuantization.QuantizedResult(node, index);
            int[] requires =
            [
                .. OperatorTraits.ActivationInputs(node, index).Where(computedBy.ContainsKey)
                    .Where(input => !readers[input].Exists(reader => recipe.Plan.ComputeNodes.Contains(planned[reader].Node.Name))).Select(input => computedBy[input]).Distinct(),
            ];
            return new Region(node.Name, members[position], [.. requires], readers.GetValueOrDefault(result) is [int only] ? only : -1);
        }
    }

    /// <summary>The graph with the values' numbers of elements, as far as profiles show them.</summary>
    public RegionGraph WithElements(params ReadOnlySpan<NodeProfile> profiles)
    {
        RegionValue[] values = [.. Values];
        foreach (NodeProfile profile in profiles)
            for (int i = 0; i < values.Length; i++)
                if (values[i].Elements == 0)
                    values[i] = values[i] with { Elements = profile.Elements.GetValueOrDefault(values[i].Name) };
        return this with { Values = [.. values] };
    }

    /// <summary>Chooses for each region float or integer so that the time, conversions included, is least. Where both are equal, float.</summary>
    /// <param name="costs">The time of everything.</param>
    /// <returns>For each region whether it is integer.</returns>
    /// <remarks>
    /// A minimum cut: a region on the source's side is integer. What is quantized or dequantized for several readers is paid once, by a node of
    /// its own that all of them pull along (V. Kolmogorov and R. Zabih 2004 on which energies cuts minimize).
    /// </remarks>
    public bool[] Solve(RegionCosts costs)
    {
        MinimumCut cut = new();
        int[] nodes = [.. Regions.Select(_ => cut.AddNode())];
        for (int i = 0; i < Regions.Length; i++)
        {
            cut.AddEdge(nodes[i], MinimumCut.Sink, Capacity(costs.Integer[i]));
            cut.AddEdge(MinimumCut.Source, nodes[i], Capacity(costs.Float[i]));
            foreach (int required in Regions[i].Requires)
                cut.AddEdge(nodes[i], nodes[required], MinimumCut.Unlimited);
            if (Regions[i].NeedsReader >= 0)
                cut.AddEdge(nodes[i], nodes[Regions[i].NeedsReader], MinimumCut.Unlimited);
        }
        for (int i = 0; i < Values.Length; i++)
        {
            RegionValue value = Values[i];
            int producer = value.Producer < 0 ? MinimumCut.Sink : nodes[value.Producer];
            if (!value.Readers.IsEmpty)
            {
                int quantized = cut.AddNode();
                cut.AddEdge(quantized, producer, Capacity(costs.QuantizeTime(i, value)));
                foreach (int reader in value.Readers)
                    cut.AddEdge(nodes[reader], quantized, MinimumCut.Unlimited);
            }
            if (value.Producer >= 0)
            {
                int kept = value.ReadAsFloat ? MinimumCut.Sink : cut.AddNode();
                cut.AddEdge(producer, kept, Capacity(costs.DequantizeTime(i, value)));
                if (!value.ReadAsFloat)
                    foreach (int reader in value.Readers)
                        cut.AddEdge(kept, nodes[reader], MinimumCut.Unlimited);
            }
        }
        bool[] source = cut.Solve();
        return [.. nodes.Select(node => source[node])];
    }

    /// <summary>The time of a choice, microseconds, without what is float in any case.</summary>
    /// <param name="costs">The time of everything.</param>
    /// <param name="integer">For each region whether it is integer.</param>
    public double Time(RegionCosts costs, IReadOnlyList<bool> integer)
    {
        double sum = 0;
        for (int i = 0; i < Regions.Length; i++)
            sum += integer[i] ? costs.Integer[i] : costs.Float[i];
        return sum + ConversionTime(costs, integer);
    }

    /// <summary>The time of a choice's conversions, microseconds.</summary>
    public double ConversionTime(RegionCosts costs, IReadOnlyList<bool> integer)
    {
        double sum = 0;
        for (int i = 0; i < Values.Length; i++)
        {
            if (Values[i].IsQuantized(integer))
                sum += costs.QuantizeTime(i, Values[i]);
            if (Values[i].IsDequantized(integer))
                sum += costs.DequantizeTime(i, Values[i]);
        }
        return sum;
    }

    /// <summary>Regions that hang together by values and are chosen alike, each group in the model's order.</summary>
    public ImmutableArray<ImmutableArray<int>> Components(IReadOnlyList<bool> integer)
    {
        int[] root = [.. Enumerable.Range(0, Regions.Length)];
        foreach (RegionValue value in Values)
        {
            int[] ends = [.. value.Producer < 0 ? value.Readers : value.Readers.Prepend(value.Producer)];
            foreach (IGrouping<bool, int> alike in ends.GroupBy(end => integer[end]))
                foreach (int end in alike.Skip(1))
                    root[Find(end)] = Find(alike.First());
        }
        return [.. Enumerable.Range(0, Regions.Length).GroupBy(Find).Select(group => group.ToImmutableArray())];

        int Find(int region)
        {
            while (root[region] != region)
                region = root[region] = root[root[region]];
            return region;
        }
    }

    // Nanoseconds, so that capacities are whole and the cut is exact.
    private static long Capacity(double microseconds) => (long)Math.Round(microseconds * 1000);
}
